"""Disk: the log's jobs as `protocol/command.py` words them, on a disk that can be full or die.

What is posted while a commit runs is the next commit: one transaction, all or nothing. A
crash loses what waits, and the commit that runs may have happened or not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from notify_tui.protocol.batch import NO_PREVIOUS, Batch
from notify_tui.protocol.command import (
    Found,
    Job,
    Note,
    Outcome,
    Place,
    Placed,
    Raise,
    Read,
    Remember,
    Restored,
    RestoredStream,
    Resume,
    Store,
    Stored,
    StoreFailed,
)
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from tests.simulation.scheduler import Scheduler

FULL = "the disk is full"


@dataclass(slots=True)
class Row:
    """A batch on disk; position 0 is one that is held beyond a gap."""

    batch: Batch
    position: int
    missing: int = 0
    late: bool = False


@dataclass(slots=True)
class Kept:
    """A stream on disk."""

    key: StreamKey
    baseline: int = 0
    placed: int = 0
    digest: bytes = NO_PREVIOUS
    time: int = 0
    lost: Intervals = field(default_factory=Intervals)
    have: Intervals = field(default_factory=Intervals)
    rows: dict[int, Row] = field(default_factory=dict)

    def copy(self) -> "Kept":
        """An independent copy."""
        rows = {
            first: Row(row.batch, row.position, row.missing, row.late)
            for first, row in self.rows.items()
        }
        return Kept(
            self.key, self.baseline, self.placed, self.digest, self.time, self.lost.copy(),
            self.have.copy(), rows,
        )  # fmt: skip

    def restored(self) -> RestoredStream:
        """What a node that starts is given of it."""
        held = [row.batch for _, row in sorted(self.rows.items()) if not row.position]
        return RestoredStream(
            self.key, self.baseline, self.placed, self.digest, self.time, self.lost.copy(),
            tuple(held),
        )  # fmt: skip


class Image:
    """What is durable: all that survives a crash."""

    def __init__(self) -> None:
        self.streams: dict[StreamKey, Kept] = {}
        self.settings: dict[str, str] = {}
        self.peers: dict[bytes, Remember] = {}
        self.position = 0
        self.frames: set[bytes] = set()

    def copy(self) -> "Image":
        """An independent copy, as a backup takes it."""
        twin = Image()
        twin.streams = {key: kept.copy() for key, kept in self.streams.items()}
        twin.settings, twin.peers = self.settings.copy(), self.peers.copy()
        twin.position, twin.frames = self.position, self.frames.copy()
        return twin

    def restored(self) -> Restored:
        """What a node that starts is given."""
        streams = tuple(kept.restored() for kept in self.streams.values())
        return Restored(streams, tuple(self.peers.values()), self.settings.copy(), self.position)

    def kept(self, key: StreamKey) -> Kept:
        """The stream, an empty one if nothing of it is on disk."""
        return self.streams.get(key) or Kept(key)

    def apply(self, job: Job) -> Outcome | None:
        """Carry one job of a transaction out."""
        match job:
            case Store():
                return self._store(job)
            case Place():
                return self._place(job)
            case Raise():
                self._raise(job)
            case Remember():
                self.peers[job.public] = job
            case Note():
                self.settings[job.name] = job.value
        return None

    def _store(self, job: Store) -> Stored:
        batch = job.batch
        kept = self.streams.setdefault(batch.key, Kept(batch.key))
        row = kept.rows[batch.first] = Row(batch, 0, late=job.late)
        kept.have.add(batch.first, batch.last)
        self.frames.add(batch.frame)
        if job.placed:
            self._give_position(kept, row)
        return Stored(batch, row.position)

    def _give_position(self, kept: Kept, row: Row) -> None:
        self.position += 1
        row.position = self.position
        batch = row.batch
        if row.late:
            kept.lost.discard(batch.first, batch.last)
        else:
            kept.placed, kept.digest, kept.time = batch.last, batch.digest, batch.header.time

    def _place(self, job: Place) -> Placed:
        kept = self.streams[job.key]
        row = kept.rows[job.first]
        row.missing = job.missing
        kept.lost.add(job.first - job.missing, job.first - 1)
        self._give_position(kept, row)
        return Placed(job.key, job.first, row.position)

    def _raise(self, job: Raise) -> None:
        kept = self.streams.setdefault(job.key, Kept(job.key))
        kept.baseline = job.baseline
        kept.lost.discard(1, job.baseline)
        kept.have.discard(1, job.baseline)
        kept.rows = {
            first: row
            for first, row in kept.rows.items()
            if row.position or row.batch.last > job.baseline
        }
        if kept.placed < job.baseline:
            kept.placed, kept.digest, kept.time = job.baseline, NO_PREVIOUS, 0

    def find(self, job: Read) -> Found:
        """The batches that a peer asked for, from the first one that is not too old."""
        found: list[bytes] = []
        below, size, young = b"", 0, False
        wanted = Intervals(job.wanted)
        for _, row in sorted(self.kept(job.key).rows.items()):
            batch = row.batch
            if not wanted.touches(batch.first, batch.last):
                continue
            young = young or not row.position or batch.header.time >= job.not_before
            if not young:
                below = batch.proof
                continue
            size += len(batch.frame)
            if found and size > job.budget:
                break
            found.append(batch.frame)
        return Found(job.token, tuple(found), below)


class Disk:
    """A log's writer on an image: group commits, each after a while."""

    def __init__(
        self, scheduler: Scheduler, rng: Random, inspect: Callable[[Image, Job], None]
    ) -> None:
        self.image = Image()
        self.full = False
        self.slow = 1.0
        self._scheduler = scheduler
        self._rng = rng
        self._inspect = inspect
        self._queue: list[Job] = []
        self._writing: list[Job] = []
        self._kept: list[Job] = []
        self.failed = False
        self._life = 0
        self._deliver: Callable[[list[Outcome]], None] = lambda _: None

    @property
    def wanting(self) -> bool:
        """Whether a failure, told or not, has kept something off the disk."""
        return self.failed or bool(self._kept)

    def open(self, deliver: Callable[[list[Outcome]], None]) -> Restored:
        """A process opens the log: outcomes go to it from now on."""
        self._life += 1
        self._queue, self._writing, self._kept, self.failed = [], [], [], False
        self._deliver = deliver
        return self.image.restored()

    def post(self, jobs: Sequence[Job]) -> None:
        """Queue jobs; they are committed together with what else waits."""
        self._queue.extend(jobs)
        if not self._writing:
            self._begin()

    def _begin(self) -> None:
        self._writing, self._queue = self._queue, []
        delay = self._rng.uniform(0.0005, 0.004) * self.slow
        self._scheduler.after(delay, self._commit, self._life)

    def _commit(self, life: int) -> None:
        if life != self._life:
            return
        jobs, self._writing = self._writing, []
        outcomes = self._transact(jobs)
        if self._queue:
            self._begin()
        if outcomes:
            self._deliver(outcomes)

    def _transact(self, jobs: list[Job]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        valid: list[Job] = []
        reads: list[Read] = []
        for job in jobs:
            if isinstance(job, Read):
                reads.append(job)
            elif isinstance(job, Resume):
                self.failed = False
            elif not self.failed:
                valid.append(job)
            elif isinstance(job, Store):
                outcomes.append(StoreFailed(job.batch, FULL))
        outcomes += self._write(valid) if valid else []
        return outcomes + [self.image.find(read) for read in reads]

    def _write(self, jobs: list[Job]) -> list[Outcome]:
        jobs, self._kept = self._kept + jobs, []
        if jobs and self.full:
            return self._fail(jobs)
        outcomes: list[Outcome] = []
        for job in jobs:
            self._inspect(self.image, job)
            if outcome := self.image.apply(job):
                outcomes.append(outcome)
        return outcomes

    def _fail(self, jobs: list[Job]) -> list[Outcome]:
        """Stores are told of; a group without one is kept, and tried again with the next."""
        outcomes: list[Outcome] = [
            StoreFailed(job.batch, FULL) for job in jobs if isinstance(job, Store)
        ]
        self.failed = bool(outcomes)
        if not outcomes:
            self._kept = jobs
        return outcomes

    def crash(self) -> None:
        """The process dies: what waits is lost, the commit that runs is all there or not."""
        self._life += 1
        if self._writing and self._rng.random() < 0.5:
            self._transact(self._writing)
        self._queue, self._writing = [], []

    def close(self) -> None:
        """The process ends in order: what was posted is committed."""
        self._life += 1
        self._transact(self._writing)
        self._transact(self._queue)
        self._write([])
        self._queue, self._writing, self._kept = [], [], []
