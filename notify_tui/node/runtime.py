"""Runtime: a node from `start` to `stop`, in a thread of this process."""

import gc
import logging
import os
import resource
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import zmq

from notify_tui import __version__
from notify_tui.config import Effective
from notify_tui.errors import NodeError, NotifyError
from notify_tui.log.writer import Log
from notify_tui.node import lock
from notify_tui.node.discovery import Announcement, Candidate, Discovery, Finding
from notify_tui.node.engine import Engine, Letter, moment
from notify_tui.node.interfaces import check_interfaces
from notify_tui.node.lookup import Lookup
from notify_tui.node.mailbox import Mailbox
from notify_tui.node.ready import Ready
from notify_tui.node.transport import EXCHANGE_PORT
from notify_tui.protocol.command import Restored
from notify_tui.protocol.node import Me, NodeProtocol, Settings
from notify_tui.security.address import read_address
from notify_tui.security.identity import Identity, verify
from notify_tui.security.network import Network, curve_keys
from notify_tui.security.private import write_private

DESCRIPTORS = 16_384
SOCKETS = 8_192
FINDINGS = 1024
"""Letters that may wait before findings are dropped: whoever is there says so again."""
STOP_PATIENCE = 5.0
PROBE_EVERY = 0.25
STAY = 10.0
"""Seconds that `stay` waits for clients that publish nothing."""

_log = logging.getLogger(__name__)


