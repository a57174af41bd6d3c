"""Discovery: tells the LAN where this node is, and the node where others may be.

zeroconf runs in a thread of its own. What it says is a hint and never a sign of life: a
candidate may be anybody, and the gate and the hello decide. So nothing here is removed when
an announcement is.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from notify_tui.node.interfaces import Places, nearest_first, places
from notify_tui.protocol.event import PEER_LETTERS
from notify_tui.protocol.wire import MAX_ADDRESSES, VERSION

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

SERVICE = "_notify-tui._tcp.local."
POLL_INTERFACES = 5.0
RESOLVING = 16
"""Announcements that are looked up at once because they came incomplete."""
RESOLVE_PATIENCE = 1500
"""Milliseconds for one of them."""
MAX_NEARBY = 256
STOP_PATIENCE = 0.5

_log = logging.getLogger(__name__)


class Candidate(NamedTuple):
    """Somebody who may be at one of these addresses; `port` is the exchange's."""

    peer: str | None
    hosts: tuple[str, ...]
    port: int


class Hosts(NamedTuple):
    """This machine's own addresses changed."""

    places: Places


Finding = Candidate | Hosts


class Announcement(NamedTuple):
    """What is told to the LAN: an id, a network nobody can name from it, and two ports."""

    peer: str
    network: bytes
    feed: int
    exchange: int

    @property
    def opaque(self) -> str:
        """The network id's hash: members know each other by it, others learn nothing."""
        return blake2b(self.network, digest_size=8, person=b"ntui.nearby").hexdigest()

    def info(self, hosts: tuple[str, ...]) -> "ServiceInfo":
        """The announcement as zeroconf takes it."""
        from zeroconf import ServiceInfo  # noqa: PLC0415 (loaded in the thread that needs it)

        return ServiceInfo(
            SERVICE,
            f"{self.peer}.{SERVICE}",
            addresses=[_packed(host) for host in hosts],
            port=self.exchange,
            properties={"v": str(VERSION), "n": self.opaque, "f": str(self.feed)},
            server=f"{self.peer}.local.",
        )


class Discovery:
    """Announces and browses until `stop`; hands its findings to `post`, from its own thread.

    It begins with the addresses `at` and follows those of the `chosen` interfaces.
    `trouble` is a sentence when multicast does not work.
    """

    def __init__(
        self,
        announcement: Announcement,
        at: Places,
        chosen: tuple[str, ...],
        post: Callable[[Finding], None],
        *,
        multicast: bool = True,
    ) -> None:
        self._announcement = announcement
        self._chosen = chosen
        self._post = post
        self._multicast = multicast
        self._nearby: set[str] = set()
        self._resolving: set[asyncio.Task[bool]] = set()
        self._places = self._spoken = at
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = threading.Event()
        self._quit = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)
        self.trouble: str | None = None

    @property
    def nearby(self) -> int:
        """How many nodes of other networks were seen."""
        return len(self._nearby)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to end: one goodbye on the LAN."""
        self._stopping.set()
        if loop := self._loop:
            with suppress(RuntimeError):  # it has just been closed
                loop.call_soon_threadsafe(self._quit.set)

    def join(self) -> bool:
        """Wait for the end, bounded; whether it came."""
        if self._thread.ident is not None:
            self._thread.join(STOP_PATIENCE)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                if not self._stopping.is_set():
                    runner.run(self._live())
        except Exception:  # noqa: BLE001 (the node lives on without it)
            self.trouble = "discovery has failed: peers are found by --connect and by memory"
            _log.exception("%s", self.trouble)

    async def _live(self) -> None:
        # Ended by an event, not by a cancellation: that would leave zeroconf half made.
        responder = self._responder() if self._multicast else None
        if responder is None:
            await self._follow(None)
            return
        browser = await self._announce(responder)
        try:
            await self._follow(responder)
        finally:
            await browser.async_cancel()
            await _withdraw(responder)

    async def _follow(self, responder: "AsyncZeroconf | None") -> None:
        while not self._quit.is_set():
            try:
                await self._look(responder)
            except OSError as error:  # no descriptor is free: the next time one may be
                _log.warning("the addresses of this machine cannot be followed: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quit.wait(), POLL_INTERFACES)

    async def _look(self, responder: "AsyncZeroconf | None") -> None:
        now = places(self._chosen)
        if now != self._places:
            self._places = now
            self._post(Hosts(now))
        if now != self._spoken:
            await self._move(responder)
            self._spoken = now

    def _responder(self) -> "AsyncZeroconf | None":
        from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415

        try:
            return AsyncZeroconf(interfaces=list(self._places.multicast))
        except (OSError, RuntimeError) as error:
            self.trouble = f"no multicast ({error}): peers are found by --connect and by memory"
            _log.warning("%s", self.trouble)
            return None

    async def _announce(self, responder: "AsyncZeroconf") -> "AsyncServiceBrowser":
        from zeroconf.asyncio import AsyncServiceBrowser  # noqa: PLC0415

        info = self._announcement.info(self._places.hosts)
        await responder.async_register_service(info, cooperating_responders=True)
        return AsyncServiceBrowser(responder.zeroconf, SERVICE, handlers=[self._changed])

    async def _move(self, responder: "AsyncZeroconf | None") -> None:
        if responder is None:
            return
        await responder.async_update_interfaces(list(self._places.multicast))
        await responder.async_update_service(self._announcement.info(self._places.hosts))

    def _changed(
        self,
        zeroconf: "Zeroconf",
        service_type: str,
        name: str,
        state_change: "ServiceStateChange",
    ) -> None:
        from zeroconf import ServiceStateChange  # noqa: PLC0415
        from zeroconf.asyncio import AsyncServiceInfo  # noqa: PLC0415

        instance = name.removesuffix("." + service_type)
        strange = len(instance) != PEER_LETTERS or instance == self._announcement.peer
        if strange or state_change is ServiceStateChange.Removed:
            return
        info = AsyncServiceInfo(service_type, name)
        if info.load_from_cache(zeroconf):
            self._found(instance, info)
        elif len(self._resolving) < RESOLVING:
            task = asyncio.ensure_future(info.async_request(zeroconf, RESOLVE_PATIENCE))
            self._resolving.add(task)
            task.add_done_callback(lambda done: self._resolved(done, instance, info))

    def _resolved(self, task: "asyncio.Task[bool]", peer: str, info: "ServiceInfo") -> None:
        self._resolving.discard(task)
        if not task.cancelled() and task.exception() is None and task.result():
            self._found(peer, info)

    def _found(self, peer: str, info: "ServiceInfo") -> None:
        if info.properties.get(b"n") != self._announcement.opaque.encode():
            if len(self._nearby) < MAX_NEARBY:
                self._nearby.add(peer)
            return
        hosts = nearest_first(info.parsed_scoped_addresses(), self._places.networks)
        if hosts and info.port:
            self._post(Candidate(peer, hosts[:MAX_ADDRESSES], info.port))


async def _withdraw(responder: "AsyncZeroconf") -> None:
    # One goodbye instead of zeroconf's three, 125 ms apart: nobody takes it for a sign of death.
    goodbye = responder.zeroconf.generate_unregister_all_services()
    if goodbye:
        responder.zeroconf.async_send(goodbye)
    await responder.async_close()


def _packed(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
