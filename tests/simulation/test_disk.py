"""The simulated disk does what the real log does, job for job."""

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from notify_tui.log.writer import Log
from notify_tui.protocol.batch import NO_PREVIOUS, Batch, make_batch
from notify_tui.protocol.command import (
    Found,
    Job,
    Note,
    Outcome,
    Place,
    Raise,
    Read,
    Remember,
    Restored,
    Resume,
    Store,
    Stored,
    StoreFailed,
)
from notify_tui.protocol.event import Content, StreamKey, encode_content
from tests.protocol.signature import key_of, signer
from tests.simulation.disk import FULL, Disk, Image
from tests.simulation.scheduler import Scheduler

ORIGIN = key_of("origin")
KEY = StreamKey(ORIGIN, 5, "a.b")
EVENT = encode_content(Content(1, "hello"))


def chain(sizes: Sequence[int]) -> list[Batch]:
    """Batches of a stream, of these many events, a second apart."""
    batches: list[Batch] = []
    first, previous = 1, NO_PREVIOUS
    for place, size in enumerate(sizes, 1):
        contents = [EVENT] * size
        batch = make_batch(bytes(16), KEY, first, place * 10**9, previous, contents, signer(ORIGIN))
        batches.append(batch)
        first, previous = batch.last + 1, batch.digest
    return batches


def store(batch: Batch, *, placed: bool, late: bool = False) -> Store:
    return Store(batch, placed, repaired=False, late=late, received=7, local_time=8)


@st.composite
def histories(draw: st.DrawFn) -> list[Job]:
    """What a node may post about one stream: in sequence, beyond gaps, late, raised, read."""
    batches = chain(draw(st.lists(st.integers(1, 4), min_size=1, max_size=8)))
    jobs: list[Job] = []
    held: list[Batch] = []
    lost: list[Batch] = []
    missing = 0
    for batch in batches:
        what = draw(st.sampled_from(["place", "place", "hold", "lose"]))
        if what == "lose":
            lost.append(batch)
            missing += batch.header.count
        elif what == "hold" or missing:
            jobs += [store(batch, placed=False), Place(KEY, batch.first, missing)]
            missing = 0
        else:
            jobs.append(store(batch, placed=True))
        jobs += draw(asides(batches))
    behind = [batch for batch in lost if batch.last < _placed(jobs)]
    jobs += [store(batch, placed=True, late=True) for batch in behind if draw(st.booleans())]
    if draw(st.booleans()):
        jobs.append(Raise(KEY, draw(st.sampled_from(batches)).last))
        jobs += draw(asides(batches))
    above = [batch for batch in batches if batch.first > _placed(jobs) + 1]
    held = above[-1:] if draw(st.booleans()) else []
    return jobs + [store(batch, placed=False) for batch in held]


def _placed(jobs: Sequence[Job]) -> int:
    """The last sequence that has a place or is not wanted."""
    ends = [0]
    held = {job.batch.first: job.batch.last for job in jobs if isinstance(job, Store)}
    for job in jobs:
        match job:
            case Store(batch=batch, placed=True):
                ends.append(batch.last)
            case Place(first=first):
                ends.append(held[first])
            case Raise(baseline=baseline):
                ends.append(baseline)
    return max(ends)


@st.composite
def asides(draw: st.DrawFn, batches: list[Batch]) -> list[Job]:
    """Jobs that change no stream."""
    token, last = draw(st.integers(1, 99)), batches[-1].last
    low, high = sorted(draw(st.tuples(st.integers(1, last), st.integers(1, last))))
    budget, oldest = draw(st.sampled_from([1, 500, 10_000])), draw(st.integers(0, 9)) * 10**9
    several: list[Job] = [
        Note("boot", str(token)),
        Remember(ORIGIN, "ana", ("10.0.0.1", "::1"), 7792, token),
        Read(token, KEY, ((low, high),), budget, oldest),
    ]
    return draw(st.lists(st.sampled_from(several), max_size=1))


