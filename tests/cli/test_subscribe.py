"""`subscribe`: live events, or those since then."""

import pytest

from tests.cli.home import Home

HIGH = ("--priority", "high")


def published(home: Home, *texts: str) -> list[str]:
    return [home.ok("publish", "chat", text).out.strip() for text in texts]


def texts(lines: list[str]) -> list[str]:
    return [line.split()[-1] for line in lines]


def attached(home: Home) -> int:
    clients: list[str] = home.ok("status", "--json").objects[0]["clients"]
    return clients.count("subscribe")


def test_live_events_are_followed_until_there_are_enough(home: Home) -> None:
    home.peer()
    published(home, "before")
    follower = home.start("subscribe", "chat", "--count", "2")
    while not attached(home):
        assert follower.running
    published(home, "one", "two", "three")
    assert follower.wait() == 0
    assert texts(follower.lines) == ["one", "two"]


@pytest.mark.parametrize("since", ["all", "1h", "2020-01-01", "2020-01-01T10:00Z"])
def test_since_begins_in_the_past(home: Home, since: str) -> None:
    home.peer()
    published(home, "one", "two")
    done = home.ok("subscribe", ">", "--since", since, "--count", "2")
    assert texts(done.lines) == ["one", "two"]


def test_since_an_id_begins_behind_that_event(home: Home) -> None:
    home.peer()
    _, second, _ = published(home, "one", "two", "three")
    done = home.ok("subscribe", ">", "--since", second, "--count", "1")
    assert texts(done.lines) == ["three"]
    short = second[:3] + second[10:]
    assert texts(home.ok("subscribe", ">", "--since", short, "--count", "1").lines) == ["three"]


def test_too_little_in_time_exits_4(home: Home) -> None:
    home.peer()
    published(home, "one")
    done = home.run("subscribe", ">", "--since", "all", "--count", "2", "--timeout", "100ms")
    assert (done.code, texts(done.lines)) == (4, ["one"])
    assert done.err == "notify-tui: 1 of 2 events came within 100ms\n"


def test_without_a_count_something_in_time_is_enough(home: Home) -> None:
    home.peer()
    published(home, "one")
    assert home.run("subscribe", ">", "--since", "all", "--timeout", "100ms").code == 0
    assert home.run("subscribe", ">", "--timeout", "100ms").code == 4


def test_priority_and_origin_choose(home: Home) -> None:
    home.peer()
    published(home, "low")
    home.ok("publish", "chat", "high", *HIGH)
    home.ok("publish", "chat", "urgent", "--priority", "urgent")
    done = home.ok("subscribe", ">", "--since", "all", "--count", "2", *HIGH)
    assert texts(done.lines) == ["high", "urgent"]
    other = home.run("subscribe", ">", "--since", "all", "--timeout", "50ms", "--from", "zoe")
    assert other.code == 4


def test_with_no_node_it_becomes_one_and_ends_with_it(home: Home) -> None:
    follower = home.start("subscribe", ">", "--since", "all")
    while not (home.directory / "node.lock").exists():
        assert follower.running
    home.ok("publish", "chat", "hello")
    assert follower.wait_for_count(1)[0].endswith("hello")
    assert follower.stop(timeout=1) == 130


def test_a_one_shot_that_is_the_node_ends_at_once_when_interrupted(home: Home) -> None:
    node = home.start("peers", "--watch", "--json")
    while not (home.directory / "log.db").exists():
        assert node.running
    home.start("subscribe", ">")
    while not attached(home):
        assert node.running
    assert node.stop(timeout=1) == 130
