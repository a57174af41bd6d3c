from collections.abc import Iterable
from typing import Any

import pytest

from notify_tui.protocol.command import Command, Found
from notify_tui.protocol.control import AskPeers, Held, Hold, Publish
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.receipts import Receipts
from notify_tui.protocol.wire import (
    Confirm,
    Deliver,
    Goodbye,
    Receipt,
    Receipted,
    Signed,
    open_word,
)
from tests.protocol.signature import verify
from tests.protocol.stage import (
    CLIENT,
    NETWORK,
    ROUTE,
    Puppet,
    Stage,
    messages,
    replies,
    stored,
)
from tests.protocol.test_publisher import raw


def hold(stage: Stage, ask: int = 9, seq: int = 1, **fields: Any) -> Hold:
    about: dict[str, Any] = {
        "count": 1,
        "require": (),
        "everyone": False,
        "grace": 0.5,
        "timeout": 5.0,
    } | fields
    return Hold(ask, stage.node.epoch, "a", seq, **about)


def published(*names: str, **settings: Any) -> tuple[Stage, list[Puppet]]:
    """A node that has been alive with these peers for a while and has published to `a`."""
    stage = Stage(**settings)
    puppets = [Puppet(name) for name in names]
    for puppet in puppets:
        stage.accept(puppet, puppet.name.encode())
    for _ in range(3):
        for puppet in puppets:
            stage.hear(puppet.heartbeat())
        stage.wait(1.0)
    stage.ask(Publish(1, "a", [raw()]))
    return stage, puppets


def key_of(stage: Stage) -> StreamKey:
    return StreamKey(stage.public, stage.node.epoch, "a")


def receipt(stage: Stage, puppet: Puppet, low: int = 1, high: int = 1) -> Signed:
    puppet.turn += 1
    return puppet.said(Receipt(puppet.boot, puppet.turn, *key_of(stage), low, high))


def test_a_peer_is_asked_to_confirm_and_its_receipt_answers_the_client() -> None:
    stage, (ana,) = published("ana")
    sent = messages(stage.ask(hold(stage)), b"ana")
    assert [type(message) for message in sent] == [Confirm]
    commands = stage.receive(Receipted(sent[0].ask, receipt(stage, ana)), b"ana")
    assert replies(commands) == [Held(9, True, ("ana",), ())]


def test_a_peer_that_has_just_come_is_given_the_batch_itself() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.ask(Publish(1, "a", [raw()]))
    assert not messages(stage.ask(hold(stage)))
    sent = messages(stage.accept(ana), ROUTE)
    assert Deliver in [type(message) for message in sent]


def test_a_confirm_that_is_not_answered_is_followed_by_the_batch() -> None:
    stage, (ana,) = published("ana")
    first = messages(stage.ask(hold(stage)), b"ana")
    stage.hear(ana.heartbeat())
    again = messages(stage.wait(0.6), b"ana")
    kinds = [type(message) for message in first + again if isinstance(message, Confirm | Deliver)]
    assert kinds == [Confirm, Deliver]


def test_what_a_heartbeat_says_is_a_receipt_too() -> None:
    stage, (ana,) = published("ana")
    stage.ask(hold(stage))
    commands = stage.hear(ana.heartbeat(ana.claim_of(key_of(stage), 1, 1)))
    assert replies(commands) == [Held(9, True, ("ana",), ())]


def test_what_is_held_already_is_answered_at_once() -> None:
    stage, (ana,) = published("ana")
    stage.hear(ana.heartbeat(ana.claim_of(key_of(stage), 1, 1)))
    assert replies(stage.ask(hold(stage))) == [Held(9, True, ("ana",), ())]


def test_a_client_is_told_in_time_who_does_not_hold_it() -> None:
    stage, (ana, _) = published("ana", "bob")
    stage.hear(ana.heartbeat(ana.claim_of(key_of(stage), 1, 1)))
    assert not replies(stage.ask(hold(stage, count=2, require=("eve",), timeout=1.0)))
    answered = replies(stage.wait(1.1))
    assert answered == [Held(9, False, ("ana",), ("bob", "eve"))]


@pytest.mark.parametrize("by_name", [True, False])
def test_a_required_peer_is_named_or_identified(by_name: bool) -> None:
    stage, (ana, bob) = published("ana", "bob")
    stage.ask(hold(stage, require=("bob" if by_name else bob.id,)))
    stage.hear(ana.heartbeat(ana.claim_of(key_of(stage), 1, 1)))
    commands = stage.hear(bob.heartbeat(bob.claim_of(key_of(stage), 1, 1)))
    assert replies(commands) == [Held(9, True, ("ana", "bob"), ())]


