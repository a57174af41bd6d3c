import pytest

from notify_tui.protocol.command import Interest, Reply
from notify_tui.protocol.control import (
    VERSION,
    Attach,
    Attached,
    Await,
    Detach,
    Done,
    Publish,
    Refused,
    Widen,
    Woken,
)
from notify_tui.protocol.event import peer_id
from notify_tui.protocol.wire import AskChanges
from tests.protocol.stage import CLIENT, Puppet, Stage, messages, only, replies, stored
from tests.protocol.test_publisher import raw


def test_whoever_attaches_is_told_who_the_node_is() -> None:
    stage = Stage()
    attached = replies(stage.ask(Attach(1, VERSION, "tui")))
    assert attached == [Attached(1, peer_id(stage.public), "node", "", 0, 0)]


def test_a_client_of_another_release_is_refused() -> None:
    refused = replies(Stage().ask(Attach(1, VERSION + 1, "tui")))[0]
    assert isinstance(refused, Refused)
    assert "restart the node" in refused.reason


def test_a_reader_is_woken_when_the_log_has_grown() -> None:
    stage = Stage()
    assert not replies(stage.ask(Await(1, 0), b"reader"))
    commands = stage.ask(Publish(2, "a", [raw()]))
    assert Reply(b"reader", Woken(1, 1)) in commands
    assert not replies(stage.ask(Await(3, 1), b"reader"))


def test_a_reader_that_is_behind_is_woken_at_once() -> None:
    stage = Stage()
    stage.ask(Publish(1, "a", [raw()]))
    assert replies(stage.ask(Await(2, 0))) == [Woken(2, 1)]


def test_readers_ahead_of_the_log_wait_until_it_is_past_them() -> None:
    stage = Stage()
    stage.ask(Await(1, 1))
    assert not only(stage.ask(Publish(2, "a", [raw()])), Woken)
    assert Woken(1, 2) in replies(stage.ask(Publish(3, "a", [raw()])))


def test_what_gets_its_place_late_wakes_too() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, second = ana.batch("a"), ana.batch("a")
    stage.hear(second.frame)
    stage.ask(Await(1, 1))
    assert Woken(1, 2) in replies(stage.hear(first.frame))


def test_a_placed_batch_of_an_older_position_wakes_nobody() -> None:
    stage = Stage()
    stage.ask(Publish(1, "a", [raw()]))
    stage.ask(Await(2, 1))
    stage.node._clients.grown(1)
    assert not stage.node.drain()


def test_waiting_readers_are_bounded_and_the_oldest_is_answered() -> None:
    stage = Stage(clients=2)
    for ask in (1, 2):
        stage.ask(Await(ask, 0))
    assert replies(stage.ask(Await(3, 0))) == [Woken(1, 0)]


@pytest.mark.parametrize("said", [True, False])
def test_a_client_that_is_gone_is_owed_nothing(said: bool) -> None:
    stage = Stage()
    stage.ask(Await(1, 0))
    if said:
        assert replies(stage.ask(Detach(2))) == [Done(2)]
    else:
        stage.give("on_gone", CLIENT)
    stage.ask(Await(3, 0), b"other")
    answers = only(stage.ask(Publish(4, "a", [raw()])), Reply)
    assert {answer.client for answer in answers if isinstance(answer.reply, Woken)} == {b"other"}


def test_a_wider_interest_lets_more_through_and_asks_for_what_was_passed_over() -> None:
    stage, ana = Stage(keep=("a.>",)), Puppet("ana")
    stage.accept(ana)
    stage.hear(ana.heartbeat(ana.claim("b.x", 1, 1)))
    assert not stored(stage.hear(ana.batch("b.x").frame))
    commands = stage.ask(Widen(1, ("b.>",)))
    assert replies(commands) == [Done(1)]
    assert only(commands, Interest) == [Interest((b"\x01\0", b"@", b"a.", b"b."))]
    assert [message.since for message in messages(commands) if isinstance(message, AskChanges)] == [
        0
    ]
    assert stored(stage.hear(ana.batch("b.x", fork=True).frame))


def test_what_is_wanted_already_changes_nothing() -> None:
    assert not only(Stage(keep=("a.>",)).ask(Widen(1, ("a.>",))), Interest)


def test_a_pattern_that_is_covered_widens_nothing_and_one_that_covers_replaces() -> None:
    stage = Stage(keep=("a.>", "b"))
    assert not only(stage.ask(Widen(1, ("a.x", "b"))), Interest)
    widened = only(stage.ask(Widen(2, (">",))), Interest)
    assert widened[0].prefixes[2:] == (b"",)


def test_patterns_beyond_the_limit_are_refused() -> None:
    stage = Stage(keep=tuple(f"t{number}" for number in range(64)))
    refused = replies(stage.ask(Widen(1, ("one.more",))))[0]
    assert isinstance(refused, Refused)
    assert "64 patterns" in refused.reason


def test_what_is_no_pattern_is_refused() -> None:
    refused = replies(Stage().ask(Widen(1, ("a..b",))))[0]
    assert isinstance(refused, Refused)
    assert refused.error == "TopicError"
