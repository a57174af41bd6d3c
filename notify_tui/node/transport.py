"""Transport: the node's sockets on the network, and their options.

    XPUB    bound    the feed: batches and heartbeats, to whoever subscribed
    SUB     dials    every alive peer's feed
    ROUTER  bound    the exchange: whoever dials us asks and is asked over it
    DEALER  dials    one for each link to a peer's exchange

All are behind the gate. A frame is one part; what cannot be sent at once is dropped, since
the protocol repeats whatever matters.
"""

import errno
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

import zmq

from notify_tui.errors import NodeError
from notify_tui.node.gate import guard_client, guard_server
from notify_tui.node.poll import Poll, Source
from notify_tui.node.quota import Quota
from notify_tui.protocol.batch import MAX_FRAME
from notify_tui.security.network import CurveKeys

Socket = zmq.SyncSocket

FEED_PORT = 7791
EXCHANGE_PORT = 7792
PORT_PAIRS = 1024
"""Pairs of ports that are tried, from the default one on."""
FEED_DEPTH = 64
SUBSCRIPTION_BYTES = 512
FRAME_SLACK = 16 * 1024
GOODBYE_LINGER = 200
"""Milliseconds that the last words get on their way out."""
EVERYWHERE = ("*",)
MORE: Final = zmq.NOBLOCK | zmq.SNDMORE

_COMMON: dict[int, int] = {
    zmq.LINGER: 0,
    zmq.IPV6: 1,
    zmq.TCP_MAXRT: 5000,
    zmq.TCP_KEEPALIVE: 1,
    zmq.TCP_KEEPALIVE_IDLE: 60,
    zmq.BACKLOG: 512,
    zmq.MAXMSGSIZE: MAX_FRAME + FRAME_SLACK,
    zmq.SNDHWM: FEED_DEPTH,
    zmq.RCVHWM: FEED_DEPTH,
}
_DIALS: dict[int, int] = {
    zmq.CONNECT_TIMEOUT: 1000,
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 2000,
}
_LINK: dict[int, int] = {**_DIALS, zmq.IMMEDIATE: 1}

_log = logging.getLogger(__name__)


class Ports(NamedTuple):
    """Where this node listens."""

    feed: int
    exchange: int


class _Link(NamedTuple):
    socket: Socket
    source: Source


