"""Seat: a client's place at a node, in another process or in this one; it may move."""

import os
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import zmq
from msgspec import Struct

from notify_tui.client.channel import Channel, EndedError, expected
from notify_tui.errors import NotifyError, UnknownError
from notify_tui.node import lock
from notify_tui.node.ready import INPROC, OWNER
from notify_tui.protocol.control import VERSION, Attach, Attached

if TYPE_CHECKING:
    from notify_tui.config import Effective
    from notify_tui.log.reader import LogReader
    from notify_tui.node.runtime import Node

ATTACH_PATIENCE = 10.0
"""Seconds during which nodes may come and go until one stays."""


class Become(Struct, frozen=True):
    """What a client may turn into when no node runs.

    A `transient` node is no peer of standing: it joins and leaves without a word.
    """

    transient: bool = False


class Seat:
    """Made, it is attached. `info` is what the node said of itself; `node` is it, if it runs
    here."""

    info: Attached

    def __init__(self, effective: "Effective", label: str, become: Become | None) -> None:
        self._effective = effective
        self._name = effective.config.network
        self._lock = effective.paths.lock(self._name)
        self._label = label
        self._become = become
        self._context: zmq.Context[zmq.SyncSocket] | None = None
        self._channel: Channel
        self._awaiting: int | None = None
        self.node: Node | None = None
        try:
            self._join()
        except BaseException:
            self._end()
            raise

    @property
    def is_node(self) -> bool:
        """Whether the node runs in this process, for this client."""
        return self.node is not None

    @cached_property
    def reader(self) -> "LogReader":
        """The log, for reading."""
        from notify_tui.log.reader import LogReader

        return LogReader(self._effective.paths.log(self._name))

    def go_along(self, network: str) -> int | None:
        """After a MovedError: go on on that network. The time (ns) at which its node began.

        A node that runs here moves first; if it cannot, it stays with this client, whose
        subscriptions go on, and this is None. A client that was told its network explicitly
        stays on that, which has another node then.

        Raises:
            NotifyError: there is no node any more, and none can be started.
        """
        if self.node is None:
            self._channel.close()
            self._settle(network)
            self._join()
        elif not self._move(self.node, network):
            return None
        held = lock.read(self._lock)
        return held.started if held else time.time_ns()

    def _end(self) -> None:
        if "reader" in self.__dict__:
            self.reader.close()
        if self.node:
            self.node.stop()
        if self._context:
            self._context.term()

    def _move(self, old: "Node", network: str) -> bool:
        """Begin a node there, and end the old one when it is certain of its lock and log: so
        whoever is told to move finds the lock, and never both nodes are on the LAN."""

        def take_over() -> None:
            self._channel.close()
            old.stop(moved=network)

        from notify_tui.config import active_network
        from notify_tui.node.runtime import Node

        effective = self._effective.on(network)
        try:
            node = Node(effective, active_network(effective))
            node.start(take_over)
        except NotifyError as error:
            if self._channel.closed:
                raise
            old.remain(str(error))
            self._channel.stay()
            return False
        self._settle(network)
        self._own(node)
        return True

    def _settle(self, network: str) -> None:
        if "reader" in self.__dict__:
            self.reader.close()
            del self.reader
        if "network" not in self._effective.given:
            self._effective = self._effective.on(network)
            self._name = network
            self._lock = self._effective.paths.lock(network)

    def _join(self) -> None:
        deadline = time.monotonic() + ATTACH_PATIENCE
        while True:
            try:
                self._join_once()
                return
            except (EndedError, lock.TakenError):
                if time.monotonic() > deadline:
                    raise

    def _join_once(self) -> None:
        held = lock.read(self._lock)
        if held:
            self._context = self._context or zmq.Context()
            self._open(self._context, f"ipc://{held.socket}", held.pid, lambda: self._gone(held))
        elif self._become:
            self._start(self._become)
        else:
            raise UnknownError(
                f"no node is running for the network {self._name!r} of {self._effective.paths.home}"
                "; `notify-tui peer` starts one"
            )

    def _start(self, become: Become) -> None:
        from notify_tui.config import active_network
        from notify_tui.node.runtime import Node

        node = Node(self._effective, active_network(self._effective), transient=become.transient)
        node.start()
        self._own(node)

    def _own(self, node: "Node") -> None:
        def ended() -> NotifyError | None:
            return None if node.alive else node.failure or EndedError("the node has been stopped")

        self.node = node
        self._open(node.context, INPROC, os.getpid(), ended, OWNER)

    def _open(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        endpoint: str,
        pid: int,
        ended: Callable[[], NotifyError | None],
        name: bytes = b"",
    ) -> None:
        channel = self._channel = Channel(context, endpoint, pid, ended, name)
        self._awaiting = None
        try:
            self.info = expected(
                Attached, channel.answer(channel.ask(Attach, VERSION, self._label))
            )
        except NotifyError:
            channel.close()
            raise

    def _gone(self, held: lock.LockInfo) -> NotifyError | None:
        if lock.read(self._lock) == held:
            return None
        return EndedError(f"the node (pid {held.pid}) has ended")
