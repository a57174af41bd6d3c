"""Ledger: what jobs do to the tables, inside the transaction that the writer opened."""

import sqlite3
from collections.abc import Sequence

from notify_tui.errors import WireError
from notify_tui.log.marks import EDGE, survey
from notify_tui.log.schema import Flag
from notify_tui.protocol.batch import NO_PREVIOUS, Batch, decode_batch
from notify_tui.protocol.command import (
    Damaged,
    Job,
    Note,
    Outcome,
    Place,
    Placed,
    Raise,
    Remember,
    Store,
    Stored,
)
from notify_tui.protocol.event import Priority, StreamKey, stream_id
from notify_tui.protocol.intervals import Intervals

AHEAD = 60_000_000_000
"""A batch's time further ahead of its receipt than this many ns is no time to sort it by."""
KNOWN_STREAMS = 65_536

_APPEND = "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DAMAGE = (
    "UPDATE batches SET flags = flags | ? WHERE pos = ?"
    " RETURNING stream, CAST(first AS INTEGER), CAST(last AS INTEGER)"
)
"""Cast, since in a damaged row a number may be something else."""
_MARK = "INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?)"
NEWEST = "SELECT max(newest, ifnull((SELECT max(pos) FROM batches), 0)) FROM log"
"""The highest position ever given, 0 if none was."""

_TIP = "UPDATE streams SET placed = ?, digest = ?, time = ? WHERE id = ?"


