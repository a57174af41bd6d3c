"""`history` and `topics`: what the log holds, with no node."""

import subprocess

import pytest

from tests.cli.home import COMMAND, Home


@pytest.fixture
def told(home: Home) -> Home:
    node = home.peer("--name", "ana")
    home.ok("publish", "builds.web", "--lines", stdin="one\ntwo\nthree\n")
    home.ok("publish", "chat", "disk is full", "--priority", "high")
    node.stop()
    return home


def texts(home: Home, *arguments: str) -> list[str]:
    return [event["text"] for event in home.ok("history", "--json", *arguments).objects]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((), ["one", "two", "three", "disk is full"]),
        (("builds.>",), ["one", "two", "three"]),
        (("chat", "nothing"), ["disk is full"]),
        (("--limit", "2"), ["three", "disk is full"]),
        (("--priority", "high"), ["disk is full"]),
        (("--search", "full disk"), ["disk is full"]),
        (("--since", "1h", "--until", "2100-01-01", "chat"), ["disk is full"]),
        (("--until", "1h"), []),
        (("--since", "all", "*.web"), ["one", "two", "three"]),
    ],
)
def test_what_is_asked_for_comes_oldest_first(
    told: Home, arguments: tuple[str, ...], wanted: list[str]
) -> None:
    assert texts(told, *arguments) == wanted


def test_columns_are_as_wide_as_the_widest(told: Home) -> None:
    lines = told.ok("history").lines
    assert {line.index(word) for line, word in zip(lines, ("one", "two"), strict=False)} == {
        lines[3].index("disk")
    }


def test_verbose_shows_the_ids(told: Home) -> None:
    identifier = told.ok("history", "--limit", "1", "--json").objects[0]["id"]
    assert told.ok("history", "--limit", "1", "-v").lines[0].startswith(identifier)


def test_an_empty_log_is_no_error(home: Home) -> None:
    done = home.ok("history")
    assert (done.out, done.err) == ("", "(the log holds nothing of that)\n")
    assert home.ok("history", "--json", "-q").err == ""
    assert home.ok("topics", "-q") == (0, "", "")


def test_topics_are_counted(told: Home) -> None:
    rows = told.ok("topics", "--json").objects
    assert [(row["topic"], row["events"], row["origins"]) for row in rows] == [
        ("builds.web", 3, 1),
        ("chat", 1, 1),
    ]
    assert told.ok("topics").lines[1].split()[:3] == ["builds.web", "3", "1"]


def test_a_reader_that_has_enough_ends_it_quietly(told: Home) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{COMMAND} history | head -1"],
        env=told.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.endswith("one\n")
    assert done.stderr == ""
