"""stdout: data, one event or object a line, for people or as JSON Lines."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from notify_tui.cli.ink import ink_for
from notify_tui.cli.line import Lines, json_text
from notify_tui.protocol.event import Event, as_json


class Paper:
    """Writes events and objects to a stream; `ids` puts each event's id before its line."""

    def __init__(self, *, as_json: bool, ids: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._json = as_json
        self._lines = Lines(ink_for(self._stream), columns(self._stream), ids=ids)

    def event(self, event: Event) -> None:
        """Write the event and let it go at once: whoever reads a pipe sees it now."""
        self._stream.write(self._written(event) + "\n")
        self._stream.flush()

    def events(self, events: Sequence[Event]) -> None:
        """Write a list whose columns are as wide as its widest needs."""
        for event in events:
            self._lines.measure(event)
        for event in events:
            self._stream.write(self._written(event) + "\n")

    def aside(self, event: Event) -> None:
        """Write an event that nobody published: when, and what."""
        self._stream.write(self._lines.aside(event, time.time_ns()) + "\n")
        self._stream.flush()

    def objects(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Write JSON Lines."""
        for item in objects:
            self._stream.write(json_text(item) + "\n")
        self._stream.flush()

    def _written(self, event: Event) -> str:
        if self._json:
            return json_text(as_json(event))
        return self._lines.line(event, time.time_ns())


def columns(stream: TextIO) -> int | None:
    """The terminal's width, or None when the stream is no terminal."""
    if not stream.isatty():
        return None
    if (told := os.environ.get("COLUMNS", "")).isdecimal() and int(told) > 0:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80
