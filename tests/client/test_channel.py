"""Questions and answers, with a node that the test plays itself."""

import threading
import time
from collections.abc import Iterator
from time import monotonic

import pytest
import zmq

from notify_tui.client import channel as timing
from notify_tui.client.channel import Channel, EndedError
from notify_tui.errors import (
    ForkedError,
    MovedError,
    NodeError,
    NotifyError,
    StoreError,
    TopicError,
)
from notify_tui.node.ready import STOPPED, TO_ALL
from notify_tui.protocol.control import (
    AnyQuestion,
    AnyReply,
    AskPeers,
    AskStatus,
    Await,
    Done,
    Moved,
    Peers,
    Refused,
    Status,
    Woken,
    decode_question,
    encode_control,
)

PID = 4711


class Played:
    """A node that answers what the test says."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.SyncSocket] = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.rcvtimeo = 20_000
        self.socket.linger = 0
        self.socket.bind("inproc://node")
        self.end: NotifyError | None = None
        self.channel = Channel(self.context, "inproc://node", PID, lambda: self.end)
        self._client = b""

    def hear(self) -> AnyQuestion:
        self._client, frame = self.socket.recv_multipart()
        return decode_question(frame)

    def say(self, reply: AnyReply) -> None:
        self.socket.send_multipart([self._client, encode_control(reply)])

    def close(self) -> None:
        self.channel.close()
        self.socket.close()
        self.context.term()


@pytest.fixture
def node() -> Iterator[Played]:
    node = Played()
    yield node
    node.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is told sooner."""
    monkeypatch.setattr(timing, "LOOK", (0.01, 0.02))
    monkeypatch.setattr(timing, "PING_AFTER", 0.05)
    monkeypatch.setattr(timing, "PATIENCE", 0.2)


def test_answers_find_their_questions_in_whatever_order_they_come(node: Played) -> None:
    waiting, quick = node.channel.ask(Await, 5), node.channel.ask(AskPeers)
    assert (node.hear(), node.hear()) == (Await(waiting, 5), AskPeers(quick))
    node.say(Peers(quick, ()))
    node.say(Woken(waiting, 6))
    assert node.channel.answer(waiting) == Woken(waiting, 6)
    assert node.channel.answer(quick) == Peers(quick, ())


def test_an_answer_that_does_not_come_in_time_is_none_and_may_come_later(node: Played) -> None:
    ask = node.channel.ask(Await, 5)
    assert node.channel.answer(ask, 0.01) is None
    assert node.channel.answer(ask, 0) is None
    node.hear()
    node.say(Woken(ask, 6))
    assert node.channel.answer(ask, 20) == Woken(ask, 6)


