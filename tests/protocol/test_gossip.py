from collections.abc import Iterable

import pytest

from notify_tui.protocol import gossip
from notify_tui.protocol.command import Command
from notify_tui.protocol.control import AskPeers, Peers, Publish
from notify_tui.protocol.wire import AskChanges, Changes, Heartbeat
from tests.protocol.stage import ROUTE, Puppet, Stage, beats, messages, replies
from tests.protocol.test_publisher import raw


def heartbeat(stage: Stage) -> Heartbeat:
    """The node's next one."""
    words = beats(stage.wait(1.01))
    assert isinstance(words[0], Heartbeat)
    return words[0]


def asked(commands: Iterable[Command]) -> list[AskChanges]:
    return [message for message in messages(commands) if isinstance(message, AskChanges)]


def test_a_heartbeat_tells_what_changed_since_the_one_before() -> None:
    stage = Stage()
    first = heartbeat(stage)
    stage.ask(Publish(1, "a.b", [raw(), raw()]))
    second, third = heartbeat(stage), heartbeat(stage)
    assert (first.claims, third.claims) == ((), ())
    assert [(claim.topic, claim.held) for claim in second.claims] == [("a.b", (1, 2))]
    assert (first.version, second.version, third.version) == (0, 1, 1)
    assert (second.since, third.since) == (0, 1)


def test_what_is_held_of_others_is_told_with_its_origin_and_own_streams_with_their_tip() -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = ana.batch("a")
    stage.hear(batch.frame)
    stage.ask(Publish(1, "b", [raw()]))
    claims = {claim.topic: claim for claim in heartbeat(stage).claims}
    assert (claims["a"].origin, claims["a"].tip) == (ana.public, b"")
    assert claims["b"].origin == b""
    assert len(claims["b"].tip) == 8


def test_what_concerns_this_machine_alone_is_not_told() -> None:
    stage = Stage()
    stage.accept(Puppet("ana"))
    assert heartbeat(stage).claims == ()


def test_holes_are_told() -> None:
    stage, ana = Stage(), Puppet("ana")
    batches = [ana.batch("a") for _ in range(4)]
    for place in (0, 1, 3):
        stage.hear(batches[place].frame)
    assert heartbeat(stage).claims[0].held == (1, 2, 4, 4)


def test_a_peer_that_missed_a_heartbeat_asks_for_the_changes() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.receive(Changes(1, 0, (), more=False))
    stage.hear(ana.heartbeat(ana.claim("a", 1, 1)))
    ana.heartbeat(ana.claim("b", 1, 1))
    lost = stage.hear(ana.heartbeat(ana.claim("c", 1, 1)))
    assert [question.since for question in asked(lost)] == [1]
    assert not asked(stage.hear(ana.heartbeat(ana.claim("d", 1, 1))))
    answer = Changes(asked(lost)[0].ask, 4, (ana.claim("b", 1, 1),), more=False)
    stage.receive(answer)
    assert stage.peer(ana).version == 4
    assert ana.key("b") in stage.peer(ana).offers


def test_a_heartbeat_that_tells_nothing_new_changes_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.hear(ana.heartbeat(ana.claim("a", 1, 1)))
    assert not asked(stage.hear(ana.heartbeat()))


def test_a_heartbeat_that_repeats_some_of_what_is_known_is_taken() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.hear(ana.heartbeat(ana.claim("a", 1, 1)))
    stage.hear(ana.heartbeat(ana.claim("b", 1, 1), since=0))
    assert stage.peer(ana).version == 2


def test_a_question_that_is_not_answered_is_repeated() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    commands = []
    for _ in range(5):
        stage.hear(ana.heartbeat())
        commands += stage.wait(1.0)
    assert len(asked(commands)) == 2


def test_an_answer_to_an_older_question_changes_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.receive(Changes(99, 7, (), more=False))
    assert stage.peer(ana).version == 0


def test_an_answer_with_more_to_come_is_followed_by_the_next_question() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    commands = stage.receive(Changes(1, 5, (ana.claim("a", 1, 1),), more=True))
    assert [question.since for question in asked(commands)] == [5]
    stage.receive(Changes(asked(commands)[0].ask, 5, (), more=False))
    assert stage.peer(ana).version == 5


def test_questions_are_answered_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gossip, "MAX_PAGE", 200)
    stage, ana = Stage(), Puppet("ana")
    for topic in ("a", "b", "c"):
        stage.ask(Publish(1, topic, [raw()]))
    stage.accept(ana)
    topics: list[str] = []
    since, more = 0, True
    while more:
        page = messages(stage.receive(AskChanges(7, since)), ROUTE)[0]
        assert isinstance(page, Changes)
        topics += [claim.topic for claim in page.claims]
        since, more = page.version, page.more
    assert topics == ["a", "b", "c"]


def test_changes_that_do_not_fit_in_a_heartbeat_are_to_be_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gossip, "MAX_BEAT", 1024 + 100)
    stage = Stage()
    for topic in ("a", "b", "c"):
        stage.ask(Publish(1, topic, [raw()]))
    word = heartbeat(stage)
    assert (word.since, word.version, word.claims) == (3, 3, ())


def test_nobody_is_asked_over_no_connection() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.wait(5)
    assert not stage.peer(ana).links
    assert not asked(stage.hear(ana.heartbeat()))


def test_a_claim_about_an_own_stream_is_a_receipt() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.ask(Publish(1, "a", [raw(), raw(), raw()]))
    key = stage.node._state.own("a")

    def lacks() -> int:
        shown = replies(stage.ask(AskPeers(2)))[0]
        assert isinstance(shown, Peers)
        return shown.peers[0].lacks

    assert lacks() == 3
    stage.hear(ana.heartbeat(ana.claim_of(key, 1, 2)))
    assert lacks() == 1
    stage.hear(ana.heartbeat(ana.claim_of(key, baseline=3)))
    assert lacks() == 0


def test_what_a_peer_offers_is_shown_until_it_is_held() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    first, _ = ana.batch("a"), ana.batch("a")
    stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))

    def offers() -> int:
        shown = replies(stage.ask(AskPeers(2)))[0]
        assert isinstance(shown, Peers)
        return shown.peers[0].offers

    assert offers() == 2
    stage.hear(first.frame)
    assert offers() == 1
