"""The gate's matrix: who holds which keys, and what passes: nothing, or everything."""

import socket as tcp
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import zmq
from zmq.utils import z85

from notify_tui.node.gate import DOMAIN, ZAP_ENDPOINT, Gate
from notify_tui.node.poll import MESSAGES, Poll
from tests.node.parties import (
    EVENT,
    EXCHANGE,
    FEED,
    KEYS,
    OTHER,
    OUTSIDERS,
    PATIENCE,
    ROGUES,
    Arm,
    Bench,
    Kind,
    arm_member,
    arm_server,
    no_key,
    right_server_key_only,
)

kinds = pytest.mark.parametrize("kind", [FEED, EXCHANGE], ids=["feed", "exchange"])


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def subscription(topic: bytes) -> bytes:
    """What a publisher hears from a subscriber."""
    return b"\x01" + topic


def keep_out(bench: Bench, kind: Kind, arm: Arm, server_arm: Arm = arm_server) -> None:
    """Assert that whoever is armed so neither gets nor gives a byte."""
    server = bench.member(kind[0], server_arm).bound()
    outsider = bench.outsider(kind[1], arm).connected(server)
    bench.until(lambda: bool(server.failed or outsider.failed or outsider.heard))
    assert not outsider.heard, "the outsider got something"
    assert not server.heard, "the outsider gave something"


def trust_nobody(bench: Bench, kind: Kind, arm: Arm, client_arm: Arm = arm_member) -> None:
    """Assert that a server armed so neither gets a member's bytes nor gives it any."""
    rogue = bench.outsider(kind[0], arm).bound()
    member = bench.member(kind[1], client_arm).connected(rogue)
    bench.until(lambda: bool(rogue.failed or member.failed or member.heard or rogue.heard))
    assert not member.heard, "the rogue gave something"
    assert not rogue.heard, "the rogue got something"


@kinds
@pytest.mark.parametrize("arm", OUTSIDERS)
def test_an_outsider_gets_and_gives_nothing_while_a_member_gets_through(
    bench: Bench, kind: Kind, arm: Arm
) -> None:
    keep_out(bench, kind, arm)
    server, outsider = bench.ends

    member = bench.member(kind[1], arm_member).connected(server)
    bench.until(lambda: bool(server.heard and member.heard))

    assert set(member.heard) == {EVENT}
    assert not outsider.heard
    heard = [frame for frame in server.heard if frame[:1] != b"\0"]
    assert set(heard) == {subscription(member.topic) if kind is FEED else EVENT}


@kinds
@pytest.mark.parametrize("arm", ROGUES)
def test_a_rogue_server_gets_and_gives_nothing_while_an_honest_one_is_heard(
    bench: Bench, kind: Kind, arm: Arm
) -> None:
    trust_nobody(bench, kind, arm)
    rogue, member = bench.ends

    honest = bench.member(kind[0], arm_server).bound()
    member.connected(honest)
    bench.until(lambda: bool(member.heard and honest.heard))

    assert set(member.heard) == {EVENT}
    assert not rogue.heard


@kinds
def test_the_matrix_fails_if_the_gate_admits_every_key(
    bench: Bench, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gate, "_admits", lambda gate, asked: True)
    with pytest.raises(AssertionError, match="the outsider g"):
        keep_out(bench, kind, right_server_key_only)


@kinds
def test_the_matrix_fails_if_a_member_expects_no_key(bench: Bench, kind: Kind) -> None:
    with pytest.raises(AssertionError, match="the rogue g"):
        trust_nobody(bench, kind, no_key, no_key)


def closed(bench: Bench) -> None:
    assert bench.gate
    bench.gate.close()


def mute(bench: Bench) -> None:
    assert bench.gate
    bench.gate.answer = lambda: None  # type: ignore[method-assign]


def missing(bench: Bench) -> None:
    closed(bench)
    bench.gate = None
    bench.inside.destroy(linger=0)
    bench.inside = zmq.Context()


def impatient_server(socket: zmq.SyncSocket) -> None:
    arm_server(socket)
    socket.handshake_ivl = 200


def unenforced_server(socket: zmq.SyncSocket) -> None:
    arm_server(socket)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 0)


@kinds
@pytest.mark.parametrize("arm", [right_server_key_only, arm_member])
@pytest.mark.parametrize("die", [closed, mute, missing])
def test_nobody_gets_in_while_the_handler_is_dead(
    bench: Bench, kind: Kind, arm: Arm, die: Callable[[Bench], None]
) -> None:
    die(bench)
    keep_out(bench, kind, arm, impatient_server)


@kinds
@pytest.mark.parametrize("die", [closed, missing])
def test_without_an_enforced_domain_a_dead_handler_lets_an_outsider_in(
    bench: Bench, kind: Kind, die: Callable[[Bench], None]
) -> None:
    die(bench)
    with pytest.raises(AssertionError, match="the outsider g"):
        keep_out(bench, kind, right_server_key_only, unenforced_server)


GREETING = b"\xff" + bytes(7) + b"\x01\x7f\x03\x01%s" + bytes(32)


@kinds
@pytest.mark.parametrize("mechanism", [b"NULL", b"PLAIN", b"CURVE"])
def test_a_raw_connection_gets_a_greeting_and_nothing_more(
    bench: Bench, kind: Kind, mechanism: bytes
) -> None:
    server = bench.member(kind[0], arm_server).bound()
    with tcp.create_connection(("127.0.0.1", server.port), timeout=PATIENCE / 1000) as raw:
        greeting = GREETING % mechanism.ljust(20, b"\0")
        raw.sendall(greeting[:11])
        got = raw.recv(4096)
        raw.sendall(greeting[11:])
        if mechanism == b"CURVE":
            raw.sendall(b"\x04\xc8\x05HELLO" + bytes(194))
        bench.until(lambda: server.failed)
        got += b"".join(iter(lambda: raw.recv(4096), b""))
    assert (GREETING % b"CURVE".ljust(20, b"\0")).startswith(got)
    assert not server.heard