def test_everyone_is_who_said_hello_within_the_grace() -> None:
    stage, ana, bob = Stage(), Puppet("ana"), Puppet("bob")
    stage.ask(Publish(1, "a", [raw()]))
    stage.accept(ana, b"ana")
    stage.ask(hold(stage, everyone=True, count=0, grace=0.5))
    assert not replies(stage.hear(ana.heartbeat(ana.claim_of(key_of(stage), 1, 1))))
    assert replies(stage.wait(0.6)) == [Held(9, True, ("ana",), ())]
    stage.accept(bob, b"bob")
    late = replies(stage.ask(hold(stage, everyone=True, count=0, grace=0.5)))
    assert late == [Held(9, True, ("ana",), ("bob",))]


def test_everyone_waits_for_those_who_are_there() -> None:
    stage, (ana, bob) = published("ana", "bob", beat=1.0)
    stage.ask(hold(stage, everyone=True, count=0, grace=10.0, timeout=20.0))
    stage.hear(ana.heartbeat(ana.claim_of(key_of(stage), 1, 1)))
    answers = []
    for _ in range(8):
        stage.hear(ana.heartbeat())
        stage.hear(bob.heartbeat())
        answers += replies(stage.wait(1.0))
    assert not answers
    commands = stage.hear(bob.heartbeat(bob.claim_of(key_of(stage), 1, 1)))
    assert replies(commands) == [Held(9, True, ("ana", "bob"), ())]


def test_one_shots_and_the_uninterested_are_not_asked() -> None:
    stage = Stage()
    stage.accept(Puppet("ana"), b"ana", transient=True)
    stage.accept(Puppet("bob"), b"bob", interest=("b.>",))
    stage.ask(Publish(1, "a", [raw()]))
    assert not [m for m in messages(stage.ask(hold(stage))) if isinstance(m, Confirm | Deliver)]


def test_what_is_not_durable_here_is_not_asked_for() -> None:
    stage, (ana,) = published("ana")
    assert not messages(stage.ask(hold(stage, seq=5)), b"ana")
    assert ana.public in stage.node._state.peers


def test_what_is_too_large_to_deliver_is_asked_to_be_confirmed() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.ask(Publish(1, "a", [raw("x" * 200_000)]))
    stage.accept(ana)
    sent = [m for m in messages(stage.ask(hold(stage))) if isinstance(m, Confirm | Deliver)]
    assert [type(message) for message in sent] == [Confirm]


def test_a_receipt_for_what_was_never_published_is_worth_nothing() -> None:
    stage, (ana,) = published("ana")
    foreign = ana.said(Receipt(1, 99, ana.public, 5, "a", 1, 1))
    other = ana.said(Receipt(1, 99, stage.public, 5, "never", 1, 1))
    for signed in (foreign, other):
        stage.receive(Receipted(1, signed), b"ana")
    assert not stage.peer(ana).acked


def test_a_receipt_counts_for_its_author_only() -> None:
    stage, (ana, bob) = published("ana", "bob")
    stage.receive(Receipted(1, receipt(stage, bob)), b"ana")
    stage.receive(Receipted(1, ana.said(Goodbye(1, 50))), b"ana")
    assert not stage.peer(ana).acked
    assert not stage.peer(bob).acked


def test_while_a_client_waits_every_input_may_bring_what_it_waits_for() -> None:
    stage, (ana,) = published("ana")
    stage.ask(hold(stage))
    stage.mono += 0.01
    frame = ana.heartbeat(ana.claim_of(key_of(stage), 1, 1))
    stage.node.on_frame(stage.now, frame)
    assert stage.node.deadline == stage.mono


def test_a_client_that_is_gone_waits_for_nothing() -> None:
    stage, _ = published("ana")
    stage.ask(hold(stage, timeout=1.0))
    stage.give("on_gone", CLIENT)
    assert not replies(stage.wait(2))


# What a node owes others.


def receipts(commands: Iterable[Command]) -> list[Receipt]:
    given = [message.receipt for message in messages(commands) if isinstance(message, Receipted)]
    words = [open_word(signed, NETWORK, verify) for signed in given]
    return [word for word in words if isinstance(word, Receipt)]


def test_a_delivery_is_answered_once_it_is_durable() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    batch = ana.batch("a", "one", "two")
    stage.stalled = True
    commands = stage.receive(Deliver(7, batch.frame))
    assert stored(commands) == [batch]
    assert not receipts(commands)
    given = receipts(stage.commit())
    assert [(word.origin, word.topic, word.low, word.high) for word in given] == [
        (ana.public, "a", 2, 2)
    ]


