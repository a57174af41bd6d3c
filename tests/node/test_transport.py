"""The sockets between nodes, joined on loopback behind real gates."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from time import monotonic

import pytest
import zmq

from notify_tui.errors import NodeError
from notify_tui.node import quota
from notify_tui.node.gate import Gate, guard_client
from notify_tui.node.poll import MESSAGES, Poll
from notify_tui.node.transport import FEED_PORT, Ports, Transport, endpoint
from notify_tui.protocol.batch import MAX_FRAME
from notify_tui.security.network import curve_keys
from tests.node.conftest import free_port

KEYS = curve_keys(b"k" * 32)
HOST = "127.0.0.1"
PATIENCE = 10.0


class Side:
    """One node's transport, and what it has received."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.SyncSocket] = zmq.Context()
        self.context.set(zmq.MAX_SOCKETS, 64)
        self.poll = Poll()
        self.gate = Gate(self.context, KEYS.client_public)
        self.poll.add(self.gate.socket, self.gate.answer)
        self.frames: list[bytes] = []
        self.messages: list[tuple[int | bytes, bytes]] = []
        self.transport = Transport(
            self.context, self.poll, KEYS, self.frames.append, self._message, self.gate.deny
        )

    def _message(self, link: int | bytes, frame: bytes) -> None:
        self.messages.append((link, frame))

    def listen(self) -> Ports:
        return self.transport.bind((HOST,), None)

    def turn(self, seconds: float = 0.01) -> None:
        for source in self.poll.wait(seconds):
            self.poll.drain(source)

    def close(self) -> None:
        self.transport.close()
        self.gate.close()
        self.poll.close()
        self.context.term()


Sides = Callable[[], Side]


@pytest.fixture
def side() -> Iterator[Sides]:
    with ExitStack() as sides:

        def made() -> Side:
            new = Side()
            sides.callback(new.close)
            return new

        yield made


def until(
    true: Callable[[], object], *sides: Side, again: Callable[[], None] | None = None
) -> None:
    """Let the sides turn until something holds; `again` repeats what may have been dropped."""
    deadline = monotonic() + PATIENCE
    while not true():
        assert monotonic() < deadline, "it does not come true"
        if again:
            again()
        for side in sides:
            side.turn()


def joined(side: Sides, *prefixes: bytes) -> tuple[Side, Side]:
    """Two sides; the second hears the first's feed."""
    speaker, listener = side(), side()
    ports = speaker.listen()
    listener.transport.interest((b"ready", *prefixes))
    listener.transport.listen(HOST, ports.feed)
    until(
        lambda: listener.frames, speaker, listener,
        again=lambda: speaker.transport.publish(b"ready"),
    )  # fmt: skip
    listener.frames.clear()
    return speaker, listener


def said(listener: Side) -> list[bytes]:
    return [frame for frame in listener.frames if frame != b"ready"]


def test_a_frame_reaches_who_is_interested_and_listens(side: Sides) -> None:
    speaker, listener = joined(side, b"builds.")
    speaker.transport.publish(b"logs.app\0 no")
    speaker.transport.publish(b"builds.web\0 yes")
    until(lambda: said(listener), speaker, listener)
    assert said(listener) == [b"builds.web\0 yes"]


def test_interest_is_replaced_not_added_to(side: Sides) -> None:
    speaker, listener = joined(side, b"builds.")
    listener.transport.interest((b"ready", b"logs."))
    until(
        lambda: b"logs.app" in listener.frames, speaker, listener,
        again=lambda: speaker.transport.publish(b"logs.app"),
    )  # fmt: skip
    speaker.transport.publish(b"builds.web")
    speaker.transport.publish(b"logs.end")
    until(lambda: b"logs.end" in listener.frames, speaker, listener)
    assert b"builds.web" not in listener.frames


def test_who_no_longer_listens_hears_no_more(side: Sides) -> None:
    speaker, listener = joined(side)
    other = side()
    first, second = speaker.transport._ports.feed, other.listen().feed
    listener.transport.listen(HOST, second)
    listener.transport.listen(HOST, second)
    until(
        lambda: b"ready other" in listener.frames, speaker, other, listener,
        again=lambda: other.transport.publish(b"ready other"),
    )  # fmt: skip
    listener.transport.unlisten(HOST, first)
    listener.transport.unlisten(HOST, first)
    speaker.transport.publish(b"ready unheard")
    other.transport.publish(b"ready last")
    until(lambda: b"ready last" in listener.frames, speaker, other, listener)
    assert b"ready unheard" not in listener.frames


def test_a_link_carries_messages_both_ways(side: Sides) -> None:
    dialler, accepter = side(), side()
    ports = accepter.listen()
    dialler.transport.connect(7, HOST, ports.exchange)
    until(
        lambda: accepter.messages, dialler, accepter,
        again=lambda: dialler.transport.transmit(7, b"hello"),
    )  # fmt: skip
    caller, frame = accepter.messages[0]
    assert frame == b"hello"
    assert isinstance(caller, bytes)
    accepter.transport.transmit(caller, b"welcome")
    until(lambda: dialler.messages, dialler, accepter)
    assert dialler.messages[0] == (7, b"welcome")


def test_what_cannot_be_sent_is_dropped_without_a_word(side: Sides) -> None:
    lonely = side()
    lonely.transport.transmit(7, b"a link that was never dialled")
    lonely.transport.transmit(b"nobody", b"a caller that is gone")
    lonely.transport.connect(8, HOST, 1)
    lonely.transport.transmit(8, b"a link that nobody answers")
    lonely.transport.connect(9, "no address", 1)
    lonely.transport.listen("no address", 1)
    lonely.transport.unlisten(HOST, 1)
    lonely.transport.publish(b"a feed that nobody hears")
    lonely.turn()
    assert lonely.frames == [] == lonely.messages