class Asker:
    """Asks the handler as ZeroMQ does, and as it never would."""

    def __init__(self, bench: Bench) -> None:
        assert bench.gate
        self.gate = bench.gate
        self.socket = bench.inside.socket(zmq.DEALER)
        self.socket.connect(ZAP_ENDPOINT)

    def ask(self, *frames: bytes) -> list[bytes] | None:
        """The answer, None for none; a good question behind it tells that one is due."""
        self.socket.send_multipart(frames)
        self.socket.send_multipart(request(number=b"behind"))
        self.gate.answer()
        self.gate.answer()
        first = self.socket.recv_multipart(zmq.NOBLOCK)
        if first[2:3] == [b"behind"]:
            return None
        assert self.socket.recv_multipart(zmq.NOBLOCK)[2] == b"behind"
        return first

    def code(self, *frames: bytes) -> bytes | None:
        answer = self.ask(*frames)
        return answer[3] if answer else None


@pytest.fixture
def asker(bench: Bench) -> Asker:
    return Asker(bench)


def request(
    *,
    version: bytes = b"1.0",
    number: bytes = b"7",
    domain: bytes = DOMAIN,
    mechanism: bytes = b"CURVE",
    credentials: tuple[bytes, ...] = (z85.decode(KEYS.client_public),),
) -> tuple[bytes, ...]:
    head = (b"", version, number, domain, b"10.0.0.7", b"", mechanism)
    return (*head, *credentials)


def test_a_members_request_is_admitted(asker: Asker) -> None:
    assert asker.ask(*request()) == [b"", b"1.0", b"7", b"200", b"OK", b"", b""]


@pytest.mark.parametrize(
    "asked",
    [
        request(domain=b""),
        request(domain=b"another"),
        request(mechanism=b"NULL", credentials=()),
        request(mechanism=b"PLAIN", credentials=(b"member", z85.decode(KEYS.client_public))),
        request(mechanism=b"GSSAPI"),
        request(credentials=()),
        request(credentials=(b"",)),
        request(credentials=(z85.decode(KEYS.client_public)[:31],)),
        request(credentials=(KEYS.client_public,)),
        request(credentials=(z85.decode(KEYS.server_public),)),
        request(credentials=(z85.decode(KEYS.client_public),) * 2),
        request()[:3],
        request()[:6],
    ],
)
def test_every_other_request_is_denied(asker: Asker, asked: tuple[bytes, ...]) -> None:
    assert asker.code(*asked) == b"400"


@pytest.mark.parametrize(
    "garbage",
    [
        (b"",),
        (b"x",),
        (b"", b"1.0"),
        (b"", b"", b"", b"", b"", b""),
        request()[1:],
        request(version=b"2.0"),
        request(version=b"1"),
        (b"\xff" * 100_000,) * 9,
        (b"",) * 500,
    ],
)
def test_garbage_gets_no_answer_and_the_handler_goes_on(
    asker: Asker, garbage: tuple[bytes, ...]
) -> None:
    assert asker.code(*garbage) is None
    assert asker.code(*request()) == b"200"


@kinds
def test_a_member_gets_in_after_garbage(bench: Bench, asker: Asker, kind: Kind) -> None:
    for size in range(20):
        asker.socket.send_multipart([b"\x00\xff" * size] * (size + 1))
    server = bench.member(kind[0], arm_server).bound()
    member = bench.member(kind[1], arm_member).connected(server)
    bench.until(lambda: bool(server.heard and member.heard))
    assert not member.failed


def answers(asker: Asker) -> int:
    """How many requests have been answered since it was asked last."""
    count = 0
    with suppress(zmq.Again):
        while asker.socket.recv_multipart(zmq.NOBLOCK):
            count += 1
    return count


def test_requests_are_answered_one_by_one(asker: Asker) -> None:
    for _ in range(2):
        asker.socket.send_multipart(request())
    asker.gate.answer()
    assert answers(asker) == 1
    asker.gate.answer()
    assert answers(asker) == 1
    with pytest.raises(zmq.Again):
        asker.gate.answer()


def test_a_flood_of_requests_leaves_the_node_its_time(asker: Asker) -> None:
    poll = Poll()
    source = poll.add(asker.gate.socket, asker.gate.answer)
    for _ in range(MESSAGES + 3):
        asker.socket.send_multipart(request())
    got = 0
    while got < MESSAGES + 3:
        assert poll.wait(PATIENCE / 1000) == [source]
        poll.drain(source)
        turn = answers(asker)
        assert turn <= MESSAGES
        got += turn
    poll.close()


@kinds
def test_a_denied_address_is_kept_out_whatever_it_knows(bench: Bench, kind: Kind) -> None:
    assert bench.gate
    bench.gate.deny("127.0.0.1")
    keep_out(bench, kind, arm_member)


def test_a_second_gate_in_a_context_is_refused_and_leaves_nothing_open(bench: Bench) -> None:
    with pytest.raises(zmq.ZMQError):
        Gate(bench.inside, OTHER.client_public)


def test_a_gate_can_be_closed_again(bench: Bench) -> None:
    assert bench.gate
    bench.gate.close()
    bench.gate.close()
