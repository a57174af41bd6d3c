"""Poll: which sockets have something to say. A turn costs what happened, not how many there are.

A ZeroMQ socket's descriptor only tells that its events may have changed, once; whatever
touches the socket may take that word away. So each source that was touched is asked again
before the thread sleeps, and no other.
"""

import selectors
from collections.abc import Callable
from typing import Protocol, cast

import zmq


class Descriptor(Protocol):
    """A file, pipe or mailbox."""

    def fileno(self) -> int:
        """The descriptor that becomes readable."""


class Source:
    """A socket or descriptor; `drain` takes what is there, up to a limit, and never waits."""

    __slots__ = ("descriptor", "drain", "socket", "watched")

    def __init__(
        self, socket: zmq.SyncSocket | None, descriptor: int, drain: Callable[[], None]
    ) -> None:
        self.socket = socket
        self.descriptor = descriptor
        self.drain = drain
        self.watched = False

    def speaks(self) -> bool:
        """Whether there is something to drain."""
        if self.socket is None:
            return True
        return bool(cast("int", self.socket.get(zmq.EVENTS)) & zmq.POLLIN)


class Poll:
    """The sources of one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._touched: set[Source] = set()

    def add(self, socket: zmq.SyncSocket, drain: Callable[[], None]) -> Source:
        """Watch a ZeroMQ socket."""
        source = Source(socket, cast("int", socket.get(zmq.FD)), drain)
        self.resume(source)
        return source

    def add_plain(self, descriptor: Descriptor, drain: Callable[[], None]) -> Source:
        """Watch a descriptor."""
        source = Source(None, descriptor.fileno(), drain)
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
        """The sources that speak, after at most so many seconds (None: as long as it takes)."""
        ready = [source for source in self._touched if source.speaks()]
        self._touched.clear()
        for key, _ in self._selector.select(0 if ready else seconds):
            source: Source = key.data
            if source not in ready and source.speaks():
                ready.append(source)
        self._touched.update(source for source in ready if source.socket)
        return ready

    def close(self) -> None:
        """Give the selector's descriptor back."""
        self._selector.close()
