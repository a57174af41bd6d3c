"""What a node missed it gets from whoever holds it."""

from collections.abc import Callable
from threading import Event as Alarm
from time import monotonic

from tests.lan.bench import Host, Lan

LanOf = Callable[[int], Lan]
SOME = 1000
PARTED = 8


def flood(host: Host, topic: str, count: int = SOME) -> None:
    host.notify("publish", topic, "--lines", "-q", text="".join(f"{n}\n" for n in range(count)))


def log(host: Host) -> set[str]:
    """The ids of all events that a host holds."""
    return {event["id"] for event in host.json("history", "--limit", "100000")}


def test_a_node_that_was_away_gets_what_it_missed_from_a_third(lan: LanOf) -> None:
    origin, third, away = lan(3).hosts
    first, _, gone = origin.peer(), third.peer(), away.peer()
    origin.meets(third, away)
    gone.stop()
    flood(origin, "missed")
    third.holds("missed", SOME)
    first.stop()
    away.peer()
    away.holds("missed", SOME, timeout=5)
    assert log(away) == log(third)


def test_a_newcomer_gets_history_whose_origin_is_off(lan: LanOf) -> None:
    origin, third, newcomer = lan(3).hosts
    first, _ = origin.peer(), third.peer()
    flood(origin, "before")
    third.holds("before", SOME)
    first.stop()
    newcomer.peer()
    newcomer.holds("before", SOME)


def test_both_sides_of_a_partition_have_equal_logs_after_it(lan: LanOf) -> None:
    four = lan(4)
    for host in four.hosts:
        host.peer()
    four.host(1).meets(*four.hosts[1:])
    four.partition([[1, 2], [3, 4]])
    parted = monotonic()
    flood(four.host(1), "left")
    flood(four.host(3), "right")
    four.host(2).holds("left", SOME)
    four.host(4).holds("right", SOME)
    Alarm().wait(max(0.0, PARTED - (monotonic() - parted)))
    assert not {row["topic"] for row in four.host(2).json("topics")} & {"right"}
    four.heal()
    for host in four.hosts:
        host.meets(*(other for other in four.hosts if other is not host), timeout=15)
    for host in four.hosts:
        host.holds("left", SOME, timeout=5)
        host.holds("right", SOME, timeout=5)
    assert len({frozenset(log(host)) for host in four.hosts}) == 1


def test_a_one_way_silence_is_bridged_by_a_third(lan: LanOf) -> None:
    three = lan(3)
    for host in three.hosts:
        host.peer()
    three.host(1).meets(three.host(2), three.host(3))
    three.oneway(1, 2)
    flood(three.host(1), "news")
    three.host(2).holds("news", SOME, timeout=15)


def test_a_host_whose_cable_was_pulled_catches_up(lan: LanOf) -> None:
    two = lan(2)
    one, unplugged = two.hosts
    one.peer()
    watcher = unplugged.peer()
    one.meets(unplugged)
    two.linkdown(2)
    one.meets(unplugged, state="suspect")
    flood(one, "meanwhile")
    two.linkup(2)
    watcher.wait_for_count(SOME, timeout=15)


def test_what_was_published_alone_leaves_when_a_node_next_runs_there(lan: LanOf) -> None:
    two = lan(2)
    alone, other = two.hosts
    watcher = other.peer()
    two.isolate(1)
    done = alone.notify("publish", "chat", "hi")
    assert "kept, no peer reached" in done.stderr
    two.heal()
    alone.peer()
    watcher.wait_for_line(lambda line: '"hi"' in line)


def test_what_a_publisher_alone_has_said_comes_with_its_next_word(lan: LanOf) -> None:
    two = lan(2)
    alone, other = two.hosts
    watcher = other.peer()
    two.isolate(1)
    alone.notify("publish", "chat", "first")
    two.heal()
    alone.notify("publish", "chat", "second", "--wait-for", "1")
    lines = watcher.wait_for_count(2)
    assert ["first" in lines[0], "second" in lines[1]] == [True, True]