def test_without_a_free_descriptor_a_peer_is_not_dialled_and_nothing_else_suffers(
    side: Sides, caplog: pytest.LogCaptureFixture
) -> None:
    full = side()
    own: list[zmq.SyncSocket] = []
    with suppress(zmq.ZMQError):
        while True:
            own.append(full.context.socket(zmq.PAIR))
    full.transport.connect(7, HOST, 1)
    full.transport.transmit(7, b"dropped")
    assert "cannot dial 127.0.0.1" in caplog.text
    for socket in own:
        socket.close()


def test_a_link_that_was_given_up_says_nothing_more(side: Sides) -> None:
    dialler, accepter = side(), side()
    ports = accepter.listen()
    dialler.transport.connect(7, HOST, ports.exchange)
    until(
        lambda: accepter.messages, dialler, accepter,
        again=lambda: dialler.transport.transmit(7, b"hello"),
    )  # fmt: skip
    dialler.transport.disconnect(7)
    dialler.transport.disconnect(7)
    accepter.transport.transmit(accepter.messages[0][0], b"too late")
    dialler.turn()
    assert dialler.messages == []


def test_a_frame_of_the_largest_size_passes(side: Sides) -> None:
    speaker, listener = joined(side)
    largest = b"ready" + bytes(MAX_FRAME - 5)
    speaker.transport.publish(largest)
    until(lambda: said(listener), speaker, listener)
    assert said(listener) == [largest]


def dial(link: int, dialler: Side, accepter: Side) -> None:
    """Connect, and wait until the other side has heard it."""
    name = b"link %d" % link
    dialler.transport.connect(link, HOST, accepter.transport._ports.exchange)
    until(
        lambda: any(frame == name for _, frame in accepter.messages), dialler, accepter,
        again=lambda: dialler.transport.transmit(link, name),
    )  # fmt: skip
    accepter.messages.clear()


def test_one_turn_takes_a_bounded_number_of_messages(side: Sides) -> None:
    dialler, accepter = side(), side()
    accepter.listen()
    for link in range(12):
        dial(link, dialler, accepter)
    for link in range(12):
        for _ in range(60):
            dialler.transport.transmit(link, b"x")
    taken: list[int] = []
    while sum(taken) < 12 * 60:
        accepter.turn(PATIENCE)
        taken.append(sum(frame == b"x" for _, frame in accepter.messages))
        accepter.messages.clear()
    assert max(taken) <= MESSAGES


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_names_it(side: Sides) -> None:
    first, second = side(), side()
    ports = first.listen()
    with pytest.raises(NodeError, match=rf"port {ports.feed} or {ports.exchange} is taken"):
        second.transport.bind((HOST,), ports.feed)
    with pytest.raises(NodeError, match=r"is taken"):
        second.transport.bind((HOST,), ports.feed - 1)


def test_without_a_port_the_first_free_pair_is_found(side: Sides) -> None:
    first, second = side().listen(), side().listen()
    assert first.exchange == first.feed + 1
    assert second.feed != first.feed
    assert min(first.feed, second.feed) >= FEED_PORT
    assert second.exchange == second.feed + 1


def test_an_address_that_is_not_this_machines_cannot_be_listened_on(side: Sides) -> None:
    with pytest.raises(NodeError, match=r"cannot listen on 192\.0\.2\.77"):
        side().transport.bind(("192.0.2.77",), None)


def test_a_node_follows_its_addresses_on_the_same_ports(side: Sides) -> None:
    speaker, listener = side(), side()
    ports = speaker.transport.bind((HOST,), free_port())
    speaker.transport.rebind(("127.0.0.2", "192.0.2.77"))
    listener.transport.interest((b"",))
    listener.transport.listen("127.0.0.2", ports.feed)
    until(
        lambda: listener.frames, speaker, listener,
        again=lambda: speaker.transport.publish(b"moved"),
    )  # fmt: skip
    taker = side()
    assert taker.transport.bind((HOST,), ports.feed) == ports


def test_ipv6_addresses_are_written_in_brackets() -> None:
    assert endpoint("fe80::1%eth0", 7791) == "tcp://[fe80::1%eth0]:7791"
    assert endpoint(HOST, 7791) == "tcp://127.0.0.1:7791"


def test_who_subscribes_to_too_much_is_shown_out_and_kept_out(
    side: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota.Quota.__init__, "__defaults__", (100,))
    speaker = side()
    place = endpoint(HOST, speaker.listen().feed)
    with zmq.Context() as context:
        for topics, end in ((200, zmq.EVENT_DISCONNECTED), (1, zmq.EVENT_HANDSHAKE_FAILED_AUTH)):
            with context.socket(zmq.SUB) as greedy, greedy.get_monitor_socket(end) as watch:
                greedy.linger = 0
                guard_client(greedy, KEYS)
                for number in range(topics):
                    greedy.subscribe(b"topic.%d" % number)
                greedy.connect(place)
                until(partial(watch.poll, 0), speaker)
                greedy.disable_monitor()


def test_subscriptions_that_end_are_no_longer_counted(side: Sides) -> None:
    speaker, listener = joined(side, b"builds.", b"logs.")
    counts = speaker.transport._quota._counts
    until(lambda: counts.total() == 3, speaker, listener)
    listener.transport.interest((b"ready",))
    until(lambda: counts.total() == 1, speaker, listener)
