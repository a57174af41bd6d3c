"""Who asks a node to move, who is asked to do it, and who is told what."""

from typing import Any

import pytest

from notify_tui.node.moving import Moving
from notify_tui.node.ready import OWNER, TO_ALL
from notify_tui.protocol.control import AnyReply, Done, Move, Moved, Refused

ASKER = b"\0asker"


@pytest.fixture
def said() -> list[tuple[bytes, AnyReply]]:
    return []


@pytest.fixture
def moving(said: list[Any]) -> Moving:
    return Moving("lan", {OWNER: "peer"}, lambda client, reply: said.append((client, reply)))


def test_the_owner_is_asked_and_the_asker_is_answered_when_it_goes(
    moving: Moving, said: list[Any]
) -> None:
    moving.ask(ASKER, Move(7, "crew"))
    assert said == [(OWNER, Moved(TO_ALL, "crew"))]
    assert moving.word is None
    moving.go("crew")
    assert said[1:] == [(ASKER, Done(7))]
    assert moving.word == Moved(TO_ALL, "crew")


def test_an_owner_that_cannot_has_the_asker_told_why_and_may_be_asked_again(
    moving: Moving, said: list[Any]
) -> None:
    moving.ask(ASKER, Move(7, "crew"))
    moving.remain("the port is taken")
    moving.remain("whatever")
    assert said[1:] == [(ASKER, Refused(7, "RefusedError", "the port is taken"))]
    moving.ask(ASKER, Move(8, "lab"))
    assert said[2:] == [(OWNER, Moved(TO_ALL, "lab"))]


def test_a_node_that_is_there_already_has_nothing_to_do(moving: Moving, said: list[Any]) -> None:
    moving.ask(ASKER, Move(7, "lan"))
    assert said == [(ASKER, Done(7))]


def test_it_moves_for_one_at_a_time(moving: Moving, said: list[Any]) -> None:
    moving.ask(ASKER, Move(7, "crew"))
    moving.ask(b"\0other", Move(1, "lab"))
    reason = "it has been asked to move already"
    assert said[1:] == [(b"\0other", Refused(1, "RefusedError", reason))]


def test_a_rooted_node_says_why_and_asks_nobody(moving: Moving, said: list[Any]) -> None:
    moving.rooted = "its network was given explicitly (--network)"
    moving.ask(ASKER, Move(7, "crew"))
    assert said == [(ASKER, Refused(7, "RefusedError", moving.rooted))]


def test_a_node_without_an_owner_stays(said: list[Any]) -> None:
    moving = Moving("lan", {}, lambda client, reply: said.append((client, reply)))
    moving.ask(ASKER, Move(7, "crew"))
    assert [type(reply) for _, reply in said] == [Refused]


def test_a_node_that_its_owner_moves_unasked_says_so_to_all(
    moving: Moving, said: list[Any]
) -> None:
    moving.go("crew")
    assert said == []
    assert moving.word == Moved(TO_ALL, "crew")
