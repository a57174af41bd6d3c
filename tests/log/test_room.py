"""Room: the log stops before the disk is full, and works again when there is room."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from notify_tui.log.room import Room
from notify_tui.protocol.command import Note, Resume, Stored, StoreFailed
from tests.log.author import Author, store
from tests.log.desk import Desk, rows

KIB = 1024
MIB = 1024 * KIB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB."""
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("only root on Linux mounts a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk until only that many bytes are left."""
    filler = disk / "filler"
    left = os.statvfs(disk)
    filler.write_bytes(bytes(left.f_bavail * left.f_frsize - leave))
    return filler


def test_a_disk_that_is_nearly_full_takes_no_events_until_there_is_room(small_disk: Path) -> None:
    author, desk = Author(), Desk(small_disk / "log.db", reserve=2 * MIB)
    first, lost = author.batches(2)
    desk.tell(store(first))
    filler = fill(small_disk, MIB)
    (failed,) = desk.tell(store(lost))
    assert isinstance(failed, StoreFailed)
    assert "nearly full (1.0 MiB left, 2.0 are kept" in failed.reason
    assert [row.batch for row in rows(desk.path)] == [first]
    assert isinstance(desk.tell(Resume(), store(lost))[0], StoreFailed), "still no room"
    filler.unlink()
    assert desk.tell(Resume(), store(lost)) == [Stored(lost, 2)]
    desk.log.close()


def test_small_facts_are_kept_when_events_are_not(small_disk: Path) -> None:
    desk = Desk(small_disk / "log.db", reserve=2 * MIB)
    fill(small_disk, MIB)
    desk.tell(Note("boot", "3"))
    assert desk.reopen().settings == {"boot": "3"}


def test_a_disk_that_others_filled_to_the_brim_is_survived(small_disk: Path) -> None:
    author, desk = Author(), Desk(small_disk / "log.db", reserve=0)
    kept = author.batches(20)
    desk.tell(*map(store, kept))
    filler = fill(small_disk, 0)
    assert (small_disk / "log.ballast").stat().st_size == MIB
    big = [author.batch("x" * 200 * KIB) for _ in range(8)]
    outcomes = desk.tell(*map(store, big))
    assert [type(outcome) for outcome in outcomes] == [StoreFailed] * 8
    assert "is full; make room" in outcomes[0].reason  # type: ignore[union-attr]
    assert not (small_disk / "log.ballast").exists(), "its room is given up"
    assert [row.batch for row in rows(desk.path)] == kept
    filler.unlink()
    assert desk.tell(Resume(), *map(store, big)) == [
        Stored(batch, position) for position, batch in enumerate(big, 21)
    ]
    assert (small_disk / "log.ballast").stat().st_size == MIB, "and taken again"
    desk.log.close()


def test_a_log_that_cannot_be_made_for_want_of_room_says_so(small_disk: Path) -> None:
    fill(small_disk, 0)
    with pytest.raises(Exception, match=r"full|no space left"):
        Desk(small_disk / "log.db")


def test_the_ballast_is_laid_only_beside_the_reserve(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    greedy = Room(path, reserve=1 << 62)
    greedy.lay()
    assert list(tmp_path.iterdir()) == []
    room = Room(path, reserve=0, ballast=4096)
    room.lay()
    room.lay()
    assert path.with_suffix(".ballast").stat().st_size == 4096
    room.release()
    room.release()
    assert list(tmp_path.iterdir()) == []