class Transport:
    """Used from the node's thread alone; only `bind` may be called before that runs."""

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        poll: Poll,
        keys: CurveKeys,
        on_frame: Callable[[bytes], None],
        on_message: Callable[[int | bytes, bytes], None],
        deny: Callable[[str], None],
    ) -> None:
        """`deny` keeps an address out that abuses the feed."""
        self._context = context
        self._poll = poll
        self._keys = keys
        self._on_frame = on_frame
        self._on_message = on_message
        self._feed = self._server(zmq.XPUB, {zmq.MAXMSGSIZE: SUBSCRIPTION_BYTES})
        self._exchange = self._server(zmq.ROUTER, {})
        self._ears = self._client(zmq.SUB, _DIALS)
        self._feed_source = poll.add(self._feed, self._subscription_in)
        self._exchange_source = poll.add(self._exchange, self._exchange_in)
        self._ears_source = poll.add(self._ears, self._hear)
        self._quota = Quota(deny)
        self._links: dict[int, _Link] = {}
        self._heard: set[str] = set()
        self._prefixes: frozenset[bytes] = frozenset()
        self._ports = Ports(0, 0)
        self._bound: set[str] = set()

    def _server(self, kind: int, options: dict[int, int]) -> Socket:
        socket = self._socket(kind, options)
        guard_server(socket, self._keys)
        return socket

    def _client(self, kind: int, options: dict[int, int]) -> Socket:
        socket = self._socket(kind, options)
        guard_client(socket, self._keys)
        return socket

    def _socket(self, kind: int, options: dict[int, int]) -> Socket:
        socket: Socket = self._context.socket(kind)
        for option, value in (_COMMON | options).items():
            socket.set(option, value)
        return socket

    def bind(self, hosts: Iterable[str], port: int | None) -> Ports:
        """Listen on these addresses: feed on `port`, exchange on the next one.

        Without a port, on the first free pair from the default on.

        Raises:
            NodeError: the port is taken, or no pair is free.
        """
        hosts = tuple(hosts)
        if port is not None:
            if self._bind_all(hosts, Ports(port, port + 1)):
                return self._ports
            raise NodeError(
                f"port {port} or {port + 1} is taken: choose another --port, "
                "or leave it out and a free one is found"
            )
        for pair in range(PORT_PAIRS):
            ports = Ports(FEED_PORT + 2 * pair, EXCHANGE_PORT + 2 * pair)
            if self._bind_all(hosts, ports):
                return self._ports
        raise NodeError(f"no free port from {FEED_PORT} on, in {PORT_PAIRS} tries")

    def rebind(self, hosts: Iterable[str]) -> None:
        """Listen on these addresses and no others, on the same ports."""
        wanted = set(hosts)
        for host in self._bound - wanted:
            self._unbind(host)
        for host in wanted - self._bound:
            try:
                bound = self._bind_one(host)
            except NodeError:
                bound = False
            if not bound:
                _log.warning("cannot listen on %s, port %d", host, self._ports.feed)

    def _bind_all(self, hosts: tuple[str, ...], ports: Ports) -> bool:
        self._ports = ports
        if all(map(self._bind_one, hosts)):
            return True
        for host in list(self._bound):
            self._unbind(host)
        return False

    def _bind_one(self, host: str) -> bool:
        try:
            self._feed.bind(endpoint(host, self._ports.feed))
        except zmq.ZMQError as error:
            return _taken(error, host)
        try:
            self._exchange.bind(endpoint(host, self._ports.exchange))
        except zmq.ZMQError as error:
            self._feed.unbind(endpoint(host, self._ports.feed))
            return _taken(error, host)
        self._bound.add(host)
        return True

    def _unbind(self, host: str) -> None:
        self._bound.discard(host)
        with suppress(zmq.ZMQError):
            self._feed.unbind(endpoint(host, self._ports.feed))
        with suppress(zmq.ZMQError):
            self._exchange.unbind(endpoint(host, self._ports.exchange))

    def publish(self, frame: bytes) -> None:
        """Send a frame on the feed."""
        with suppress(zmq.ZMQError):
            self._feed.send(frame, zmq.NOBLOCK)
        self._poll.touch(self._feed_source)

    def transmit(self, link: int | bytes, frame: bytes) -> None:
        """Send a message over a link that was dialled (int) or that dialled us (bytes)."""
        if isinstance(link, bytes):
            with suppress(zmq.ZMQError):
                self._exchange.send(link, MORE)
                self._exchange.send(frame, zmq.NOBLOCK)
            self._poll.touch(self._exchange_source)
        elif dialled := self._links.get(link):
            with suppress(zmq.ZMQError):
                dialled.socket.send(frame, zmq.NOBLOCK)
            self._poll.touch(dialled.source)

    def connect(self, link: int, host: str, port: int) -> None:
        """Dial a peer's exchange. What is no address, or finds no descriptor free, stays silent
        like a host that is dead."""
        self.disconnect(link)
        try:
            socket = self._client(zmq.DEALER, _LINK)
        except zmq.ZMQError as error:
            _log.warning("cannot dial %s: %s", host, error.strerror)
            return
        with suppress(zmq.ZMQError):
            socket.connect(endpoint(host, port))
        source = self._poll.add(socket, partial(self._link_in, link, socket))
        self._links[link] = _Link(socket, source)

    def disconnect(self, link: int) -> None:
        """Give a dialled connection up."""
        if dialled := self._links.pop(link, None):
            self._poll.pause(dialled.source)
            dialled.socket.close()

    def listen(self, host: str, port: int) -> None:
        """Hear a peer's feed."""
        place = endpoint(host, port)
        if place not in self._heard:
            with suppress(zmq.ZMQError):
                self._ears.connect(place)
                self._heard.add(place)
            self._poll.touch(self._ears_source)

    def unlisten(self, host: str, port: int) -> None:
        """Drop the connection to a peer's feed."""
        place = endpoint(host, port)
        if place in self._heard:
            self._heard.discard(place)
            with suppress(zmq.ZMQError):
                self._ears.disconnect(place)
            self._poll.touch(self._ears_source)

    def interest(self, prefixes: Iterable[bytes]) -> None:
        """Subscribe to these prefixes and no others."""
        wanted = frozenset(prefixes)
        for prefix in wanted - self._prefixes:
            self._ears.set(zmq.SUBSCRIBE, prefix)
        for prefix in self._prefixes - wanted:
            self._ears.set(zmq.UNSUBSCRIBE, prefix)
        self._prefixes = wanted
        self._poll.touch(self._ears_source)

    def close(self) -> None:
        """Close every socket; what was sent last gets `GOODBYE_LINGER` to leave."""
        for link in list(self._links.values()):
            self._poll.pause(link.source)
            link.socket.close(GOODBYE_LINGER)
        self._links.clear()
        for source in (self._feed_source, self._exchange_source, self._ears_source):
            self._poll.pause(source)
        self._ears.close(0)
        self._exchange.close(GOODBYE_LINGER)
        self._feed.close(GOODBYE_LINGER)

    def _hear(self) -> None:
        self._on_frame(self._ears.recv(zmq.NOBLOCK))

    def _exchange_in(self) -> None:
        self._on_message(*routed(self._exchange))

    def _link_in(self, link: int, socket: Socket) -> None:
        self._on_message(link, socket.recv(zmq.NOBLOCK))

    def _subscription_in(self) -> None:
        self._quota.take(self._feed.recv(zmq.NOBLOCK, copy=False))


def routed(socket: Socket) -> tuple[bytes, bytes]:
    """Who sent it, and its frame; parts beyond the first are no part of the protocol.

    Raises:
        zmq.Again: nothing is there.
    """
    sender = socket.recv(zmq.NOBLOCK)
    frame = socket.recv(zmq.NOBLOCK)
    while socket.get(zmq.RCVMORE):
        socket.recv(zmq.NOBLOCK)
    return sender, frame


def endpoint(host: str, port: int) -> str:
    """An address and port as ZeroMQ writes them."""
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def _taken(error: zmq.ZMQError, host: str) -> bool:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return False
    raise NodeError(f"cannot listen on {host}: {error.strerror}") from None
