"""A cursor that follows the log: live or history, gaps left by retention, its end."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from notify_tui.client.subscription import PAGE, SLACK, Subscription, is_history
from notify_tui.errors import SilenceError
from notify_tui.log.reader import LogReader
from notify_tui.protocol.event import Origin, Source, StreamKey

LONG_AGO = 1
FAR_AHEAD = 2**62


class FakeLog:
    """Rows by position; an event is just its row's word."""

    def __init__(self, *words: str) -> None:
        self.rows = [row(position, word) for position, word in enumerate(words, 1)]
        self.reads = 0

    def read(self, after: int, limit: int) -> list[Any]:
        self.reads += 1
        return [row for row in self.rows if row.position > after][:limit]

    def events(self, row: Any, patterns: tuple[str, ...]) -> list[str]:
        return [row.word] if row.source.key.topic in patterns else []

    def add(self, word: str, **source: Any) -> int:
        self.rows.append(row(len(self.rows) + 1, word, **source))
        return len(self.rows)


def row(position: int, word: str, **changes: Any) -> Any:
    fields = {"received": 0, "local_time": LONG_AGO, **changes}
    source = Source(StreamKey(b"", 1, "chat"), Origin("ana", "ana"), **fields)
    return SimpleNamespace(position=position, word=word, source=source)


def following(log: FakeLog, wakes: Iterator[int | None], position: int = 0, **options: Any) -> Any:
    options = {"history": True, "timeout": None, **options}
    return Subscription(
        cast("LogReader", log), lambda *_: next(wakes), ("chat",), position, **options
    )


def to_the_end(log: FakeLog, position: int = 0, **options: Any) -> list[Any]:
    options = {"history": True, "timeout": None, **options}
    return list(Subscription(cast("LogReader", log), None, ("chat",), position, **options))


def test_it_reads_page_by_page_from_its_position_to_the_end() -> None:
    words = [str(number) for number in range(2 * PAGE + 5)]
    log = FakeLog(*words)
    assert to_the_end(log, position=3) == words[3:]
    assert log.reads == 4


def test_a_live_one_goes_on_when_it_is_woken() -> None:
    log = FakeLog("one")
    events = following(log, iter([2]))
    assert next(events) == "one"
    log.add("two")
    assert next(events) == "two"
    assert events.position == 2


def test_silence_ends_it_with_an_error() -> None:
    events = following(FakeLog("one"), iter([None]), timeout=0.5)
    assert next(events) == "one"
    with pytest.raises(SilenceError, match=r"within 0\.5 s"):
        next(events)


def test_after_an_error_it_goes_on_where_it_was() -> None:
    log = FakeLog("one")
    events = following(log, iter([None, 2]), timeout=0.5)
    assert next(events) == "one"
    with pytest.raises(SilenceError):
        next(events)
    log.add("two")
    assert next(events) == "two"


def test_what_is_history_depends_on_when_it_is_said_to_have_begun() -> None:
    log = FakeLog()
    log.add("by repair", repaired=True, local_time=5 * SLACK)
    assert to_the_end(log, history=False, began=5 * SLACK) == ["by repair"]
    assert to_the_end(log, history=False, began=7 * SLACK) == []


def test_the_time_that_is_left_is_what_it_waits() -> None:
    waits: list[float | None] = []

    def wake(_: int, seconds: float | None) -> None:
        waits.append(seconds)

    with pytest.raises(SilenceError):
        next(
            Subscription(cast("LogReader", FakeLog()), wake, ("chat",), 0, history=False, timeout=7)
        )
    assert waits[0] is not None
    assert 6 < waits[0] <= 7


def test_what_retention_took_from_under_it_is_passed_by() -> None:
    log = FakeLog()
    events = following(log, iter([40, None]), timeout=1)
    with pytest.raises(SilenceError):
        next(events)
    assert events.position == 40


def test_other_topics_are_passed_over() -> None:
    log = FakeLog("one")
    log.rows[0].source = Source(StreamKey(b"", 1, "logs"), Origin("a", "a"), 0, 0)
    assert to_the_end(log) == []


def test_what_was_published_before_it_began_and_repaired_is_history() -> None:
    log = FakeLog()
    log.add("old, came live")
    log.add("old, came by repair", repaired=True)
    log.add("since, came by repair", repaired=True, local_time=FAR_AHEAD)
    assert to_the_end(log, history=False) == ["old, came live", "since, came by repair"]
    assert len(to_the_end(log, history=True)) == 3


@pytest.mark.parametrize(
    ("repaired", "local_time", "history"),
    [(True, -SLACK - 1, True), (True, -SLACK, False), (False, -SLACK - 1, False)],
)
def test_history_is_what_was_repaired_from_before_the_reader(
    repaired: bool, local_time: int, history: bool
) -> None:
    began = 10
    source = row(1, "", repaired=repaired, local_time=began + local_time).source
    assert is_history(source, began) is history
