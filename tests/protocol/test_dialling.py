from collections.abc import Iterable
from itertools import pairwise

from notify_tui.protocol.command import Command, Connect, Disconnect
from tests.protocol.stage import EXCHANGE, Puppet, Stage, only

HOSTS = ("10.0.0.2", "10.0.0.3", "10.0.0.4")


def dialled(commands: Iterable[Command]) -> list[str]:
    return [dial.host for dial in only(commands, Connect)]


def test_all_addresses_are_tried_a_little_apart() -> None:
    stage, ana = Stage(), Puppet("ana")
    assert dialled(stage.give("on_found", ana.id, HOSTS, EXCHANGE)) == ["10.0.0.2"]
    assert dialled(stage.wait(0.24)) == []
    assert dialled(stage.wait(0.02)) == ["10.0.0.3"]
    assert dialled(stage.wait(0.25)) == ["10.0.0.4"]


def test_the_first_that_answers_is_kept_and_the_others_are_given_up() -> None:
    stage, ana = Stage(), Puppet("ana")
    first = stage.give("on_found", ana.id, HOSTS, EXCHANGE)
    second = stage.wait(0.26)
    link, commands = stage.answer(ana, second)
    assert only(commands, Disconnect) == [Disconnect(only(first, Connect)[0].link)]
    assert dialled(stage.wait(1.0)) == []
    assert stage.peer(ana).links == [link]


def test_who_answers_nowhere_is_tried_again_ever_more_rarely() -> None:
    stage, ana = Stage(dial_patience=2.0, redial=(1.0, 15.0)), Puppet("ana")
    stage.give("on_found", ana.id, ("10.0.0.2",), EXCHANGE)
    times = [stage.mono for _ in range(700) if dialled(stage.wait(0.1))]
    pauses = [round(later - before) for before, later in pairwise(times)]
    assert pauses == [4, 6, 10, 17, 17]


def test_a_new_hint_brings_addresses_and_is_tried_at_once() -> None:
    stage, ana = Stage(dial_patience=2.0, redial=(1.0, 15.0)), Puppet("ana")
    stage.give("on_found", ana.id, ("10.0.0.2",), EXCHANGE)
    stage.wait(2.5)
    assert dialled(stage.give("on_found", ana.id, ("10.0.0.3",), EXCHANGE)) == ["10.0.0.3"]
    assert dialled(stage.wait(0.3)) == ["10.0.0.2"]


def test_a_hint_about_who_is_being_dialled_or_connected_waits() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.give("on_found", ana.id, ("10.0.0.2",), EXCHANGE)
    assert dialled(stage.give("on_found", ana.id, ("10.0.0.3",), EXCHANGE)) == []
    stage.reach(Puppet("bob"))
    assert dialled(stage.give("on_found", Puppet("bob").id, ("10.0.0.3",), EXCHANGE)) == []


def test_a_hint_touches_no_connection_and_never_the_address_that_was_proved() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.reach(ana)
    forged = tuple(f"10.9.9.{number}" for number in range(16))
    assert not dialled(stage.give("on_found", ana.id, forged, 1234))
    stage.wait(3.1)
    stage.give("on_found", ana.id, forged, 1234)
    places = [(dial.host, dial.port) for dial in only(stage.wait(15), Connect)]
    assert (ana.place, EXCHANGE) in places


def test_a_peer_that_says_itself_that_its_port_is_new_is_dialled_anew() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    commands = stage.accept(ana, exchange=9000)
    assert Disconnect(link) in commands
    assert Connect(link + 1, ana.place, 9000) in commands


def test_the_node_itself_and_hints_without_an_address_are_not_dialled() -> None:
    stage = Stage()
    assert dialled(stage.give("on_found", Puppet("node").id, HOSTS, EXCHANGE)) == []
    assert dialled(stage.give("on_found", Puppet("ana").id, (), EXCHANGE)) == []


def test_candidates_are_bounded_and_who_never_answered_makes_room() -> None:
    stage = Stage(candidates=2)
    for name in ("ana", "bob"):
        stage.give("on_found", Puppet(name).id, ("10.0.0.2",), EXCHANGE)
    stage.give("on_found", Puppet("eve").id, ("10.0.0.7",), EXCHANGE)
    assert stage.node._state.counts["candidates refused"] == 1
    stage.wait(2.1)
    eve = Puppet("eve")
    assert dialled(stage.give("on_found", eve.id, ("10.0.0.7",), EXCHANGE)) == ["10.0.0.7"]


def test_dials_share_a_budget_that_connections_do_not_use_up() -> None:
    stage, ana = Stage(dials=1), Puppet("ana")
    stage.reach(ana)
    assert dialled(stage.give("on_found", Puppet("bob").id, ("10.0.0.2",), EXCHANGE))
    assert dialled(stage.give("on_found", Puppet("eve").id, ("10.0.0.3",), EXCHANGE)) == []
    assert dialled(stage.wait(2.3)) == ["10.0.0.3"]


def test_an_address_that_the_user_gave_takes_whoever_answers() -> None:
    stage, ana = Stage(connect=(("10.0.0.9", EXCHANGE),)), Puppet("ana")
    link, _ = stage.answer(ana, stage.started)
    assert stage.peer(ana).links == [link]


def test_somebody_who_is_connected_already_is_not_kept_twice() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, _ = stage.reach(ana)
    second, commands = stage.answer(ana, stage.give("on_found", None, ("10.0.0.2",), EXCHANGE))
    assert Disconnect(second) in commands
    assert stage.peer(ana).links == [first]


def test_two_links_of_one_candidate_that_answer_leave_one() -> None:
    stage, ana, eve = Stage(), Puppet("ana"), Puppet("eve")
    first = stage.give("on_found", None, HOSTS[:2], EXCHANGE)
    second = stage.wait(0.26)
    link, _ = stage.answer(ana, first)
    assert stage.peer(ana).links == [link]
    late, commands = stage.answer(eve, second)
    assert not stage.node._state.peers.get(eve.public)
    assert Disconnect(late) not in commands


def test_who_answers_instead_of_who_was_meant_is_tried_later() -> None:
    stage, ana, eve = Stage(), Puppet("ana"), Puppet("eve")
    found = stage.give("on_found", ana.id, ("10.0.0.2",), EXCHANGE)
    link, commands = stage.answer(eve, found)
    assert Disconnect(link) in commands
    assert dialled(stage.wait(1.1)) == ["10.0.0.2"]


def test_one_wrong_answer_does_not_stop_the_other_addresses() -> None:
    stage, ana, eve = Stage(), Puppet("ana"), Puppet("eve")
    found = stage.give("on_found", ana.id, HOSTS[:2], EXCHANGE)
    stage.answer(eve, found)
    link, _ = stage.answer(ana, stage.wait(0.26))
    assert stage.peer(ana).links == [link]


def test_a_link_that_nobody_dialled_is_answered_by_nobody() -> None:
    stage = Stage()
    assert stage.node._dialling.answered(99, b"") is None
    stage.node._dialling.hang_up(99)
    assert not stage.node.drain()


def test_peers_of_earlier_starts_are_dialled_at_once() -> None:
    first = Stage()
    first.reach(Puppet("ana"))
    assert dialled(Stage(image=first.image).started) == ["10.0.0.9"]
