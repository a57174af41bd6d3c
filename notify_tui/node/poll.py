"""Poll: which sockets have something to say. A turn costs what happened, not how many there are.

A ZeroMQ socket's descriptor only tells that its events may have changed, once; whatever
touches the socket may take that word away. So each source that was touched is asked again
before the thread sleeps, and no other.
"""

import selectors
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, cast

import zmq


class Descriptor(Protocol):
    """A file, pipe or mailbox."""

    def fileno(self) -> int:
        """The descriptor that becomes readable."""


MESSAGES = 512
"""What one source may hand over in one turn."""
_EVENTS: Final = zmq.EVENTS
_IN: Final = int(zmq.POLLIN)


class Source:
    """A socket or descriptor; `receive` takes one message, or all letters, and never waits."""

    __slots__ = ("descriptor", "receive", "socket", "watched")

    def __init__(
        self, socket: zmq.SyncSocket | None, descriptor: int, receive: Callable[[], None]
    ) -> None:
        self.socket = socket
        self.descriptor = descriptor
        self.receive = receive
        self.watched = False

    def speaks(self) -> bool:
        """Whether there is something to receive."""
        if self.socket is None:
            return True
        return bool(cast("int", self.socket.get(_EVENTS)) & _IN)


class Poll:
    """The sources of one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._touched: set[Source] = set()

    def add(self, socket: zmq.SyncSocket, receive: Callable[[], None]) -> Source:
        """Watch a ZeroMQ socket."""
        source = Source(socket, cast("int", socket.get(zmq.FD)), receive)
        self.resume(source)
        return source

    def add_plain(self, descriptor: Descriptor, receive: Callable[[], None]) -> Source:
        """Watch a descriptor."""
        source = Source(None, descriptor.fileno(), receive)
        self.resume(source)
        return source

    def resume(self, source: Source) -> None:
        """Watch it (again)."""
        if not source.watched:
            self._selector.register(source.descriptor, selectors.EVENT_READ, source)
            source.watched = True
            self.touch(source)

    def pause(self, source: Source) -> None:
        """Do not watch it, for a while or because its socket will be closed."""
        if source.watched:
            self._selector.unregister(source.descriptor)
            source.watched = False
            self._touched.discard(source)

    def touch(self, source: Source) -> None:
        """Something was sent over its socket, or the socket was changed."""
        if source.watched and source.socket:
            self._touched.add(source)

    def wait(self, seconds: float | None) -> list[Source]:
        """The sources that speak, after at most so many seconds (None: as long as it takes).

        Each is to be drained before the next `wait`, which hears of it only if more comes.
        """
        ready = [source for source in self._touched if source.speaks()]
        self._touched.clear()
        for key, _ in self._selector.select(0 if ready else seconds):
            source: Source = key.data
            if source not in ready and source.speaks():
                ready.append(source)
        return ready

    def drain(self, source: Source) -> None:
        """Have a source that speaks hand over what it has, within `MESSAGES`."""
        if source.socket is None:
            source.receive()
            return
        with suppress(zmq.Again):
            for _ in range(MESSAGES):
                source.receive()
                if not source.speaks():
                    return
        self._touched.add(source)

    def close(self) -> None:
        """Give the selector's descriptor back."""
        self._selector.close()