class Node:
    """The node of a home and a network, in this process.

    After `start`, `ready` tells what it is and `context` is for clients in this process;
    `failure` is set when it ends by itself. Close the context's other sockets before `stop`.
    """

    ready: Ready

    def __init__(
        self,
        effective: Effective,
        network: Network,
        *,
        transient: bool = False,
        context: "zmq.Context[zmq.SyncSocket] | None" = None,
    ) -> None:
        self.effective = effective
        self._network = network
        self._transient = transient
        self._own_context = context is None
        self.context = context or zmq.Context()
        self.failure: NotifyError | None = None
        self._inbox: Mailbox[Letter] = Mailbox()
        self._ended = threading.Event()
        self._stopping = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lock: lock.Lock
        self._log: Log
        self._engine: Engine
        self._discovery: Discovery
        self._lookup: Lookup

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread is not None and not self._ended.is_set()

    def start(self, take_over: Callable[[], None] = lambda: None) -> None:
        """Become the node; it is ready when this returns. Once only.

        `take_over` is called when the lock and the log are this node's, before it binds ports:
        to end the node whose ports and whose place on the LAN it takes.

        Raises:
            TakenError: another process is the node already.
            NodeError: it cannot start: a port, an interface, the lock.
            NotifyError: the identity or the log cannot be used.
        """
        with ExitStack() as undo:
            undo.callback(self._inbox.close)
            undo.callback(self._close_context)
            self._prepare(undo, take_over)
            undo.pop_all()
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)
        self._thread.start()
        self._discovery.start()
        self._lookup.start()

    def stop(self, *, moved: str | None = None) -> None:
        """Say goodbye, close the log and all sockets. From any thread, at any time, again.

        With `moved`, all clients but the owner are told that it went to that network.
        """
        with self._stopping:
            if self._thread is None or self._inbox.closed:
                return
            self._lookup.stop()
            self._discovery.stop()
            if moved is not None:
                self._inbox.post(partial(self._engine.moving.go, moved))
            self._inbox.post(self._engine.end)
            self._thread.join(STOP_PATIENCE)
            if self._thread.is_alive():
                _log.error("the node does not end: the disk may be stuck")
                return
            self._close_context()  # not before this are the ports free for a successor
            self._lock.release()
            ended = self._discovery.join(), self._lookup.join()
            if all(ended):
                self._inbox.close()

    def remain(self, reason: str) -> None:
        """It does not move as it was asked to: whoever asked is told why."""
        self._inbox.post(lambda: self._engine.moving.remain(reason))

    def stay(self, patience: float = STAY) -> None:
        """Wait until every client has left, or nobody has published for a while (seconds)."""
        began = time.monotonic()
        while self.alive and time.monotonic() - max(began, self._engine.busy) < patience:
            self._inbox.post(self._engine.probe)
            if self._engine.alone.wait(PROBE_EVERY):
                return

    def _prepare(self, undo: ExitStack, take_over: Callable[[], None]) -> None:
        """Everything up to the threads. The database is opened before the sockets are: running
        out of descriptors must not take it down, too."""
        effective, name, config = self.effective, self._network.name, self.effective.config
        places = check_interfaces(config.interface)
        effective.paths.prepare(name)
        control = self._take_lock()
        undo.callback(self._lock.release)
        identity = Identity.load(effective.paths.identity)
        self._log = Log(effective.paths.log(name), self._inbox.post)
        restored = self._log.open()
        undo.callback(self._log.close)
        protocol = self._protocol(identity, restored)
        _make_room()
        self.context.set(zmq.MAX_SOCKETS, SOCKETS)
        keys = curve_keys(self._network.key)
        take_over()
        self._engine = Engine(self.context, self._inbox, self._log, protocol, self._network, keys)
        undo.callback(self._engine.close)
        self._engine.figures = self._figures
        self._engine.moving.rooted = self._rooted()
        everywhere = not config.interface
        ports = self._engine.bind(control, places.hosts, config.port, everywhere=everywhere)
        self.ready = Ready(config.name, identity.id, name, self._network.open, places.hosts, *ports)
        announcement = Announcement(identity.id, self._network.id, *ports)
        self._discovery = Discovery(
            announcement, places, config.interface, self._found, multicast=config.multicast
        )
        self._lookup = Lookup(self._connect(), self._found)
        self._log.start()

    def _rooted(self) -> str | None:
        effective = self.effective
        if "network" in effective.given:
            source = effective.sources["network"]
            return f"its network was given explicitly ({source})"
        return "it ends with its command, soon" if self._transient else None

    def _take_lock(self) -> str:
        paths, name = self.effective.paths, self._network.name
        # A path of its own for each start: an old node's late clean-up cannot remove it.
        control = f"{paths.socket(name)}.{os.urandom(2).hex()}"
        info = lock.LockInfo(
            lock.host(), os.getpid(), control, self.effective.given, time.time_ns()
        )
        taken = lock.take(paths.lock(name), info)
        if taken is None:
            raise lock.TakenError("another process has just become the node of this home")
        self._lock = taken
        if taken.before:
            with suppress(OSError):
                Path(taken.before.socket).unlink()
        return control

    def _protocol(self, identity: Identity, restored: Restored) -> NodeProtocol:
        config = self.effective.config
        me = Me(
            identity.public, config.name, __version__, self._network.id, identity.sign, verify,
            os.urandom,
        )  # fmt: skip
        settings = Settings(
            keep=config.keep, transient=self._transient, status=config.status, tags=config.tag
        )
        starts = self.effective.paths.starts(self._network.name)
        protocol = NodeProtocol(me, settings, restored, _read_starts(starts), moment())
        write_private(starts, f"{protocol.boot}\n".encode())
        return protocol

    def _connect(self) -> tuple[tuple[str, int], ...]:
        texts = dict.fromkeys(self.effective.config.connect)
        if self._network.connect:
            texts[self._network.connect] = None
        found = map(read_address, texts)
        return tuple((address.host, address.port or EXCHANGE_PORT) for address in found)

    def _found(self, finding: Finding) -> None:
        if len(self._inbox) < FINDINGS or not isinstance(finding, Candidate):
            self._inbox.post(finding)

    def _figures(self) -> dict[str, Any]:
        return {"nearby": self._discovery.nearby, "trouble": self._discovery.trouble}

    def _run(self) -> None:
        try:
            self._engine.run()
            self._engine.leave()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is said to all clients)
            _log.exception("the node has failed")
            reason = f"the node has failed ({type(error).__name__}: {error})"
            self._engine.failure = NodeError(reason)
        finally:
            self.failure = self._engine.failure
            self._ended.set()
            self._engine.close()
            self._log.close()
            if self.failure:  # nobody may ever call `stop`
                self._lock.release()

    def _close_context(self) -> None:
        if self._own_context:
            self.context.term()


def _read_starts(path: Path) -> int | None:
    """The counter in the file beside the log; what is no number counts as none."""
    try:
        return int(path.read_bytes())
    except (OSError, ValueError):
        return None


def _make_room() -> None:
    """Descriptors for a large mesh, and a garbage collector that lets batches pass."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    gc.set_threshold(50_000, 20, 20)
