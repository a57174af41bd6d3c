"""Restore: what a damaged log gives back, so that the damage is repaired from others."""

from notify_tui.log.reader import LogReader
from notify_tui.log.schema import open_to_write
from notify_tui.protocol.command import Stored
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from tests.log.author import Author, store
from tests.log.desk import Desk, damage, rows, stream_of


def test_an_empty_log_gives_back_nothing(desk: Desk) -> None:
    restored = desk.restored
    assert (restored.streams, restored.peers, restored.settings) == ((), (), {})
    assert restored.position == 0


def test_a_damaged_newest_batch_is_lost_and_keeps_its_place_when_it_comes_again(
    desk: Desk,
) -> None:
    author = Author()
    first, second = author.batches(2)
    desk.tell(store(first), store(second))
    damage(desk, "batches", 2)
    again = Desk(desk.path)
    stream = stream_of(again.restored)
    assert (stream.placed, stream.lost) == (2, Intervals([(2, 2)]))
    assert [event.kind for row in rows(desk.path, 1) for event in
            LogReader.events(row)] == ["damaged"]  # fmt: skip
    third = author.batch()
    assert again.tell(store(third), store(second, late=True)) == [
        Stored(third, 3),
        Stored(second, 2),
    ]
    assert stream_of(again.reopen()).lost == Intervals()
    assert [row.batch for row in rows(desk.path)] == [first, second, third]


def test_a_damaged_held_batch_is_dropped_to_come_again(desk: Desk) -> None:
    author = Author()
    _, second, third = author.batches(3)
    desk.tell(store(second, placed=False), store(third, placed=False))
    damage(desk, "held", 2)
    assert stream_of(Desk(desk.path).reopen()).held == (third,)


def test_a_topic_that_is_not_in_the_frame_is_damage_too(desk: Desk) -> None:
    author = Author()
    desk.tell(store(author.batch()))
    desk.log.close()
    connection = open_to_write(desk.path)
    connection.execute("UPDATE streams SET topic = 'other'")
    connection.close()
    (row,) = rows(desk.path)
    assert row.source.key == StreamKey(author.key.origin, 1, "other")
    assert [event.kind for event in LogReader.events(row)] == ["damaged"]
