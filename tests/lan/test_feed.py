"""What is published on one host is seen on the others: all of it, in order, once."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event as Alarm
from time import monotonic
from typing import Any

import pytest

from tests.lan.bench import Host, Lan
from tests.process import Process

LanOf = Callable[[int], Lan]

KEYS = [
    "id", "topic", "origin", "epoch", "seq", "time", "received", "kind", "title", "text",
    "priority", "tags", "data", "reply_to", "expires",
]  # fmt: skip
FLOOD = 100_000


def events(process: Process) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.lines]


def everything(host: Host, *patterns: str, count: int) -> list[dict[str, Any]]:
    """The log of a host in its own order."""
    return host.json("subscribe", *patterns, "--since", "all", "--count", str(count))


def test_an_event_from_a_fourth_host_is_confirmed_by_three_and_printed_once(lan: LanOf) -> None:
    *three, fourth = lan(4).hosts
    peers = [host.peer() for host in three]
    for host in three:
        host.meets(*(other for other in three if other is not host))
    watchers = [*peers, three[0].subscribe("builds.>")]
    done = fourth.notify("publish", "builds.web", "done", "--wait-for", "3", "--timeout", "5s")
    published = done.stdout.strip()
    assert "delivered 3/3" in done.stderr
    fourth.notify("publish", "builds.end", "--wait-for", "3", text="end")
    for watcher in watchers:
        watcher.wait_for_line(lambda line: "builds.end" in line)
        found = [event for event in events(watcher) if event["topic"] == "builds.web"]
        assert [event["id"] for event in found] == [published]
        assert list(found[0]) == KEYS
        assert found[0]["text"] == "done"
        assert found[0]["origin"]["name"] == fourth.name


@pytest.fixture
def flood(tmp_path: Path) -> Path:
    path = tmp_path / "flood"
    path.write_text("".join(f"{number}\n" for number in range(1, FLOOD + 1)))
    return path


def test_a_flood_arrives_whole_at_a_node_that_froze_and_at_one_that_died(
    lan: LanOf, flood: Path
) -> None:
    one, two, three = lan(3).hosts
    _, freezes, dies = one.peer(), two.peer(), three.peer()
    one.meets(two, three)
    publisher = one.follow("publish", "load.test", "--lines", "-q", stdin=flood)
    freezes.wait_for_line(lambda line: "load.test" in line)
    freezes.sigstop()
    frozen = monotonic()
    dies.wait_for_line(lambda line: "load.test" in line)
    dies.kill9()
    assert publisher.wait(timeout=30) == 0
    Alarm().wait(max(0.0, 3 - (monotonic() - frozen)))
    freezes.sigcont()
    three.peer()
    three.holds("load.test", FLOOD, timeout=5)
    two.holds("load.test", FLOOD, timeout=15)
    for host in (two, three):
        texts = [int(event["text"]) for event in everything(host, "load.test", count=FLOOD)]
        assert texts == list(range(1, FLOOD + 1))
    printed = [int(event["text"]) for event in events(freezes)]
    assert printed == list(range(1, FLOOD + 1))


PATTERNS = {
    "builds.*": ["builds.web", "builds.errors"],
    "builds.>": ["builds.web", "builds.errors", "builds.web.errors"],
    "*.errors": ["builds.errors", "buildsystem.errors"],
    "builds.web": ["builds.web"],
    "buildsystem": ["buildsystem"],
}
TOPICS = [
    "builds", "builds.web", "buildsystem", "builds.errors", "builds.web.errors",
    "buildsystem.errors", "build",
]  # fmt: skip


def test_a_subscriber_sees_what_its_pattern_takes_and_nothing_else(lan: LanOf) -> None:
    one, two = lan(2).hosts
    one.peer()
    two.peer()
    one.meets(two)
    followers = {pattern: two.subscribe(pattern, "end") for pattern in PATTERNS}
    for topic in TOPICS:
        one.notify("publish", topic, topic)
    one.notify("publish", "end", "end", "--wait-for", "1")
    for pattern, follower in followers.items():
        follower.wait_for_line(lambda line: '"end"' in line)
        assert [event["topic"] for event in events(follower)] == [*PATTERNS[pattern], "end"]


def test_a_node_that_keeps_one_pattern_stores_nothing_else(lan: LanOf) -> None:
    one, two = lan(2).hosts
    one.peer()
    narrow = two.peer("--topic", "builds.>")
    one.meets(two)
    for topic in TOPICS:
        one.notify("publish", topic, topic)
    one.notify("publish", "builds.end", "end", "--wait-for", "1")
    narrow.wait_for_line(lambda line: '"builds.end"' in line)
    kept = {row["topic"] for row in two.json("topics")}
    assert kept - {"_peers"} == {*PATTERNS["builds.>"], "builds.end"}


def test_an_event_reaches_a_host_fifty_milliseconds_away(lan: LanOf) -> None:
    two = lan(2)
    two.delay(2, 50)
    watcher, _ = two.host(2).peer(), two.host(1).peer()
    two.host(1).meets(two.host(2), timeout=5)
    done = two.host(1).notify("publish", "far", "away", "--wait-for", "1")
    assert "delivered 1/1" in done.stderr
    watcher.wait_for_line(lambda line: '"far"' in line)
    (peer,) = two.host(1).json("peers")
    assert 0.1 <= peer["rtt"] < 0.5


def test_everything_arrives_where_a_third_of_all_frames_is_lost(lan: LanOf) -> None:
    three = lan(3)
    for host in three.hosts:
        three.loss(host.number, 30)
    watchers = [host.peer() for host in three.hosts]
    three.host(1).meets(three.host(2), three.host(3), timeout=40)
    text = "".join(f"{number}\n" for number in range(500))
    three.host(1).notify("publish", "lossy", "--lines", text=text)
    for watcher in watchers[1:]:
        watcher.wait_for_count(500, timeout=60)
        assert [event["text"] for event in events(watcher)] == text.split()


def test_a_publish_nobody_confirms_in_time_is_kept_and_says_so(lan: LanOf) -> None:
    (one,) = lan(1).hosts
    done = one.notify("publish", "chat", "hi", "--wait-for", "1", "--timeout", "1s", check=False)
    assert done.returncode == 3
    assert "kept" in done.stderr
    assert [event["text"] for event in one.json("history")] == ["hi"]


def test_fifty_publishers_at_once_on_one_host_share_a_node(lan: LanOf) -> None:
    one, two = lan(2).hosts
    watcher = two.peer()
    publishers = [one.follow("publish", "many", str(number)) for number in range(50)]
    failed = [str(publisher) for publisher in publishers if publisher.wait(timeout=30)]
    assert not failed
    watcher.wait_for_count(50, timeout=10)
    assert sorted(int(event["text"]) for event in events(watcher)) == list(range(50))
