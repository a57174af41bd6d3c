import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from notify_tui.errors import RefusedError, StoreError
from notify_tui.security.private import (
    create_private,
    make_private_directory,
    read_private,
    write_private,
)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct, autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def failing(number: int) -> object:
    def fail(*_args: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_directory_and_what_was_missing_above_it_are_their_owners_alone(tmp_path: Path) -> None:
    make_private_directory(tmp_path / "home" / "networks" / "lan")
    assert mode(tmp_path / "home") == 0o700
    assert mode(tmp_path / "home" / "networks" / "lan") == 0o700


def test_a_directory_that_others_may_read_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    make_private_directory(tmp_path / "home")
    assert mode(tmp_path / "home") == 0o755


@pytest.mark.parametrize("loose", [0o770, 0o707, 0o777])
def test_a_directory_where_others_may_write_is_refused(tmp_path: Path, loose: int) -> None:
    tmp_path.chmod(loose)
    with pytest.raises(RefusedError, match=f"chmod 700 {tmp_path}"):
        make_private_directory(tmp_path)


def test_a_file_in_a_directorys_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(StoreError, match="home is a file; it must be a directory"):
        make_private_directory(tmp_path / "home")
    with pytest.raises(StoreError, match="home is a file; it must be a directory"):
        make_private_directory(tmp_path / "home" / "networks")


def test_a_directory_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", failing(errno.EACCES))
    with pytest.raises(RefusedError, match=r"cannot make the directory .*: permission denied"):
        make_private_directory(tmp_path / "home")


def test_a_written_file_is_its_owners_alone_and_can_be_read_again(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"first")
    write_private(tmp_path / "key", b"second")
    assert mode(tmp_path / "key") == 0o600
    assert read_private(tmp_path / "key") == b"second"
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]


@pytest.mark.parametrize("loose", [0o640, 0o604, 0o620, 0o644, 0o777])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, loose: int) -> None:
    (tmp_path / "key").write_bytes(b"secret")
    (tmp_path / "key").chmod(loose)
    with pytest.raises(RefusedError, match=rf"others may read .*mode {loose:04o}.*chmod 600"):
        read_private(tmp_path / "key")


def test_a_missing_file_is_left_to_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "key")


def test_a_directory_in_a_files_place_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"cannot read {tmp_path}: is a directory"):
        read_private(tmp_path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    write_private(tmp_path / "key", b"old")
    monkeypatch.setattr(os if call == "fsync" else Path, call, failing(errno.ENOSPC))
    with pytest.raises(StoreError, match=r"cannot write .*: no space left on device"):
        write_private(tmp_path / "key", b"new")
    assert read_private(tmp_path / "key") == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]


def test_writing_where_no_directory_is_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*: no such file"):
        write_private(tmp_path / "gone" / "key", b"")
    with pytest.raises(StoreError, match=r"cannot write .*: no such file"):
        create_private(tmp_path / "gone" / "key", b"")


def test_of_several_creators_one_wins_and_all_read_the_same(tmp_path: Path) -> None:
    start = Barrier(8)

    def create(number: int) -> tuple[bool, bytes]:
        start.wait()
        won = create_private(tmp_path / "key", bytes([number]) * 32)
        return won, read_private(tmp_path / "key")

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(8)))
    assert sum(won for won, _ in results) == 1
    assert len({read for _, read in results}) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]