def test_a_delivery_of_what_is_durable_is_answered_at_once() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    batch = ana.batch("a")
    stage.hear(batch.frame)
    assert len(receipts(stage.receive(Deliver(7, batch.frame)))) == 1


def test_a_delivery_that_is_not_kept_is_not_answered() -> None:
    stage, ana = Stage(keep=("b",)), Puppet("ana")
    stage.accept(ana)
    assert not receipts(stage.receive(Deliver(7, ana.batch("a").frame)))


def test_a_confirm_is_answered_when_the_event_is_durable() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    first, second = ana.batch("a"), ana.batch("a")
    assert not receipts(stage.receive(Confirm(7, 5, "a", 2)))
    assert not receipts(stage.hear(first.frame))
    assert [word.high for word in receipts(stage.hear(second.frame))] == [2]
    assert not stage.node._receipts._debts


def test_a_debt_for_a_later_event_stays() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.receive(Confirm(7, 5, "a", 1))
    stage.receive(Confirm(8, 5, "a", 2))
    assert [word.high for word in receipts(stage.hear(ana.batch("a").frame))] == [1]
    assert [word.high for word in receipts(stage.hear(ana.batch("a").frame))] == [2]


def test_debts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Receipts, "DEBTS", 2)
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    for number, topic in enumerate(("a", "b", "c")):
        stage.receive(Confirm(number, 5, topic, 1))
    assert len(receipts(stage.hear(ana.batch("a").frame))) == 1
    assert not receipts(stage.hear(ana.batch("c").frame))


def test_an_answer_of_the_log_that_nobody_waits_for_changes_nothing() -> None:
    stage = Stage()
    assert not stage.give("on_outcomes", [Found(99, (), b"")])
    assert replies(stage.ask(AskPeers(1)))


def test_a_peer_that_lost_its_log_holds_nothing_any_more() -> None:
    stage, (ana,) = published("ana")
    stage.ask(hold(stage))
    stage.receive(Receipted(1, receipt(stage, ana)), b"ana")
    stage.accept(Puppet("ana", boot=2), b"anew")
    waits = stage.ask(hold(stage, 10, timeout=0.1)) + stage.wait(0.2)
    assert [reply.met for reply in replies(waits) if isinstance(reply, Held)] == [False]


def test_nobody_passes_for_a_required_peer_by_taking_its_id_or_its_name() -> None:
    stage, (eve, nas) = published("eve", "nas")
    stage.hear(eve.heartbeat(name=nas.id))
    stage.receive(Receipted(1, receipt(stage, eve)), b"eve")
    by_id = stage.ask(hold(stage, require=(nas.id,), timeout=0.1)) + stage.wait(0.2)
    assert [reply.met for reply in replies(by_id) if isinstance(reply, Held)] == [False]
    stage.hear(eve.heartbeat(name="nas"))
    by_name = stage.ask(hold(stage, 10, require=("nas",), timeout=0.1)) + stage.wait(0.2)
    assert [reply.met for reply in replies(by_name) if isinstance(reply, Held)] == [False]


def test_a_direct_event_is_offered_to_everybody() -> None:
    stage, _ = published("ana")
    stage.ask(Publish(2, "@ana", [raw()]))
    question = Hold(9, stage.node.epoch, "@ana", 1, 1, (), False, 0.5, 5.0)
    assert Confirm in [type(message) for message in messages(stage.ask(question), b"ana")]


def test_a_delivery_is_receipted_only_if_it_is_the_batch_that_is_held() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    mine = ana.batch("a", "one")
    stage.hear(mine.frame)
    stage.hear(ana.batch("a", "two").frame)
    assert len(receipts(stage.receive(Deliver(1, mine.frame)))) == 1
    other = ana.batch("a", "another one", fork=True)
    assert not receipts(stage.receive(Deliver(2, other.frame)))


def test_one_connection_cannot_use_up_what_is_owed_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Receipts, "DEBTS_A_LINK", 2)
    stage, ana, eve = Stage(), Puppet("ana"), Puppet("eve")
    stage.accept(eve, b"eve")
    stage.accept(ana)
    for number in range(9):
        stage.receive(Confirm(number, 5, "never", number + 1), b"eve")
    stage.receive(Confirm(1, 5, "a", 1))
    assert len(receipts(stage.hear(ana.batch("a").frame))) == 1
