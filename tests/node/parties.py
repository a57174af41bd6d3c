"""Who stands at the gate: members, outsiders and rogues, by the keys they hold."""

from collections.abc import Callable
from contextlib import suppress

import zmq
from zmq.utils.monitor import recv_monitor_message

from notify_tui.node.gate import Gate, guard_client, guard_server
from notify_tui.security.network import curve_keys

KEYS = curve_keys(b"k" * 32)
OTHER = curve_keys(b"o" * 32)
EVENT = b"builds.web\0deployed"
FORGED = b"builds.web\0forged"
FEED = (zmq.XPUB, zmq.SUB)
EXCHANGE = (zmq.ROUTER, zmq.DEALER)
PATIENCE = 10_000
FAILED = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_DISCONNECTED
)

Arm = Callable[[zmq.SyncSocket], None]
Kind = tuple[int, int]


def no_key(socket: zmq.SyncSocket) -> None:
    """NULL: what a socket is before anything is set."""


def plain_client(socket: zmq.SyncSocket) -> None:
    socket.plain_username, socket.plain_password = b"member", b"secret"


def random_client(socket: zmq.SyncSocket) -> None:
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    socket.curve_serverkey, _ = zmq.curve_keypair()


def anothers_client(socket: zmq.SyncSocket) -> None:
    guard_client(socket, OTHER)


def right_server_key_only(socket: zmq.SyncSocket) -> None:
    random_client(socket)
    socket.curve_serverkey = KEYS.server_public


def right_public_keys_only(socket: zmq.SyncSocket) -> None:
    right_server_key_only(socket)
    socket.curve_publickey = KEYS.client_public


OUTSIDERS = [
    no_key, plain_client, random_client, anothers_client, right_server_key_only,
    right_public_keys_only,
]  # fmt: skip


def plain_server(socket: zmq.SyncSocket) -> None:
    socket.plain_server = True


def random_server(socket: zmq.SyncSocket) -> None:
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()


def anothers_server(socket: zmq.SyncSocket) -> None:
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = OTHER.server_public, OTHER.server_secret


def right_public_key_only(socket: zmq.SyncSocket) -> None:
    random_server(socket)
    socket.curve_publickey = KEYS.server_public


def client_pair(socket: zmq.SyncSocket) -> None:
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = KEYS.client_public, KEYS.client_secret


ROGUES = [
    no_key, plain_server, random_server, anothers_server, right_public_key_only, client_pair,
]  # fmt: skip


def arm_member(socket: zmq.SyncSocket) -> None:
    guard_client(socket, KEYS)


def arm_server(socket: zmq.SyncSocket) -> None:
    guard_server(socket, KEYS)


class End:
    """One end of a connection: it says its word again and again, and keeps what it hears."""

    def __init__(
        self, context: "zmq.Context[zmq.SyncSocket]", kind: int, arm: Arm, word: bytes
    ) -> None:
        self.socket = context.socket(kind)
        self.socket.linger = 0
        self.word = word
        arm(self.socket)
        self.monitor = self.socket.get_monitor_socket()
        self.heard: list[bytes] = []
        self.events = 0
        self.port = 0

    def bound(self) -> "End":
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        return self

    def connected(self, *others: "End") -> "End":
        for other in others:
            self.socket.connect(f"tcp://127.0.0.1:{other.port}")
        if self.socket.type == zmq.SUB:
            self.socket.subscribe(self.topic)
        return self

    @property
    def topic(self) -> bytes:
        """What a subscriber asks for: both would get `EVENT`, and are told apart."""
        return b"builds." if self.word == EVENT else b""

    def speak(self) -> None:
        """An event on the feed; on the exchange a question, or an answer to whom was heard."""
        if self.socket.type == zmq.ROUTER:
            for routing_id in {frame for frame in self.heard if frame[:1] == b"\0"}:
                self.socket.send_multipart([routing_id, self.word])
        elif self.socket.type != zmq.SUB and self.ready(zmq.POLLOUT):
            self.socket.send(self.word)

    def listen(self) -> None:
        while self.ready(zmq.POLLIN):
            self.heard += self.socket.recv_multipart()
        while self.monitor.poll(0):
            self.events |= recv_monitor_message(self.monitor)["event"]

    def ready(self, way: int) -> bool:
        return bool(self.socket.poll(0, way))

    @property
    def failed(self) -> bool:
        return bool(self.events & FAILED)


class Bench:
    """A node's context with its gate, an outsider's context without, and everybody's ends."""

    def __init__(self) -> None:
        self.inside: zmq.Context[zmq.SyncSocket] = zmq.Context()
        self.outside: zmq.Context[zmq.SyncSocket] = zmq.Context()
        self.gate: Gate | None = Gate(self.inside, KEYS.client_public)
        self.ends: list[End] = []

    def member(self, kind: int, arm: Arm) -> End:
        self.ends.append(End(self.inside, kind, arm, EVENT))
        return self.ends[-1]

    def outsider(self, kind: int, arm: Arm) -> End:
        self.ends.append(End(self.outside, kind, arm, FORGED))
        return self.ends[-1]

    def until(self, condition: Callable[[], bool]) -> None:
        """Let everybody speak and listen until the condition holds."""
        poller = zmq.Poller()
        for end in self.ends:
            poller.register(end.socket, zmq.POLLIN)
            poller.register(end.monitor, zmq.POLLIN)
        if self.gate and not self.gate.socket.closed:
            poller.register(self.gate.socket, zmq.POLLIN)
        while not condition():
            for end in self.ends:
                end.speak()
            assert poller.poll(PATIENCE), "nothing happened any more"
            if self.gate:
                with suppress(zmq.ZMQError):  # nothing was asked, or it is closed
                    self.gate.answer()
            for end in self.ends:
                end.listen()

    def close(self) -> None:
        for end in self.ends:
            end.socket.disable_monitor()
        self.inside.destroy(linger=0)
        self.outside.destroy(linger=0)