class Ledger:
    """Knows the newest position and the streams' row numbers; `reload` after a rollback."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.reload()

    def reload(self) -> None:
        """Forget what a transaction that failed had begun.

        Raises:
            sqlite3.Error: the log cannot be read.
        """
        self._streams: dict[StreamKey, int] = {}
        self._rows: list[tuple[object, ...]] = []
        self._marks: list[tuple[int, str | int, int, int]] = []
        self._tips: dict[int, tuple[int, bytes, int]] = {}
        self.newest: int = self._db.execute(NEWEST).fetchone()[0]

    def apply(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Carry jobs out in their order; what is to be told of them once it is committed.

        Raises:
            sqlite3.Error: the log cannot keep them.
        """
        outcomes: list[Outcome] = []
        for job in jobs:
            match job:
                case Store():
                    outcomes.append(self._store(job))
                case Place():
                    outcomes += self._place(job)
                case Raise():
                    self._raise(job)
                case Remember() | Note():
                    self._keep(job)
        self._flush()
        return outcomes

    def quarantine(self, position: int) -> list[tuple[int, int]]:
        """The row's frame is not what was stored: it counts as lost, and keeps its place.

        Returns (first, last) of what is lost, if there is such a row.

        Raises:
            sqlite3.Error: the log cannot be written.
        """
        rows = self._db.execute(_DAMAGE, (Flag.DAMAGED, position)).fetchall()
        for stream, first, last in rows:
            self._lose(stream, first, last)
        return [(first, last) for _, first, last in rows]

    def _store(self, job: Store) -> Stored:
        batch, flags = job.batch, Flag.REPAIRED if job.repaired else 0
        stream = self._stream(batch.key)
        if not job.placed:
            self._hold(stream, job, flags)
            return Stored(batch, 0)
        if job.late:
            return Stored(batch, self._store_late(stream, job, flags))
        self._tips[stream] = batch.last, batch.digest, batch.header.time
        position = self._append(stream, batch, flags, job.received, job.local_time)
        return Stored(batch, position)

    def _append(
        self, stream: int, batch: Batch, flags: int, received: int, local_time: int,
        missing: int = 0,
    ) -> int:  # fmt: skip
        self.newest += 1
        time = batch.header.time
        moment = time if time <= received + AHEAD else received
        priority, kinds, marks = survey(batch)
        self._rows.append((
            self.newest, stream, batch.first, batch.last, time, received, _fit(local_time),
            moment, flags, missing, priority, kinds, batch.frame,
        ))  # fmt: skip
        for mark, target, place in marks:
            self._marks.append((mark, target, self.newest, place))
        return self.newest

    def _hold(self, stream: int, job: Store, flags: int) -> None:
        batch = job.batch
        self._db.execute(
            "INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (stream, batch.first, batch.last, batch.header.time, batch.digest, flags,
             job.received, _fit(job.local_time), batch.frame),
        )  # fmt: skip

    def _store_late(self, stream: int, job: Store, flags: int) -> int:
        batch = job.batch
        self._find(stream, batch.first, batch.last)
        again = "SELECT pos FROM batches WHERE stream = ? AND first = ? AND flags & ?"
        row = self._db.execute(again, (stream, batch.first, Flag.DAMAGED)).fetchone()
        if row:
            return self._mend(row[0], batch)
        return self._append(stream, batch, flags | Flag.LATE, job.received, job.local_time)

    def _mend(self, position: int, batch: Batch) -> int:
        """A quarantined batch came again: it keeps its place."""
        priority, kinds, marks = survey(batch)
        self._db.execute(
            "UPDATE batches SET frame = ?, last = ?, flags = flags & ~?, priority = ?, kinds = ?"
            " WHERE pos = ?",
            (batch.frame, batch.last, Flag.DAMAGED, priority, kinds, position),
        )
        for mark, target, place in marks:
            self._marks.append((mark, target, position, place))
        return position

    def _place(self, job: Place) -> list[Outcome]:
        stream = self._stream(job.key)
        held = self._db.execute(
            "DELETE FROM held WHERE stream = ? AND first = ?"
            " RETURNING last, time, digest, flags, received, local_time, frame",
            (stream, job.first),
        ).fetchall()
        damaged: list[Outcome] = []
        for last, time, digest, flags, received, local_time, frame in held:
            self._tips[stream] = last, digest, time
            if job.missing:
                self._lose(stream, job.first - job.missing, job.first - 1)
            batch = readable(frame, job.key, job.first, last)
            if batch is None:
                self._place_damaged(stream, job, (last, time, received, _fit(local_time), frame))
                damaged.append(Damaged(job.key, job.first, last))
                continue
            self._append(stream, batch, flags | Flag.HELD, received, local_time, job.missing)
        return [Placed(job.key, job.first, self.newest), *damaged] if held else []

    def _place_damaged(
        self, stream: int, job: Place, row: tuple[int, int, int, int, bytes]
    ) -> None:
        last, time, received, local_time, frame = row
        self.newest += 1
        self._lose(stream, job.first, last)
        self._rows.append((
            self.newest, stream, job.first, last, time, received, local_time, received,
            Flag.HELD | Flag.DAMAGED, job.missing, Priority.NORMAL, 0, frame,
        ))  # fmt: skip

    def _raise(self, job: Raise) -> None:
        stream, baseline = self._stream(job.key), job.baseline
        self._flush()
        self._db.execute(
            "UPDATE streams SET baseline = ? WHERE id = ? AND baseline < ?",
            (baseline, stream, baseline),
        )
        self._db.execute(
            "UPDATE streams SET placed = ?, digest = ?, time = 0 WHERE id = ? AND placed < ?",
            (baseline, NO_PREVIOUS, stream, baseline),
        )
        self._db.execute("DELETE FROM held WHERE stream = ? AND last <= ?", (stream, baseline))
        self._find(stream, 1, baseline)

    def _keep(self, job: Remember | Note) -> None:
        if isinstance(job, Note):
            row: tuple[object, ...] = (job.name, job.value)
            self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", row)
        else:
            row = (job.public, job.name, " ".join(job.hosts), job.exchange, _fit(job.seen))
            self._db.execute("INSERT OR REPLACE INTO peers VALUES (?, ?, ?, ?, ?)", row)

    def _lose(self, stream: int, low: int, high: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO lost VALUES (?, ?, ?)", (stream, low, high))

    def _find(self, stream: int, low: int, high: int) -> None:
        """Nothing of low..high is lost any more."""
        touched = self._db.execute(
            "DELETE FROM lost WHERE stream = ? AND low <= ? AND high >= ? RETURNING low, high",
            (stream, high, low),
        ).fetchall()
        rest = Intervals(touched)
        rest.discard(low, high)
        for pair in rest:
            self._lose(stream, *pair)

    def _stream(self, key: StreamKey) -> int:
        number = self._streams.get(key)
        if number is None:
            if len(self._streams) >= KNOWN_STREAMS:
                self._streams.clear()
            number = self._streams[key] = find_stream(self._db, key) or self._begin(key)
        return number

    def _begin(self, key: StreamKey) -> int:
        row = self._db.execute(
            "INSERT INTO streams(origin, epoch, topic, name, baseline, placed, digest, time)"
            " VALUES (?, ?, ?, ?, 0, 0, ?, 0) RETURNING id",
            (*key, stream_id(key), NO_PREVIOUS),
        ).fetchall()
        number: int = row[0][0]
        return number

    def _flush(self) -> None:
        rows, marks, tips = self._rows, self._marks, self._tips
        self._rows, self._marks, self._tips = [], [], {}
        self._db.executemany(_APPEND, rows)
        if marks:
            self._db.executemany(_MARK, marks)
        self._db.executemany(_TIP, [(*tip, stream) for stream, tip in tips.items()])


def find_stream(connection: sqlite3.Connection, key: StreamKey) -> int | None:
    """The stream's row number, or None.

    Raises:
        sqlite3.Error: the log cannot be read.
    """
    row = connection.execute(
        "SELECT id FROM streams WHERE origin = ? AND epoch = ? AND topic = ?", key
    ).fetchone()
    return row[0] if row else None


def readable(frame: object, key: StreamKey, first: int, last: int) -> Batch | None:
    """The batch that a row holds, or None if its bytes are not what was stored."""
    if not isinstance(frame, bytes):
        return None
    try:
        batch = decode_batch(frame)
    except WireError:
        return None
    return batch if (batch.key, batch.first, batch.last) == (key, first, last) else None


def _fit(number: int) -> int:
    """A number of a peer's making, as SQLite can keep it."""
    return min(max(number, -EDGE), EDGE)
