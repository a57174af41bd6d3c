"""Power: whatever a power cut leaves of what was not synced, what the log told is kept.

The writer's own code runs on a disk that is recorded; images of it, as a cut may leave them,
are opened as a node opens its log. The log must be as it was after the last turn that it told
of, or after the one that was under way: nothing lost, nothing torn, nothing made up.
"""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from notify_tui.log import schema, writer
from notify_tui.log.reader import LogReader
from notify_tui.log.writer import Log
from notify_tui.protocol.command import Job, Note, Place, Raise, Remember, Restored, Store
from tests.log.author import NOON, Author, store
from tests.log.desk import Desk

if TYPE_CHECKING:
    from tests.log.disk import Deed, Disk, Image

IMAGES = 400
TURNS = 60
NO_BALLAST = 1 << 62
"""A reserve that leaves no room for the ballast, which an image does not need."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class State(NamedTuple):
    """All that a log gives back: to a node that starts, and to readers."""

    restored: Restored
    rows: list[tuple[int, bytes, int]]


def turns(seed: int) -> list[list[Job]]:
    """What a log is given to do: small and large batches, gaps that fill, what lies beside."""
    dice = random.Random(seed)
    plain, holey = Author("plain"), Author("holey")
    done: list[list[Job]] = []
    for number in range(TURNS):
        jobs: list[Job] = [
            store(plain.batch("x" * dice.choice((10, 500, 9000))))
            for _ in range(dice.randrange(1, 5))
        ]
        first, second = holey.batches(2)
        jobs.append(store(second, placed=False))
        done.append(jobs)
        done.append([store(first), Place(holey.key, second.first), Note("turn", str(number))])
    done[-1] += [Raise(plain.key, 3), Remember(plain.key.origin, "ana", ("::1",), 7792, NOON)]
    return done


def state_of(path: Path) -> State:
    log = Log(path, print, reserve=NO_BALLAST)
    restored = log.open()
    log.close()
    with LogReader(path) as reader:
        rows = reader.read(0, 10_000)
    assert len(rows) == restored.position, "rows are missing, or a page is too short for them"
    return State(restored, [(row.position, row.batch.frame, row.source.missing) for row in rows])


def expected(path: Path, work: Sequence[Sequence[Job]]) -> list[State]:
    """The state before the first turn, and after each: of a log on a disk that never fails."""
    copy = path.with_name("copy") / "log.db"
    states = [state_of(copy)]
    desk = Desk(path)
    for jobs in work:
        assert len(desk.tell(*jobs)) == sum(isinstance(job, Store | Place) for job in jobs)
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        states.append(state_of(copy))
    desk.log.close()
    assert [len(state.rows) for state in states[::2]] == sorted({len(s.rows) for s in states[::2]})
    return states


def recorded(path: Path, work: Sequence[Sequence[Job]]) -> "list[Deed]":
    """What the same turns do to a disk. They move the write-ahead log in often."""
    disk = pytest.importorskip("tests.log.disk", reason="apsw, of the extra `slow`, is missing")
    recorder = disk.Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sqlite3.connect", recorder.connect)
        patch.setattr(writer, "SETTLE_IDLE", 128 * 1024)
        patch.setattr(writer, "LONG_WAL", 48)
        log = Log(path, recorder.told)
        log.open()
        for jobs in work:
            log.post(jobs)
            log._turn(log._gather())
        log.close()
    deeds: list[Deed] = recorder.deeds
    check_record(disk.Disk(), deeds, path)
    return deeds


def check_record(disk: "Disk", deeds: "Sequence[Deed]", path: Path) -> None:
    """All that reached the files was recorded."""
    for deed in deeds:
        disk.do(deed)
    assert disk.quiet() == {path.name: path.read_bytes()}
    assert disk.told == 2 * TURNS


def opened(image: "Image", place: Path) -> State:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(0o700)
    for name, data in image.files.items():
        (place / name).write_bytes(data)
    return state_of(place / "log.db")


def broken(tmp_path: Path, seed: int) -> int:
    """In how many of the images what was told is not kept."""
    from tests.log.disk import images

    work = turns(seed)
    states = expected(tmp_path / "steady" / "log.db", work)
    deeds = recorded(tmp_path / "recorded" / "log.db", work)
    return sum(
        opened(image, tmp_path / "image") not in states[image.told : image.told + 2]
        for image in images(deeds, IMAGES, seed)
    )


def test_a_power_cut_leaves_all_that_was_told_and_nothing_else(tmp_path: Path) -> None:
    assert broken(tmp_path, seed=1) == 0


def test_without_a_sync_at_each_commit_a_power_cut_takes_what_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weaker = schema.WRITING.replace("synchronous = FULL", "synchronous = NORMAL")
    assert weaker != schema.WRITING
    monkeypatch.setattr(schema, "WRITING", weaker)
    assert broken(tmp_path, seed=1) > IMAGES // 10
