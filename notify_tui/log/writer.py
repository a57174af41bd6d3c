"""Log: the one writer. What waits when its thread comes round is one transaction."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from notify_tui.errors import StoreError
from notify_tui.log.ledger import Ledger
from notify_tui.log.restore import restore
from notify_tui.log.room import RESERVE, Room
from notify_tui.log.schema import BUSY_SECONDS, REFUSALS, explain, open_to_write, transaction
from notify_tui.log.supply import find_batches
from notify_tui.protocol.command import (
    Damaged,
    Found,
    Job,
    Outcome,
    Read,
    Restored,
    Resume,
    Store,
    StoreFailed,
)

Deliver = Callable[[list[Outcome]], None]

READS_A_TURN = 4
READS = 256
"""Reads that wait; beyond them the oldest is answered with nothing, and its peer asks again."""
KEPT = 1024
"""Jobs without a store that wait for a disk that works; beyond them the log says that it fails."""
COMMIT_BYTES = 6 * 4096
"""What a commit writes besides its frames: the pages of tables and indexes."""
SETTLE_IDLE = 4 * 1024 * 1024
SETTLE_BUSY = 16 * 1024 * 1024
"""Bytes in the write-ahead log at which it is moved into the database, at rest and in a flood."""
LONG_WAL = 64 * 1024 * 1024 // 4096
"""Pages in it from which on readers are waited for, so that it begins anew."""
PATIENCE_MS = 200

logger = logging.getLogger(__name__)


class Log:
    """Keeps what it is given, in order, and tells `deliver` from its own thread what became of it.

    `open`, `start`, then `post` from any thread, at last `close`. Outcomes come in the order
    of their jobs, except that reads are answered after the commit of what was posted with them.
    After a commit of stores failed every store fails until a `Resume` is posted, and what else
    was posted before that is dropped. Where no store was among them nobody is told: the jobs
    are tried again, before those that are posted next. Reads are answered all the time, except
    those that still wait at the `close`.
    """

    def __init__(self, path: Path, deliver: Deliver, *, reserve: int = RESERVE) -> None:
        self._path = path
        self._deliver = deliver
        self._room = Room(path, reserve)
        self._queue: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
        self._reads: deque[Read] = deque()
        self._kept: list[Job] = []
        self._thread: Thread | None = None
        self._failure: str | None = None
        self._stale = False
        self._unsettled = 0
        self._open = False
        self._ended = False

    def open(self) -> Restored:
        """Open the log, or make it, and read the state that a node starts from.

        Raises:
            RefusedError: no permission, or others may write in its directory.
            StoreError: it is no log, a newer one, damaged, or cannot be written.
        """
        self._db = open_to_write(self._path)
        try:
            self._ledger = Ledger(self._db)
            restored = restore(self._db, self._ledger)
        except (*REFUSALS, StoreError) as error:
            self._db.close()
            raise StoreError(explain(error, self._path)) from None
        self._room.lay()
        self._open = True
        return restored

    def start(self) -> None:
        """Start the writer's thread; the log is open."""
        self._thread = Thread(target=self._run, name="notify-tui log", daemon=True)
        self._thread.start()

    def post(self, jobs: Sequence[Job]) -> None:
        """Give jobs to the writer, from any thread. After `close` they are dropped."""
        self._queue.put(jobs)

    def close(self) -> None:
        """Store what was posted, move all of it into the database, end the thread."""
        if not self._open:
            return
        self._open = False
        self._queue.put(None)
        if self._thread:
            self._thread.join()
        else:
            self._run()

    def _run(self) -> None:
        while not self._ended:
            self._turn(self._gather())
        with suppress(sqlite3.Error):
            self._empty_wal()
        self._db.close()

    def _gather(self) -> list[Job]:
        """All that waits; unless there are reads to answer, blocks until something does."""
        jobs: list[Job] = []
        wait = not self._reads
        with suppress(Empty):
            while not self._ended:
                posted = self._queue.get(wait)
                wait = False
                self._ended = posted is None
                jobs.extend(posted or ())
        return jobs

    def _turn(self, jobs: list[Job]) -> None:
        failed, jobs = self._refuse(jobs)
        self._reads.extend(job for job in jobs if isinstance(job, Read))
        changes: list[Job] = [job for job in jobs if not isinstance(job, Read | Resume)]
        if changes or self._ended:
            changes, self._kept = self._kept + changes, []
        self._tell(failed + self._commit(changes) if changes else failed)
        if not self._ended:
            self._tell(self._answer())
        idle = self._queue.empty() and not self._reads
        if self._unsettled >= (SETTLE_IDLE if idle else SETTLE_BUSY):
            self._settle()

    def _refuse(self, jobs: list[Job]) -> tuple[list[Outcome], list[Job]]:
        """What a failure that nobody has taken in yet makes of jobs: outcomes, and the rest."""
        if self._failure is None:
            return [], jobs
        resumed = next((i for i, job in enumerate(jobs) if isinstance(job, Resume)), len(jobs))
        before, after = jobs[:resumed], jobs[resumed:]
        failed = _failed(before, self._failure)
        if after:
            self._failure = None
        return failed, [job for job in before if isinstance(job, Read)] + after

    def _commit(self, jobs: Sequence[Job]) -> list[Outcome]:
        stores = sum(len(job.batch.frame) for job in jobs if isinstance(job, Store))
        try:
            if stores:
                self._room.check()
            if self._stale:
                self._recover()
            self._db.execute("BEGIN IMMEDIATE")
            outcomes = self._ledger.apply(jobs)
            self._db.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  (whatever it is, it must be told and outlived)
            return self._fail(jobs, error)
        self._unsettled += COMMIT_BYTES + stores
        self._room.lay()
        return outcomes

    def _fail(self, jobs: Sequence[Job], error: Exception) -> list[Outcome]:
        reason = explain(error, self._path)
        self._stale = True
        logger.warning("not stored: %s", reason)
        with suppress(sqlite3.Error):
            self._recover()
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            self._room.release()
            self._settle()
        failed = _failed(jobs, reason)
        if failed or len(jobs) > KEPT:
            self._failure = reason
        else:
            self._kept = list(jobs)
        return failed

    def _recover(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._ledger.reload()
        self._stale = False

    def _answer(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while len(self._reads) > READS:
            outcomes.append(Found(self._reads.popleft().token, (), b""))
        for _ in range(min(READS_A_TURN, len(self._reads))):
            outcomes += self._find(self._reads.popleft())
        return outcomes

    def _find(self, read: Read) -> list[Outcome]:
        try:
            found, damaged = find_batches(self._db, read)
        except Exception as error:  # noqa: BLE001  (whatever it is, it must be outlived)
            logger.warning("not read: %s", explain(error, self._path))
            return [Found(read.token, (), b"")]
        lost = self._quarantine(damaged) if damaged else ()
        return [found, *(Damaged(read.key, first, last) for first, last in lost)]

    def _quarantine(self, positions: Iterable[int]) -> list[tuple[int, int]]:
        lost: list[tuple[int, int]] = []
        with suppress(sqlite3.Error):
            with transaction(self._db):
                for position in positions:
                    lost += self._ledger.quarantine(position)
            return lost
        return []

    def _settle(self) -> None:
        """Move what is committed into the database. A reader may hinder it: then the next time."""
        self._unsettled = 0
        with suppress(sqlite3.Error):
            state = self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if state[1] > LONG_WAL:
                self._empty_wal()

    def _empty_wal(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    def _tell(self, outcomes: list[Outcome]) -> None:
        if not outcomes:
            return
        try:
            self._deliver(outcomes)
        except Exception:
            logger.exception("what the log said was not taken in")


def _failed(jobs: Iterable[Job], reason: str) -> list[Outcome]:
    return [StoreFailed(job.batch, reason) for job in jobs if isinstance(job, Store)]
