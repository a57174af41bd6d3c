"""The file: whose it is, what it is, and from which format it came."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from notify_tui.errors import RefusedError, StoreError
from notify_tui.log import schema
from notify_tui.log.schema import MIGRATIONS, explain, open_to_read, open_to_write
from notify_tui.log.writer import Log
from tests.log.author import Author, store
from tests.log.desk import Desk


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def generous() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_log_is_its_owners_alone(generous: None, path: Path) -> None:
    desk = Desk(path)
    desk.tell(store(Author().batch()))
    modes = {file.name: mode(file) for file in path.parent.iterdir()}
    desk.log.close()
    names = {"log.db", "log.db-wal", "log.db-shm", "log.ballast"}
    assert modes == dict.fromkeys(names, 0o600)


def test_a_log_that_others_could_read_is_closed_to_them(path: Path) -> None:
    open_to_write(path).close()
    path.chmod(0o644)
    open_to_write(path).close()
    assert mode(path) == 0o600


def test_a_directory_in_which_others_may_write_is_refused(path: Path) -> None:
    path.parent.chmod(0o777)
    with pytest.raises(RefusedError, match="chmod 700"):
        open_to_write(path)


def test_the_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "networks" / "lan" / "log.db"
    open_to_write(path).close()
    assert mode(path.parent) == 0o700


def test_a_commit_is_synced_before_it_is_told(path: Path) -> None:
    connection = open_to_write(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"my diary, dear reader" * 400)
    with pytest.raises(StoreError, match="no log"):
        Log(path, print).open()
    assert path.read_bytes().startswith(b"my diary")


def test_another_programs_database_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes(name)")
    other.close()
    for attempt in (open_to_write, open_to_read):
        with pytest.raises(StoreError, match="another program's"):
            attempt(path)


def test_a_newer_log_says_that_the_program_is_too_old(path: Path) -> None:
    connection = open_to_write(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for attempt in (open_to_write, open_to_read):
        with pytest.raises(StoreError, match="format 99, this one knows"):
            attempt(path)


def test_a_directory_in_the_logs_place_is_named(path: Path) -> None:
    path.mkdir(mode=0o700)
    with pytest.raises(StoreError, match="cannot be opened"):
        open_to_write(path)


def test_an_older_log_is_brought_up_and_keeps_what_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(path)
    desk.tell(store(Author().batch()))
    desk.log.close()
    step = "ALTER TABLE peers ADD COLUMN pinned INTEGER"
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, step))
    with pytest.raises(StoreError, match="older format: start a node"):
        open_to_read(path)
    connection = open_to_write(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    assert connection.execute("SELECT count(pinned) FROM peers").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM batches").fetchone() == (1,)
    connection.close()


def test_a_step_that_fails_leaves_the_log_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_write(path).close()
    steps = (*MIGRATIONS, "CREATE TABLE half(name); CREATE TABLE half(name)")
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(StoreError, match="already exists"):
        open_to_write(path)
    monkeypatch.setattr(schema, "MIGRATIONS", MIGRATIONS)
    connection = open_to_write(path)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    connection.close()


def test_positions_never_recur(path: Path) -> None:
    author, desk = Author(), Desk(path)
    desk.tell(*map(store, author.batches(3)))
    desk.log.close()
    connection = open_to_write(path)
    connection.execute("DELETE FROM batches WHERE pos >= 2")
    connection.close()
    desk = Desk(path)
    assert desk.restored.position == 3
    (stored,) = desk.tell(store(author.batch()))
    desk.log.close()
    assert stored.position == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "is full; make room"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_NOTADB, "no log"),
        (sqlite3.SQLITE_READONLY, "must be yours"),
        (sqlite3.SQLITE_CANTOPEN, "must be yours"),
        (sqlite3.SQLITE_BUSY, "locked by another process"),
        (sqlite3.SQLITE_IOERR | 4 << 8, "the disk that holds"),
        (sqlite3.SQLITE_MISUSE, "cannot be used"),
    ],
)
def test_what_sqlite_refuses_is_a_sentence_that_names_the_file(code: int, words: str) -> None:
    error = sqlite3.OperationalError("as SQLite puts it")
    error.sqlite_errorcode = code
    sentence = explain(error, Path("/home/ana/log.db"))
    assert words in sentence
    assert "/home/ana/log.db" in sentence
