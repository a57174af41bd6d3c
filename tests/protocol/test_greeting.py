from notify_tui.protocol.command import Disconnect
from notify_tui.protocol.wire import (
    AskChanges,
    Changes,
    Greet,
    Introduce,
    Stranger,
    Welcome,
)
from tests.protocol.stage import EXCHANGE, ROUTE, Puppet, Stage, messages


def faults(stage: Stage) -> int:
    count: int = stage.node._state.counts.get("faults on the exchange", 0)
    return count


def test_whoever_dials_is_told_who_answers_and_asked_who_it_is() -> None:
    stage = Stage()
    sent = messages(stage.receive(Greet(0, 1, b"challenge of 16."), ROUTE), ROUTE)
    assert [type(message) for message in sent] == [Welcome]


def test_a_greeting_that_comes_twice_gets_the_same_challenge() -> None:
    stage, greet = Stage(), Greet(0, 1, bytes(16))
    first, second = (messages(stage.receive(greet), ROUTE)[0] for _ in range(2))
    assert isinstance(first, Welcome)
    assert isinstance(second, Welcome)
    assert first.challenge == second.challenge


def test_a_greeting_is_repeated_until_somebody_answers() -> None:
    stage, ana = Stage(), Puppet("ana")
    dialled = stage.give("on_found", ana.id, (ana.place,), EXCHANGE)
    again = messages(stage.wait(0.5), 1)
    assert [type(message) for message in again] == [Greet] * 4
    assert set(again) == set(messages(dialled, 1))


def test_a_dialled_peer_is_introduced_to() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, commands = stage.reach(ana)
    assert isinstance(messages(commands, link)[0], Introduce)
    assert stage.peer(ana).rtt is not None
    assert not [m for m in messages(stage.wait(0.9), link) if isinstance(m, Greet)]


def test_the_clock_of_a_dialled_peer_is_measured() -> None:
    stage, ana = Stage(), Puppet("ana")
    _, _ = stage.reach(ana, wall=stage.now.wall + 5_000_000_000)
    assert stage.peer(ana).offset == 5_000_000_000


def test_a_hello_that_answers_another_challenge_is_a_fault() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.receive(Greet(0, 1, bytes(16)))
    stage.receive(Introduce(0, ana.hello(bytes(32))))
    assert faults(stage) == 1
    assert ana.public not in stage.node._state.peers


def test_a_welcome_that_answers_another_challenge_is_a_fault() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.give("on_found", ana.id, (ana.place,), EXCHANGE)
    stage.receive(Welcome(0, bytes(16), ana.hello(bytes(32))), 1)
    assert faults(stage) == 1


def test_a_peer_of_another_version_is_a_fault() -> None:
    stage = Stage()
    assert messages(stage.receive(Greet(0, 2, bytes(16)))) == []
    assert faults(stage) == 1


def test_an_introduction_without_a_greeting_is_asked_to_greet() -> None:
    stage, ana = Stage(), Puppet("ana")
    assert messages(stage.receive(Introduce(0, ana.hello(bytes(32))))) == [Stranger(0)]


def test_a_question_without_a_greeting_is_asked_to_greet() -> None:
    stage = Stage()
    assert messages(stage.receive(AskChanges(7, 0))) == [Stranger(7)]


def test_whoever_is_a_stranger_to_the_other_end_greets_again() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    assert [type(m) for m in messages(stage.receive(Stranger(3), link), link)] == [Greet]
    assert stage.node._greeting.author(link) is None


def test_messages_of_the_handshake_on_the_wrong_side_change_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    assert messages(stage.receive(Greet(0, 1, bytes(16)), link)) == []
    assert messages(stage.receive(Stranger(0), ROUTE)) == []
    assert messages(stage.receive(Welcome(0, bytes(16), ana.hello(bytes(32))), ROUTE)) == []
    assert messages(stage.receive(Welcome(0, bytes(16), ana.hello(bytes(32))), link)) == []
    assert messages(stage.receive(Stranger(0), 99)) == []


def test_a_link_that_was_given_up_is_not_renewed() -> None:
    stage = Stage()
    stage.node._greeting.renew(99)
    assert stage.node.drain() == []


def test_only_so_many_strangers_are_remembered() -> None:
    stage = Stage(strangers=2)
    for number in range(4):
        stage.receive(Greet(0, 1, bytes(16)), bytes([number]))
    accepted = stage.node._greeting._accepted
    assert list(accepted) == [b"\2", b"\3"]


def test_who_greets_anew_stays_known_until_it_has_proved_itself_again() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.receive(Greet(0, 1, b"another at last."))
    answers = messages(stage.receive(AskChanges(7, 0)), ROUTE)
    assert isinstance(answers[0], Changes)


def test_a_link_that_somebody_else_answers_is_given_up() -> None:
    stage, ana, eve = Stage(), Puppet("ana"), Puppet("eve")
    dialled = stage.give("on_found", ana.id, (ana.place,), EXCHANGE)
    link, commands = stage.answer(eve, dialled)
    assert Disconnect(link) in commands
    assert not stage.peer(eve).links
