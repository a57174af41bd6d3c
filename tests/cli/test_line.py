"""An event as people read it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from notify_tui.cli.ink import Ink, ink_for
from notify_tui.cli.line import Lines, json_text
from notify_tui.cli.visible import cells
from notify_tui.protocol.event import Content, Event, Origin, Priority, Source, StreamKey

DRY = Ink(wet=False)
NOW = 1_795_517_000_000_000_000


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def event(topic: str = "builds.web", name: str = "ana", at: int = NOW, **fields: Any) -> Event:
    key = StreamKey(bytes(32), 1, topic)
    return Event(Source(key, Origin("tjja2w3bvv66hpue", name), NOW, at), 7, Content(at, **fields))


def test_a_line_has_time_glyph_name_topic_and_text_in_their_gutters() -> None:
    lines = Lines(DRY, None)
    line = lines.line(event(text="deployed", priority=Priority.URGENT), NOW)
    assert line == "10:43:20  !!  ana       builds.web  deployed"


@pytest.mark.parametrize(
    ("priority", "glyph"),
    [(Priority.URGENT, "!!"), (Priority.HIGH, "! "), (Priority.NORMAL, "  "), (Priority.LOW, "· "),
     (Priority.MIN, "··"), (99, "!!")],
)  # fmt: skip
def test_a_glyph_says_the_severity(priority: int, glyph: str) -> None:
    assert Lines(DRY, None).line(event(text="x", priority=priority), NOW)[10:12] == glyph


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "a", "title": "T"}, "T · a"),
        ({"title": "T"}, "T"),
        ({"data": {"sha": "1f3c"}}, '{"sha":"1f3c"}'),
        ({"text": "a", "tags": ("x", "y")}, "a #x #y"),
        ({"text": "yes", "kind": "ack"}, "(ack) yes"),
        ({"text": "hi", "kind": "message"}, "hi"),
        ({"text": "\x1b[2Jone\ntwo"}, "␛[2Jone↵two"),
        ({"text": "x", "kind": "\x1b", "title": "\x07", "tags": ("\x9b",)}, "(␛) ␇ · x #<U+009B>"),
    ],
)
def test_the_last_column_says_what_the_event_says(fields: dict[str, Any], said: str) -> None:
    assert Lines(DRY, None).line(event(**fields), NOW).endswith(f"builds.web  {said}")


def test_a_hostile_name_and_topic_are_shown() -> None:
    line = Lines(DRY, None).line(event(topic="a\x1b", name="\u202eana", text="x"), NOW)
    assert "\x1b" not in line
    assert "<U+202E>ana" in line


def test_columns_grow_to_the_widest_and_stay() -> None:
    lines = Lines(DRY, None)
    lines.measure(event(topic="builds.web.nightly"))
    wide = lines.line(event(topic="a", text="x"), NOW)
    assert wide == "10:43:20      ana       a                   x"


def test_on_a_terminal_nothing_is_wider_than_it_and_text_hangs_in_its_column() -> None:
    lines = Lines(DRY, 80)
    rows = lines.line(event(name="a" * 40, topic="t" * 60, text="word " * 40), NOW).split("\n")
    assert all(cells(row) <= 80 for row in rows)
    assert len(rows) > 3
    indent = rows[0].index("word")
    assert {len(row) - len(row.lstrip()) for row in rows[1:]} == {indent}
    assert "aaa…" in rows[0]


def test_a_pipe_gets_one_uncut_line() -> None:
    line = Lines(DRY, None).line(event(name="a" * 40, topic="t" * 60, text="word " * 40), NOW)
    assert "\n" not in line
    assert "a" * 40 in line
    assert "t" * 60 in line


def test_another_day_has_a_rule_on_a_terminal_and_a_date_in_a_pipe() -> None:
    day = 86_400_000_000_000
    lines = Lines(DRY, 80)
    rule, _ = lines.line(event(text="x", at=NOW - day), NOW).split("\n")
    assert rule.strip("─") == " Mon 23 Nov 2026 "
    assert "\n" not in lines.line(event(text="x", at=NOW - day), NOW)
    assert lines.line(event(text="x"), NOW).startswith("─")
    assert Lines(DRY, None).line(event(at=NOW - day), NOW).startswith("2026-11-23 10:43:20  ")


def test_a_time_well_ahead_is_shown_as_the_time_of_receipt() -> None:
    assert Lines(DRY, None).line(event(at=2**63 - 1), NOW).startswith("10:43:20")


def test_ids_stand_before_the_line_when_wanted() -> None:
    wanted = event(text="x")
    line = Lines(DRY, None, ids=True).line(wanted, NOW)
    assert line.startswith(f"{wanted.id}    10:43:20")


def test_ink_paints_on_a_terminal_only() -> None:
    line = Lines(Ink(wet=True), None).line(event(text="down", priority=Priority.URGENT), NOW)
    assert "\x1b[1;31m!!\x1b[0m" in line
    assert "\x1b[1;31mdown\x1b[0m" in line


class Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "wet"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_ink_obeys_no_color(environ: dict[str, str], wet: bool) -> None:
    assert ink_for(Terminal(), environ).wet is wet  # type: ignore[arg-type]


def test_json_text_is_safe_on_a_terminal() -> None:
    assert json_text({"a": "\x1b\x9b\u202e é"}) == '{"a":"\\u001b\\u009b\\u202e é"}'
