"""History: time order, and what people ask of it."""

from collections.abc import Iterator

import pytest

from notify_tui.errors import UnknownError
from notify_tui.log import history
from notify_tui.log.history import Moment
from notify_tui.log.reader import LogReader
from notify_tui.protocol.command import Remember
from notify_tui.protocol.event import Content, Event, Priority
from tests.log.author import NOON, SECOND, Author, store
from tests.log.desk import Desk


@pytest.fixture
def reader(desk: Desk) -> Iterator[LogReader]:
    with LogReader(desk.path) as reader:
        yield reader


def said(events: list[Event]) -> str:
    return " ".join(event.text for event in events)


def tell(desk: Desk, *moments: tuple[Author, float, str]) -> None:
    """Publish lines; each word of a text is an event."""
    for author, seconds, text in moments:
        author.time = NOON + int(seconds * SECOND)
        desk.tell(store(author.batch(*text.split())))


def test_people_read_by_time_whatever_came_first(desk: Desk, reader: LogReader) -> None:
    ana, bob = Author(name="ana"), Author(name="bob")
    tell(desk, (ana, 5, "c d"), (bob, 1, "a"), (bob, 3, "b"), (ana, 9, "e"))
    assert said(reader.history()) == "a b c d e"
    assert said(reader.history(limit=2)) == "d e"
    assert reader.history(limit=0) == []


def test_what_came_at_the_same_time_stands_in_log_order(desk: Desk, reader: LogReader) -> None:
    ana, bob = Author(name="ana"), Author(name="bob")
    tell(desk, (bob, 1, "a"), (ana, 1, "b"))
    assert said(reader.history()) == "a b"


def test_a_clock_that_is_ahead_does_not_stand_at_the_end_for_ever(
    desk: Desk, reader: LogReader
) -> None:
    ana, bob = Author(name="ana"), Author(name="bob")
    ana.time = NOON + 3600 * SECOND
    desk.tell(store(ana.batch("future"), received=NOON))
    tell(desk, (bob, 1, "now"))
    bob.time = NOON + 60 * SECOND
    desk.tell(store(bob.batch("soon"), received=NOON))
    assert said(reader.history()) == "future now soon"


def test_since_is_kept_in_and_until_is_left_out(desk: Desk, reader: LogReader) -> None:
    ana = Author()
    tell(desk, *((ana, second, letter) for second, letter in enumerate("abcde")))
    since, until = NOON + SECOND, NOON + 3 * SECOND
    assert said(reader.history(since=since)) == "b c d e"
    assert said(reader.history(until=until)) == "a b c"
    assert said(reader.history(since=since, until=until)) == "b c"


@pytest.mark.parametrize("few", [0, 5000])
def test_each_filter_leaves_out_what_does_not_fit(
    desk: Desk, reader: LogReader, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(history, "FEW", few)
    web, chat, peers = Author("builds.web"), Author("chat", name="bob"), Author("_peers")
    loud = Content(NOON, "loud", priority=Priority.URGENT)
    high = Content(NOON, "high", priority=Priority.HIGH)
    low = Content(NOON, "low", priority=Priority.LOW)
    tell(desk, (web, 1, "a b"), (chat, 2, "c"), (peers, 3, "joined"))
    desk.tell(store(web.batch("d", high, loud)), store(chat.batch(low, "e")))
    desk.tell(Remember(chat.key.origin, "bob", (), 1, 0))
    assert said(reader.history(["builds.>"])) == "a b d high loud"
    assert said(reader.history([">"])) == "a b c d high loud low e"
    assert said(reader.history(["nothing.*"])) == ""
    assert said(reader.history(origin="bob")) == "c low e"
    assert said(reader.history(["builds.>"], origin="bob")) == ""
    assert said(reader.history(priority=Priority.URGENT)) == "loud"
    assert said(reader.history(priority=Priority.HIGH)) == "high loud"
    assert said(reader.history(["builds.>"], priority=Priority.HIGH)) == "high loud"
    assert said(reader.history(["chat"], priority=Priority.NORMAL)) == "c e"
    with pytest.raises(UnknownError):
        reader.history(origin="carol")


def test_a_view_moves_through_time_in_pages(desk: Desk, reader: LogReader) -> None:
    ana, bob = Author(name="ana"), Author("chat", name="bob")
    tell(desk, (ana, 4, "d"), (bob, 1, "a"), (bob, 2, "b"), (ana, 5, "e"), (bob, 2.5, "c"))

    def shown(before: Moment | None = None, after: Moment | None = None, *topics: str) -> str:
        page = reader.timeline(topics, before=before, after=after, limit=2)
        return said([event for row in page for event in reader.events(row)])

    assert shown() == "d e"
    first = reader.timeline(limit=2)[0]
    assert shown(before=Moment(first.moment, first.position)) == "b c"
    assert shown(after=Moment(NOON + 2 * SECOND, 3)) == "c d"
    assert shown(None, None, "chat") == "b c"
    assert shown(Moment(NOON + 5 * SECOND, 1), Moment(NOON + 2 * SECOND, 99)) == "c d"


@pytest.mark.parametrize("few", [0, 5000])
def test_a_search_is_answered_in_time_order(
    desk: Desk, reader: LogReader, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(history, "FEW", few)
    monkeypatch.setattr(history, "HITS", 3)
    ana, bob = Author(name="ana"), Author("chat", name="bob")
    for author, seconds, texts in (
        (ana, 5, ("disk full", "disk 3 ok", "all well")),
        (bob, 1, ("the disk is slow",)),
        (ana, 9, (Content(NOON, "DISK!", priority=Priority.HIGH),)),
        (bob, 7, ("a new disk", "yes")),
    ):
        author.time = NOON + seconds * SECOND
        desk.tell(store(author.batch(*texts)))

    def found(*topics: str, limit: int = 100, priority: int | None = None) -> list[str]:
        events = reader.history(topics, search="disk", limit=limit, priority=priority)
        return [event.text for event in events]

    assert found("chat") == ["the disk is slow", "a new disk"]
    assert found("builds.web") == ["disk full", "disk 3 ok", "DISK!"]
    assert found(limit=2) == ["a new disk", "DISK!"]
    assert found(priority=Priority.HIGH) == ["DISK!"]
    assert found("nothing") == []
    assert sorted(found()) == sorted(
        ["the disk is slow", "disk full", "disk 3 ok", "a new disk", "DISK!"]
    )
    assert reader.history(search="") == []
