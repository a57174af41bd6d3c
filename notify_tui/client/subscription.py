"""Subscription: a cursor on the log that follows it.

Live or history: for a reader without `since`, an event is history if it came by repair and
its time, by this machine's clock, lies before the reader began. History is passed over.
"""

import time
from collections.abc import Callable, Iterator

from notify_tui.errors import NotifyError, SilenceError
from notify_tui.log.reader import LogReader, Row
from notify_tui.protocol.event import Event, Source

SLACK = 250_000_000
"""ns by which a batch's time may lie before its publish: a turn of its node, a clock's error."""
PAGE = 64
"""Batches read at a time."""

Wake = Callable[[int, float | None], int | None]
"""(position, seconds): the log's newest position once it is above that one; None in time."""


class Subscription:
    """An iterator of events in log order; begins behind `position`. It can be gone on with
    after an error, without loss.

    Raises from `next`:
        SilenceError: `timeout` seconds after it was made, if it is followed that long.
        NodeError: the node has ended or is stopped.
    """

    def __init__(
        self,
        reader: LogReader,
        wake: Wake | None,
        patterns: tuple[str, ...],
        position: int,
        *,
        history: bool,
        timeout: float | None,
        began: int | None = None,
    ) -> None:
        """`wake` is None for a reader that ends where the log ends; `began` is ns since 1970,
        now when None."""
        self._reader = reader
        self._wake = wake
        self._patterns = patterns
        self._position = position
        self._history = history
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._began = time.time_ns() if began is None else began
        self._events = self._follow()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            return next(self._events)
        except NotifyError:
            self._events = self._follow()
            raise

    @property
    def position(self) -> int:
        """The batch that the last event was in."""
        return self._position

    def _follow(self) -> Iterator[Event]:
        while True:
            rows = self._reader.read(self._position, PAGE)
            for row in rows:
                self._position = row.position
                yield from self._wanted(row)
            if not rows and not self._await():
                return

    def _wanted(self, row: Row) -> list[Event]:
        if not self._history and is_history(row.source, self._began):
            return []
        return self._reader.events(row, self._patterns)

    def _await(self) -> bool:
        if self._wake is None:
            return False
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        position = self._wake(self._position, left)
        if position is None:
            raise SilenceError(f"nothing came within {self._timeout:g} s")
        if not self._reader.read(self._position, 1):
            self._position = position  # what stood there is gone: retention was faster
        return True


def is_history(source: Source, began: int) -> bool:
    """Whether a reader that began then (ns since 1970) has missed it, rather than met it live."""
    return source.repaired and source.local_time < began - SLACK
