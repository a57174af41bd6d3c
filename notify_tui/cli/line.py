"""An event as people read it: `10:41:58  !!  ana  builds.web  text`, in fixed gutters."""

import time
from itertools import groupby

import msgspec

from notify_tui.cli.ink import Ink
from notify_tui.cli.visible import cells, fitted, visible, visible_json
from notify_tui.protocol.event import Event, Priority

GLYPHS = {
    Priority.URGENT: "!!",
    Priority.HIGH: "! ",
    Priority.NORMAL: "  ",
    Priority.LOW: "· ",
    Priority.MIN: "··",
}
_STYLES = {
    Priority.URGENT: "alarm",
    Priority.HIGH: "warn",
    Priority.LOW: "dim",
    Priority.MIN: "dim",
}
_PLAIN_KINDS = ("notice", "message")
_AHEAD = 60_000_000_000
_GUTTER = "  "
_NARROWEST_TEXT = 24


class Lines:
    """Makes lines of events; a column grows with what it has seen and never shrinks.

    `width` is the terminal's columns, or None where lines are not cut or wrapped (a pipe).
    `now` is ns since 1970: a time well ahead of it is shown as the time of receipt.
    """

    def __init__(self, ink: Ink, width: int | None, *, ids: bool = False) -> None:
        self._ink = ink
        self._width = width
        self._ids = ids
        self._columns = {"name": 8, "topic": 10}
        self._widest = {"name": 14, "topic": max(20, (width or 80) // 4)}
        self._day = ""

    def measure(self, event: Event) -> None:
        """Let the columns be as wide as this event needs, before its line is made."""
        self._grow("name", visible(event.origin.name))
        self._grow("topic", visible(event.topic))

    def _grow(self, column: str, text: str) -> None:
        wanted = min(cells(text), self._widest[column])
        self._columns[column] = max(self._columns[column], wanted)

    def line(self, event: Event, now: int) -> str:
        """The event's line (wrapped on a terminal), without the last newline."""
        self.measure(event)
        moment = time.localtime(_believed(event, now) // 1_000_000_000)
        style = _STYLES.get(event.priority, "")
        head = [
            self._ink.paint("dim", self._clock(moment, now)),
            self._ink.paint(style, GLYPHS[event.priority]),
            self._ink.paint("name", self._column("name", visible(event.origin.name))),
            self._column("topic", visible(event.topic)),
        ]
        if self._ids:
            head.insert(0, self._ink.paint("dim", fitted(str(event.id), 14)))
        line = self._wrapped(_GUTTER.join(head), self._indent(), self._said(event, style))
        return self._new_day(moment, now) + line

    def aside(self, event: Event, now: int) -> str:
        """A quiet line of the time and the text alone."""
        moment = time.localtime(_believed(event, now) // 1_000_000_000)
        return self._ink.paint("dim", f"{self._clock(moment, now)}  {visible(event.text)}")

    def _column(self, column: str, text: str) -> str:
        if self._width is None:
            return text + " " * max(0, self._columns[column] - cells(text))
        return fitted(text, self._columns[column])

    def _clock(self, moment: time.struct_time, now: int) -> str:
        if self._width is None and _day(moment) != _day(time.localtime(now // 1_000_000_000)):
            return time.strftime("%Y-%m-%d %H:%M:%S", moment)
        return time.strftime("%H:%M:%S", moment)

    def _indent(self) -> int:
        ids = 14 + len(_GUTTER) if self._ids else 0
        return ids + 8 + 2 + sum(self._columns.values()) + 4 * len(_GUTTER)

    def _new_day(self, moment: time.struct_time, now: int) -> str:
        day, before = _day(moment), self._day or _day(time.localtime(now // 1_000_000_000))
        self._day = day
        if self._width is None or day == before:
            return ""
        rule = f" {time.strftime('%a %d %b %Y', moment)} ".center(min(self._width, 80), "─")
        return self._ink.paint("dim", rule) + "\n"

    def _said(self, event: Event, style: str) -> list[tuple[str, str]]:
        """(word, style) pairs of all that stands in the last column."""
        words: list[tuple[str, str]] = []
        if event.kind not in _PLAIN_KINDS:
            words += _words(f"({event.kind})", "dim")
        words += _words(event.title, style if style == "dim" else "bold")
        if event.title and event.text:
            words.append(("·", "dim"))
        words += _words(event.text or (_data(event) if not event.title else ""), style)
        words += _words(" ".join(f"#{tag}" for tag in event.tags), "dim")
        return words

    def _wrapped(self, head: str, indent: int, words: list[tuple[str, str]]) -> str:
        room = (self._width or 0) - indent
        if room < _NARROWEST_TEXT:
            return f"{head}{_GUTTER}{self._painted(words)}".rstrip()
        rows = [self._painted(row) for row in _rows(words, room)] or [""]
        return ("\n" + " " * indent).join([head + _GUTTER + rows[0], *rows[1:]]).rstrip()

    def _painted(self, words: list[tuple[str, str]]) -> str:
        runs = groupby(words, key=lambda pair: pair[1])
        return " ".join(
            self._ink.paint(style, " ".join(word for word, _ in run)) for style, run in runs
        )


def _rows(words: list[tuple[str, str]], room: int) -> list[list[tuple[str, str]]]:
    rows: list[list[tuple[str, str]]] = []
    taken = room
    for word, style in words:
        size = cells(word)
        if taken + 1 + size > room:
            rows.append([])
            taken = -1
        rows[-1].append((word, style))
        taken += 1 + size
    return rows


def _words(text: str, style: str) -> list[tuple[str, str]]:
    return [(word, style) for word in visible(text).split(" ")] if text else []


def _data(event: Event) -> str:
    return "" if event.data is None else json_text(event.data)


def _believed(event: Event, now: int) -> int:
    return event.received if event.time > now + _AHEAD else event.time


def _day(moment: time.struct_time) -> str:
    return time.strftime("%Y-%m-%d", moment)


def json_text(value: object) -> str:
    """The value as one line of JSON that is safe on a terminal."""
    try:
        encoded = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        encoded = msgspec.json.encode(f"(not JSON: {str(value)[:200]})").decode()
    return visible_json(encoded)
