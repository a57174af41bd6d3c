"""Log: one thread, one transaction for all that waits, and no failure that ends it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from notify_tui.errors import StoreError
from notify_tui.log.writer import KEPT, READS, SETTLE_IDLE, Log
from notify_tui.protocol.command import (
    Found,
    Note,
    Outcome,
    Place,
    Placed,
    Raise,
    Read,
    Resume,
    Stored,
    StoreFailed,
)
from tests.log.author import Author, store
from tests.log.desk import PATIENCE, Desk, damage, rows


@contextmanager
def full(desk: Desk) -> Iterator[None]:
    """The database may not grow by a page."""
    (pages,) = desk.log._db.execute("PRAGMA page_count").fetchone()
    desk.log._db.execute(f"PRAGMA max_page_count = {pages}")
    yield
    desk.log._db.execute("PRAGMA max_page_count = 1000000")


def test_what_waits_becomes_one_transaction(path: Path) -> None:
    arrived, go = threading.Event(), threading.Event()
    said: SimpleQueue[list[Outcome]] = SimpleQueue()

    def deliver(outcomes: list[Outcome]) -> None:
        arrived.set()
        go.wait(PATIENCE)
        said.put(outcomes)

    log, author = Log(path, deliver), Author()
    log.open()
    statements: list[str] = []
    log._db.set_trace_callback(statements.append)
    log.start()
    log.post([store(author.batch())])
    assert arrived.wait(PATIENCE)
    for _ in range(5):
        log.post([store(author.batch()), store(author.batch())])
    go.set()
    assert [outcome.position for outcome in said.get(timeout=PATIENCE)] == [1]  # type: ignore[union-attr]
    assert [outcome.position for outcome in said.get(timeout=PATIENCE)] == list(range(2, 12))  # type: ignore[union-attr]
    assert statements.count("COMMIT") == 2
    log.close()


def test_what_is_told_is_in_the_log(desk: Desk) -> None:
    batch = Author().batch()
    desk.tell(store(batch))
    assert [row.batch for row in rows(desk.path)] == [batch]


def test_closing_finishes_what_was_posted_and_leaves_one_file(path: Path) -> None:
    said: list[Outcome] = []
    log, batches = Log(path, said.extend), Author().batches(50)
    log.open()
    log.start()
    for batch in batches:
        log.post([store(batch)])
    log.close()
    log.close()
    assert said == [Stored(batch, position) for position, batch in enumerate(batches, 1)]
    assert sorted(file.name for file in path.parent.iterdir()) == ["log.ballast", "log.db"]


def test_closing_answers_no_read_any_more(path: Path) -> None:
    said: list[Outcome] = []
    log, batch = Log(path, said.extend), Author().batch()
    log.open()
    log.post([store(batch), *(Read(token, batch.key, ((1, 1),), 1, 0) for token in range(100))])
    log.close()
    assert said == [Stored(batch, 1)]


def test_reads_beyond_what_may_wait_are_answered_with_nothing_the_oldest_first(desk: Desk) -> None:
    batch = Author().batch()
    desk.tell(store(batch))
    asked = [Read(token, batch.key, ((1, 1),), 1, 0) for token in range(READS + 9)]
    outcomes = desk.tell(*asked)
    assert outcomes[:10] == [Found(token, (), b"") for token in range(10)]
    assert outcomes[10:] == [Found(read.token, (batch.frame,), b"") for read in asked[10:]]


def test_a_log_that_never_started_can_be_closed(path: Path) -> None:
    Log(path, print).close()
    log = Log(path, print)
    log.open()
    log.close()


def test_a_full_disk_fails_all_that_was_posted_together(desk: Desk) -> None:
    author, other = Author(), Author("chat")
    desk.tell(store(author.batch()), store(other.batch()))
    batches = [author.batch("small"), other.batch("x" * 20_000)]
    with full(desk):
        outcomes = desk.tell(Note("boot", "9"), *map(store, batches))
    assert [outcome.batch for outcome in outcomes] == batches  # type: ignore[union-attr]
    assert {outcome.reason for outcome in outcomes} == {  # type: ignore[union-attr]
        f"the disk that holds {desk.path} is full; make room, and publishing goes on"
    }
    assert desk.reopen().settings == {}


def test_after_a_failure_every_store_fails_until_it_was_taken_in(desk: Desk) -> None:
    author = Author()
    first = author.batch()
    desk.tell(store(first))
    second = author.batch("x" * 20_000)
    with full(desk):
        (failed,) = desk.tell(store(second))
    assert isinstance(failed, StoreFailed)
    third = author.batch()
    assert desk.tell(Note("boot", "9"), store(third), Raise(author.key, 1)) == [
        StoreFailed(third, failed.reason)
    ]
    assert desk.tell(store(third), Resume(), store(second)) == [
        StoreFailed(third, failed.reason),
        Stored(second, 2),
    ]
    assert desk.tell(store(third), Resume()) == [Stored(third, 3)]
    restored = desk.reopen()
    assert restored.settings == {}
    assert [stream.baseline for stream in restored.streams] == [0]


@contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """Another process writes, and does not end."""
    desk.log._db.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_what_failed_without_a_store_is_tried_again_and_refuses_nothing(desk: Desk) -> None:
    author = Author()
    first, second, third = author.batches(3)
    desk.tell(store(first), store(third, placed=False))
    with locked(desk):
        assert desk.tell(Note("boot", "8")) == []
        assert desk.tell(Raise(author.key, 2), Note("boot", "9"), Place(author.key, 3)) == []
    fourth = author.batch()
    assert desk.tell(store(fourth)) == [Placed(author.key, 3, 2), Stored(fourth, 3)]
    restored = desk.reopen()
    assert restored.settings == {"boot": "9"}
    assert [(stream.baseline, stream.placed) for stream in restored.streams] == [(2, 4)]
    assert second.last == 2


def test_what_failed_without_a_store_is_tried_again_at_the_close(desk: Desk) -> None:
    with locked(desk):
        desk.tell(Note("boot", "9"))
    assert desk.reopen().settings == {"boot": "9"}


def test_what_failed_without_a_store_goes_down_with_a_store_that_fails(desk: Desk) -> None:
    batch = Author().batch()
    with locked(desk):
        desk.tell(Note("boot", "8"))
        (failed,) = desk.tell(store(batch))
        assert isinstance(failed, StoreFailed)
    assert desk.tell(Resume(), Note("epoch", "2"), store(batch)) == [Stored(batch, 1)]
    assert desk.reopen().settings == {"epoch": "2"}, "its node says again what it lost"


def test_a_log_that_keeps_failing_keeps_a_bounded_number_of_jobs_and_says_so(desk: Desk) -> None:
    batch = Author().batch()
    with locked(desk):
        assert desk.tell(*(Note("boot", str(number)) for number in range(KEPT))) == []
        assert desk.tell(Note("boot", "more")) == []
    (failed,) = desk.tell(store(batch))
    assert isinstance(failed, StoreFailed)
    assert "locked" in failed.reason
    assert desk.tell(Resume(), store(batch)) == [Stored(batch, 1)]
    assert desk.reopen().settings == {}


def test_a_held_batch_stays_held_when_its_place_could_not_be_kept(desk: Desk) -> None:
    author = Author()
    first, second = author.batch(), author.batch("x" * 60_000)
    desk.tell(store(first), store(second, placed=False))
    with full(desk):
        large = store(author.batch("x" * 60_000))
        assert len(desk.tell(Place(author.key, 2), large)) == 1
    (stream,) = desk.reopen().streams
    assert (stream.placed, stream.held) == (1, (second,))


def test_reads_are_answered_while_nothing_can_be_stored(desk: Desk) -> None:
    author = Author()
    first = author.batch()
    desk.tell(store(first))
    with full(desk):
        desk.tell(store(author.batch("x" * 20_000)))
        read = Read(3, author.key, ((1, 1),), 1, 0)
        assert desk.tell(store(author.batch()), read)[1:] == [Found(3, (first.frame,), b"")]


def test_a_batch_that_is_there_already_is_a_failure_and_not_a_second_row(desk: Desk) -> None:
    batch = Author().batch()
    desk.tell(store(batch))
    (failed,) = desk.tell(store(batch))
    assert isinstance(failed, StoreFailed)
    assert "UNIQUE" in failed.reason
    assert len(rows(desk.path)) == 1


def test_a_listener_that_raises_does_not_end_the_thread(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: SimpleQueue[list[Outcome]] = SimpleQueue()

    def deliver(outcomes: list[Outcome]) -> None:
        said.put(outcomes)
        raise ValueError("no")

    log, author = Log(path, deliver), Author()
    log.open()
    log.start()
    for position in (1, 2):
        batch = author.batch()
        log.post([store(batch)])
        assert said.get(timeout=PATIENCE) == [Stored(batch, position)]
    log.close()
    assert "not taken in" in caplog.text


def test_what_nobody_foresaw_fails_the_stores_and_not_the_thread(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Author().batch()
    with monkeypatch.context() as patch:
        patch.setattr("notify_tui.log.ledger.survey", lambda _: 1 / 0)
        (failed,) = desk.tell(store(batch))
    assert isinstance(failed, StoreFailed)
    assert "ZeroDivisionError" in failed.reason
    assert desk.tell(Resume(), store(batch)) == [Stored(batch, 1)]


def test_a_log_that_breaks_under_the_thread_is_survived(desk: Desk) -> None:
    author = Author()
    batch = author.batch()
    desk.log._db.close()
    (failed,) = desk.tell(store(batch))
    assert isinstance(failed, StoreFailed)
    assert desk.tell(Read(1, batch.key, ((1, 1),), 1, 0)) == [Found(1, (), b"")]


def test_another_writer_is_waited_for_and_then_named(desk: Desk) -> None:
    batch = Author().batch()
    desk.log._db.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (failed,) = desk.tell(store(batch))
        other.execute("ROLLBACK")
    assert isinstance(failed, StoreFailed)
    assert "locked by another process" in failed.reason
    assert desk.tell(Resume(), store(batch)) == [Stored(batch, 1)]


def test_the_write_ahead_log_is_moved_into_the_database_at_rest(desk: Desk) -> None:
    author = Author()
    before = desk.path.stat().st_size
    for _ in range(SETTLE_IDLE // 240_000 + 1):
        desk.tell(store(author.batch("x" * 240_000)))
    assert desk.path.stat().st_size > before + SETTLE_IDLE // 2


def test_a_long_write_ahead_log_begins_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notify_tui.log.writer.SETTLE_IDLE", 0)
    monkeypatch.setattr("notify_tui.log.writer.LONG_WAL", 0)
    desk.tell(store(Author().batch()))
    desk.tell()
    assert Path(f"{desk.path}-wal").stat().st_size == 0


def test_a_damaged_log_says_what_to_do(desk: Desk) -> None:
    author = Author()
    desk.tell(*map(store, author.batches(200)))
    desk.log.close()
    size = desk.path.stat().st_size
    with desk.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(StoreError, match=r"damaged .*; move it away"):
        Log(desk.path, print).open()


def test_a_log_that_was_damaged_in_one_batch_opens(desk: Desk) -> None:
    author = Author()
    desk.tell(*map(store, author.batches(3)))
    damage(desk, "batches", 1)
    again = Desk(desk.path)
    assert len(again.tell(store(author.batch()))) == 1
    again.log.close()