def test_an_answer_that_is_there_is_had_without_waiting(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    node.hear()
    node.say(Peers(ask, ()))
    assert node.channel.answer(ask, 0) == Peers(ask, ())


def test_a_refusal_is_raised_as_the_error_that_it_names(node: Played) -> None:
    for name, kind in (
        ("TopicError", TopicError), ("StoreError", StoreError), ("Unheard", NodeError),
        ("NotifyError", NotifyError), ("annotations", NodeError),
    ):  # fmt: skip
        ask = node.channel.ask(AskPeers)
        node.hear()
        node.say(Refused(ask, name, "no"))
        with pytest.raises(NotifyError, match=r"^no$") as told:
            node.channel.answer(ask)
        assert type(told.value) is kind


def test_what_was_forgotten_is_not_kept_when_it_comes(node: Played) -> None:
    early, late, last = (node.channel.ask(AskPeers) for _ in range(3))
    for _ in range(3):
        node.hear()
    node.say(Peers(early, ()))
    node.say(Peers(last, ()))
    node.channel.answer(last)
    node.channel.forget(early)
    node.channel.forget(late)
    again = node.channel.ask(AskPeers)
    node.hear()
    node.say(Peers(late, ()))
    node.say(Peers(again, ()))
    node.channel.answer(again)
    assert node.channel._answers == {}
    assert node.channel._forgotten == set()


def test_a_node_that_says_that_it_ends_has_done_nothing_it_did_not_answer(node: Played) -> None:
    done, open_ = node.channel.ask(AskPeers), node.channel.ask(AskPeers)
    node.hear()
    node.say(Peers(done, ()))
    node.say(Refused(TO_ALL, STOPPED, "the node has been stopped"))
    assert node.channel.answer(done) == Peers(done, ())
    with pytest.raises(EndedError, match="has been stopped") as told:
        node.channel.answer(open_)
    assert told.value.untouched


def test_a_node_that_halts_gives_its_own_error(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    node.hear()
    node.say(Refused(TO_ALL, "ForkedError", "a home was copied"))
    with pytest.raises(ForkedError, match="a home was copied"):
        node.channel.answer(ask)


def test_a_node_that_moves_says_where_it_goes(node: Played) -> None:
    done, open_ = node.channel.ask(AskPeers), node.channel.ask(AskPeers)
    node.hear()
    node.say(Peers(done, ()))
    node.say(Moved(TO_ALL, "crew"))
    assert node.channel.answer(done) == Peers(done, ())
    with pytest.raises(MovedError, match="to the network 'crew'") as told:
        node.channel.answer(open_)
    assert told.value.network == "crew"


def test_a_node_that_stays_after_all_goes_on_answering(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    node.hear()
    node.say(Moved(TO_ALL, "crew"))
    with pytest.raises(MovedError):
        node.channel.answer(ask)
    node.channel.stay()
    node.say(Peers(ask, ()))
    assert node.channel.answer(ask) == Peers(ask, ())


def test_a_closed_connection_asks_nothing_more(node: Played) -> None:
    node.channel.close()
    with pytest.raises(EndedError, match="closed"):
        node.channel.ask(AskPeers)


def test_a_probe_is_no_answer_but_a_sign_of_life(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    node.hear()
    node.say(Done(TO_ALL))
    assert node.channel.answer(ask, 0.01) is None
    assert node.channel._silence < timing.PING_AFTER


@pytest.mark.usefixtures("hasty")
def test_a_silent_node_is_asked_for_a_sign_of_life_and_waited_for(node: Played) -> None:
    ask = node.channel.ask(Await, 5)
    heard = []

    def live() -> None:
        node.hear()
        for _ in range(3):
            ping = node.hear()
            heard.append(type(ping))
            node.say(Status(ping.ask, {}))
        node.say(Woken(ask, 6))

    living = threading.Thread(target=live)
    living.start()
    assert node.channel.answer(ask) == Woken(ask, 6)
    living.join()
    assert heard == [AskStatus] * 3


@pytest.mark.usefixtures("hasty")
def test_a_node_without_a_sign_of_life_is_given_up_and_named(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    with pytest.raises(NodeError, match=rf"pid {PID}\) does not answer"):
        node.channel.answer(ask)


def test_five_seconds_of_silence_are_taken_for_a_stopped_node(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    began = monotonic()
    with pytest.raises(NodeError, match="does not answer"):
        node.channel.answer(ask)
    assert 4.5 < monotonic() - began < 6


@pytest.mark.usefixtures("hasty")
def test_short_waits_do_not_hide_a_long_silence(node: Played) -> None:
    ask = node.channel.ask(Await, 5)

    def wait_shortly_for_long() -> None:
        while True:
            node.channel.answer(ask, 0.02)

    with pytest.raises(NodeError, match="does not answer"):
        wait_shortly_for_long()


def test_a_client_that_was_busy_elsewhere_does_not_call_that_silence(
    node: Played, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = node.channel.ask(Await, 5)
    assert node.channel.answer(ask, 0.1) is None
    silence = node.channel._silence
    away = monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: away)
    assert node.channel.answer(ask, 0) is None
    assert node.channel._silence < silence


@pytest.mark.usefixtures("hasty")
def test_a_node_whose_lock_is_free_has_ended(node: Played) -> None:
    ask = node.channel.ask(AskPeers)
    node.end = EndedError("the node has ended")
    with pytest.raises(EndedError) as told:
        node.channel.answer(ask)
    assert not told.value.untouched


@pytest.mark.usefixtures("hasty")
def test_the_last_words_of_a_node_that_ended_are_heard(node: Played) -> None:
    done, open_ = node.channel.ask(AskPeers), node.channel.ask(AskPeers)
    node.hear()

    def last_words() -> NotifyError:
        node.say(Peers(done, ()))
        node.say(Refused(TO_ALL, STOPPED, "stopped"))
        return EndedError("the lock is free")

    node.channel._ended = last_words
    with pytest.raises(EndedError, match="stopped"):
        node.channel.answer(open_)
    assert node.channel.answer(done) == Peers(done, ())


def test_a_node_that_takes_no_more_questions_is_given_up(node: Played) -> None:
    def ask_and_ask() -> None:
        while True:
            node.channel.ask(AskPeers)

    with pytest.raises(NodeError, match="does not answer"):
        ask_and_ask()