def real(path: Path, jobs: Sequence[Job]) -> tuple[list[Outcome], Restored]:
    """Outcomes of the jobs, each committed alone, and what the log gives back afterwards."""
    told: SimpleQueue[list[Outcome]] = SimpleQueue()
    outcomes: list[Outcome] = []
    log = Log(path, told.put, reserve=0)
    log.open()
    log.start()
    for job in jobs:
        log.post([job])
        if isinstance(job, Store | Place | Read):
            outcomes += told.get(timeout=10)
    log.close()
    again = Log(path, told.put, reserve=0)
    restored = again.open()
    again.close()
    return outcomes, restored


def simulated(jobs: Sequence[Job]) -> tuple[list[Outcome], Restored]:
    outcomes: list[Outcome] = []
    scheduler = Scheduler()
    disk = Disk(scheduler, Random(0), lambda _image, _job: None)
    disk.open(outcomes.extend)
    for job in jobs:
        disk.post([job])
        scheduler.run(scheduler.now + 1)
    return outcomes, disk.image.restored()


@settings(max_examples=40)
@given(histories())
def test_the_simulated_disk_keeps_and_finds_what_the_log_does(jobs: list[Job]) -> None:
    with TemporaryDirectory() as home:
        outcomes, restored = real(Path(home) / "log.db", jobs)
    assert simulated(jobs) == (outcomes, restored)


def test_what_is_posted_during_a_commit_is_the_next_commit() -> None:
    first, second, third = chain([1, 1, 1])
    groups: list[list[Outcome]] = []
    scheduler = Scheduler()
    disk = Disk(scheduler, Random(0), lambda _image, _job: None)
    disk.open(groups.append)
    for batch in (first, second, third):
        disk.post([store(batch, placed=True)])
    scheduler.run(1)
    assert groups == [[Stored(first, 1)], [Stored(second, 2), Stored(third, 3)]]


def test_a_full_disk_fails_every_store_until_the_failure_is_taken_in() -> None:
    first, second, third = chain([1, 1, 1])
    outcomes: list[Outcome] = []
    scheduler = Scheduler()
    disk = Disk(scheduler, Random(0), lambda _image, _job: None)
    disk.open(outcomes.extend)
    disk.full = True
    disk.post([store(first, placed=True), Read(1, KEY, ((1, 9),), 100, 0)])
    scheduler.run(1)
    disk.full = False
    disk.post([store(second, placed=True), Note("lost", "yes")])
    disk.post([Resume(), store(first, placed=True), Note("kept", "yes")])
    scheduler.run(2)
    assert outcomes == [
        StoreFailed(first, FULL),
        Found(1, (), b""),
        StoreFailed(second, FULL),
        Stored(first, 1),
    ]
    assert disk.image.settings == {"kept": "yes"}
    assert third.frame not in disk.image.frames


def test_what_fails_without_a_store_is_tried_again_with_what_comes_next() -> None:
    first = chain([1])[0]
    outcomes: list[Outcome] = []
    scheduler = Scheduler()
    disk = Disk(scheduler, Random(0), lambda _image, _job: None)
    disk.open(outcomes.extend)
    disk.full = True
    disk.post([Note("kept", "yes")])
    scheduler.run(1)
    disk.full = False
    disk.post([store(first, placed=True)])
    scheduler.run(2)
    assert outcomes == [Stored(first, 1)]
    assert disk.image.settings == {"kept": "yes"}
    disk.full = True
    disk.post([Note("late", "yes")])
    scheduler.run(3)
    disk.full = False
    disk.close()
    assert disk.image.settings == {"kept": "yes", "late": "yes"}


def test_a_crash_loses_what_waits_and_keeps_a_running_commit_whole_or_not_at_all() -> None:
    first, second, third = chain([1, 1, 1])
    seen = set()
    for seed in range(20):
        scheduler = Scheduler()
        disk = Disk(scheduler, Random(seed), lambda _image, _job: None)
        disk.open(lambda _outcomes: None)
        disk.post([store(first, placed=True), store(second, placed=True)])
        disk.post([store(third, placed=True)])
        disk.crash()
        scheduler.run(1)
        seen.add(disk.image.position)
    assert seen == {0, 2}


def test_a_backup_does_not_change_with_its_original() -> None:
    first, second = chain([1, 1])
    image = Image()
    image.apply(store(first, placed=True))
    backup = image.copy()
    image.apply(store(second, placed=True))
    image.apply(Note("boot", "2"))
    assert backup.position == 1
    assert backup.restored().streams[0].placed == 1
    assert backup.settings == {}
