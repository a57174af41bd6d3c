"""`publish`: the id on stdout, the rest on stderr, and what the exit code means."""

import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import HomeOf
from tests.cli.home import Home, reach

ID = re.compile(r"[a-z2-7]{10}\.\d+")


def last(home: Home) -> dict[str, object]:
    """The newest event of the log, as JSON."""
    event: dict[str, object] = home.ok("history", "--limit", "1", "--json").objects[0]
    return event


def test_the_id_is_printed_and_nothing_else(home: Home) -> None:
    home.peer()
    done = home.ok("publish", "chat", "hello")
    assert ID.fullmatch(done.out.strip())
    assert done.err == ""
    assert last(home)["id"] == done.out.strip()


def test_every_field_arrives(home: Home) -> None:
    home.peer()
    first = home.ok("publish", "chat", "question").out.strip()
    home.ok(
        "publish", "builds.web", "done", "--title", "Build 7", "--priority", "urgent",
        "--tag", "ci", "--tag", "web", "--data", '{"sha": "1f3c"}', "--kind", "message",
        "--reply-to", first[:4] + first[10:], "--expires", "2100-01-01T00:00Z",
    )  # fmt: skip
    event = last(home)
    wanted = {
        "topic": "builds.web", "text": "done", "title": "Build 7", "priority": "urgent",
        "tags": ["ci", "web"], "data": {"sha": "1f3c"}, "kind": "message", "reply_to": first,
        "expires": "2100-01-01T00:00:00.000000Z",
    }  # fmt: skip
    assert wanted.items() <= event.items()


@pytest.mark.parametrize("arguments", [(), ("-",), ("--title", "T")])
def test_the_text_comes_from_stdin(home: Home, arguments: tuple[str, ...]) -> None:
    home.peer()
    home.ok("publish", "chat", *arguments, stdin="two\nlines\n")
    assert last(home)["text"] == "two\nlines"


def test_a_title_or_data_needs_no_text(home: Home) -> None:
    home.peer()
    home.ok("publish", "chat", "--data", "7")
    assert last(home)["text"] is None
    assert last(home)["data"] == 7


def test_json_prints_an_object(home: Home) -> None:
    home.peer()
    done = home.ok("publish", "chat", "hello", "--json")
    assert done.objects[0].items() >= {"topic": "chat", "seq": 1}.items()
    assert ID.fullmatch(done.objects[0]["id"])


def test_lines_are_published_as_they_come(home: Home) -> None:
    node = home.peer()
    read, write = os.pipe()
    command = home.start("publish", "logs", "--lines", stdin=Path(f"/dev/fd/{read}"))
    os.close(read)
    os.write(write, b"one\ntw")
    node.wait_for_line(lambda line: line.endswith("one"))
    ids = command.wait_for_count(1)
    os.write(write, b"o\n\nthree")
    node.wait_for_line(lambda line: line.endswith("two"))
    os.close(write)
    assert command.wait() == 0
    node.wait_for_line(lambda line: line.endswith("three"))
    assert [identifier.split(".")[1] for identifier in ids] == ["1", "2", "3"]


def test_a_bad_line_ends_it_and_those_before_are_kept(home: Home) -> None:
    home.peer()
    done = home.run("publish", "logs", "--lines", stdin=b"one\ntwo\n\xff\nfour\n")
    assert (done.code, len(done.lines)) == (2, 2)
    assert "line 3 is no UTF-8" in done.err
    assert [event["text"] for event in home.ok("history", "--json").objects] == ["one", "two"]


def test_a_thousand_lines_keep_their_order(home: Home) -> None:
    home.peer()
    done = home.ok("publish", "logs", "--lines", stdin="".join(f"{n}\n" for n in range(1000)))
    assert len(done.lines) == 1000
    texts = [event["text"] for event in home.ok("history", "--limit", "1000", "--json").objects]
    assert texts == [str(n) for n in range(1000)]


def test_waiting_names_who_holds_it(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    first = ana.peer("--name", "ana")
    ben.meets(first, "--name", "ben")
    done = ana.ok("publish", "chat", "hello", "--wait-for", "1", "--timeout", "10s")
    assert done.err == "delivered 1/1: ben\n"
    done = ana.ok("publish", "chat", "again", "--require", "ben", "--timeout", "10s", "--json")
    assert done.objects[1] == {"delivered": ["ben"], "waiting": [], "met": True}


def test_what_is_not_confirmed_in_time_is_kept_and_exits_3(home: Home) -> None:
    home.peer()
    done = home.run("publish", "chat", "hello", "--require", "zoe", "--timeout", "50ms")
    assert done.code == 3
    assert done.err == (
        "notify-tui: delivered 0/1 · waiting: zoe; it is kept, and delivered when they meet\n"
    )
    assert last(home)["id"] == done.out.strip()


def test_with_no_node_and_no_peer_it_is_kept(home: Home) -> None:
    done = home.ok("publish", "chat", "hello")
    assert done.err == "kept, no peer reached: leaves when a node next runs here\n"
    assert last(home)["id"] == done.out.strip()
    assert home.ok("-q", "publish", "chat", "again").err == ""


def test_with_no_node_it_is_delivered_to_whom_it_finds(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ana.peer("--name", "ana")
    done = ben.ok("publish", "chat", "cold", "--name", "ben", "--connect", reach(node))
    assert done.err == "kept, delivered to 1\n"
    assert last(ana)["text"] == "cold"
    assert not any("ben" in line for line in node.errors), "a one-shot joins without a word"


def test_many_at_once_with_no_node_are_all_kept(home: Home) -> None:
    commands = [home.start("publish", "chat", f"hello {n}") for n in range(8)]
    assert [command.wait(30) for command in commands] == [0] * 8
    texts = {event["text"] for event in home.ok("history", "--json").objects}
    assert texts == {f"hello {n}" for n in range(8)}
