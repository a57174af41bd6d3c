"""Where a reader begins."""

from typing import Any

import pytest

from notify_tui.cli.moment import SECOND
from notify_tui.cli.start import Skip, Start, moment_of, start_of
from notify_tui.errors import UnknownError, UsageError
from notify_tui.protocol.event import Content, Event, EventId, Origin, Source, StreamKey

NOW = 1_795_517_000 * SECOND


def event(seq: int) -> Event:
    source = Source(StreamKey(bytes(32), 1, "chat"), Origin("x", "ana"), NOW - 7, NOW)
    return Event(source, seq, Content(NOW - 9))


class FakeReader:
    """Knows one event, at position 30; each ns is a position."""

    def find(self, wanted: EventId) -> Event:
        if wanted.seq != 1:
            raise UnknownError(f"event {wanted} is not in this log")
        return event(1)

    def position_at(self, received: int) -> int:
        return received

    def position_of(self, wanted: EventId) -> int:
        assert wanted == event(1).id
        return 30


READER: Any = FakeReader()


def test_all_is_the_beginning() -> None:
    assert start_of("all", NOW, READER) == Start(0)


def test_a_duration_or_time_is_a_position() -> None:
    assert start_of("10s", NOW, READER) == Start(NOW - 10 * SECOND)
    assert start_of("1970-01-01T00:00Z", NOW, READER) == Start(0)


@pytest.mark.parametrize("text", ["kq3v7m2xab.1", "KQ3V.1", "7d.1"])
def test_an_id_is_a_position_before_it_and_what_to_skip(text: str) -> None:
    assert start_of(text, NOW, READER) == Start(29, event(1).id)
    assert moment_of(text, "--since", NOW, READER) == NOW - 9


def test_what_is_nothing_of_that_is_refused() -> None:
    with pytest.raises(UsageError, match="--since"):
        start_of("soon", NOW, READER)
    with pytest.raises(UnknownError):
        start_of("kq3v.2", NOW, READER)


def test_without_a_log_only_ids_are_unknown() -> None:
    assert start_of("10s", NOW, None) == Start(0)
    with pytest.raises(UnknownError):
        start_of("kq3v.1", NOW, None)


def test_skipping_ends_behind_the_event() -> None:
    skip = Skip(Start(0, event(2).id))
    assert [seq for seq in (1, 2, 3, 4) if skip(event(seq))] == [3, 4]
    assert Skip(Start(0))(event(1))


def test_skipping_ends_where_the_event_itself_is_not_wanted() -> None:
    elsewhere = EventId("zzzzzzzzzz", 7)
    assert Skip(Start(0, elsewhere))(event(1))


def test_what_comes_late_after_the_event_is_not_skipped() -> None:
    skip = Skip(Start(0, event(3).id))
    assert [seq for seq in (2, 3, 1, 4) if skip(event(seq))] == [1, 4]
    overtaken = Skip(Start(0, event(3).id))
    assert [seq for seq in (5, 1) if overtaken(event(seq))] == [5, 1]
