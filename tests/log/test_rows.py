"""Rows: batches and their events as readers get them."""

from contextlib import closing
from pathlib import Path

import pytest

from notify_tui.errors import StoreError, UnknownError
from notify_tui.log.rows import LogFile, Row, events_of, pick
from notify_tui.protocol.command import Remember
from notify_tui.protocol.event import Origin, Source, peer_id
from tests.log.author import NOON, SECOND, Author, store
from tests.log.desk import Desk, damage, rows


def only(desk: Desk) -> Row:
    (row,) = rows(desk.path)
    return row


def test_an_event_knows_where_it_comes_from(desk: Desk) -> None:
    author = Author()
    batch = author.batch("a", "b")
    desk.tell(store(batch, received=NOON + SECOND, repaired=True))
    origin = Origin(peer_id(author.key.origin), peer_id(author.key.origin))
    source = Source(author.key, origin, NOON + SECOND, NOON + SECOND, repaired=True)
    assert [(event.source, event.seq, event.text) for event in events_of(only(desk))] == [
        (source, 1, "a"),
        (source, 2, "b"),
    ]


def test_an_origin_bears_the_name_by_which_it_is_remembered(desk: Desk) -> None:
    author = Author()
    desk.tell(store(author.batch()))
    with closing(LogFile(desk.path)) as log:
        for name in ("ana", "ana@desk"):
            desk.tell(Remember(author.key.origin, name, (), 1, 0))
            assert [row.source.origin.name for row in log.rows("", ())] == [name]


def test_patterns_choose_by_topic(desk: Desk) -> None:
    desk.tell(store(Author("builds.web").batch("a")))
    row = only(desk)
    assert len(events_of(row, ("chat", "builds.*"))) == 1
    assert events_of(row, ("chat",)) == []


@pytest.mark.parametrize("places", [[0], [2, 0], [5, 4, 3, 2, 1, 0], [1, 6, 99]])
def test_some_events_of_a_batch_are_those_that_all_of_it_has(desk: Desk, places: list[int]) -> None:
    desk.tell(store(Author().batch(*"abcdef")))
    row = only(desk)
    events = events_of(row)
    assert pick(row, places) == [events[place] for place in places if place < 6]


def test_a_damaged_batch_has_as_many_events_as_it_had(desk: Desk) -> None:
    author = Author()
    desk.tell(store(author.batch("a", "b", "c")), store(author.batch("d")))
    damage(desk, "batches", 1)
    row, whole = rows(desk.path)
    events = events_of(row)
    assert [(event.seq, event.kind) for event in events] == [
        (1, "damaged"),
        (2, "damaged"),
        (3, "damaged"),
    ]
    assert pick(row, [1]) == events[1:2]
    assert pick(row, [0, 1, 2, 3, 4]) == events
    assert row.batch.header.time == NOON
    assert [event.text for event in events_of(whole)] == ["d"]


def test_a_log_that_is_not_there_is_unknown(path: Path) -> None:
    with pytest.raises(UnknownError, match="no node has run"):
        LogFile(path)


def test_a_log_that_breaks_while_it_is_read_is_a_sentence(desk: Desk) -> None:
    desk.tell(store(Author().batch()))
    with closing(LogFile(desk.path)) as log, pytest.raises(StoreError, match="cannot be used"):
        log.one("SELECT nonsense FROM nowhere")
