"""The tables of a log, how its file is opened, and what SQLite's refusals mean to a user.

A position is the place of a batch in log order. Positions are counted by the writer, and the
trigger below keeps the highest that was ever deleted, so that none recurs; that is what
AUTOINCREMENT promises, without its page in every commit.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntFlag
from pathlib import Path

from notify_tui.errors import StoreError
from notify_tui.security.private import make_private_directory, told

APPLICATION = 1853125993
"""The letters `ntui` as a number."""
BUSY_SECONDS = 5.0
PRIVATE = 0o600
REFUSALS = sqlite3.Error, UnicodeDecodeError
"""What SQLite raises; the second where damaged bytes got into its own sentence."""


class Flag(IntFlag):
    """What a row of `batches` says of how its batch came."""

    REPAIRED = 1
    LATE = 2
    HELD = 4
    """It waited beyond a gap, so it was received before its neighbours."""
    DAMAGED = 8
    """Its bytes are not what was stored; it is lost until it comes again, and keeps its place."""


MIGRATIONS = (
    """
    PRAGMA application_id = 1853125993;
    CREATE TABLE log(id TEXT NOT NULL, newest INTEGER NOT NULL);
    INSERT INTO log VALUES (lower(hex(randomblob(16))), 0);
    CREATE TABLE streams(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        origin BLOB NOT NULL, epoch INTEGER NOT NULL, topic TEXT NOT NULL,
        name TEXT NOT NULL,
        baseline INTEGER NOT NULL, placed INTEGER NOT NULL,
        digest BLOB NOT NULL, time INTEGER NOT NULL,
        UNIQUE (origin, epoch, topic)
    );
    CREATE INDEX streams_by_name ON streams(name);
    CREATE TABLE batches(
        pos INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        time INTEGER NOT NULL, received INTEGER NOT NULL, local_time INTEGER NOT NULL,
        moment INTEGER NOT NULL, flags INTEGER NOT NULL, missing INTEGER NOT NULL,
        priority INTEGER NOT NULL, kinds INTEGER NOT NULL, frame BLOB NOT NULL
    );
    CREATE UNIQUE INDEX batches_by_stream ON batches(stream, first);
    CREATE INDEX batches_by_moment ON batches(moment, pos, stream);
    CREATE INDEX batches_by_receipt ON batches(received) WHERE NOT flags & 4;
    CREATE INDEX batches_of_weight ON batches(moment, pos, stream) WHERE priority >= 4;
    CREATE TRIGGER positions_never_recur AFTER DELETE ON batches BEGIN
        UPDATE log SET newest = max(newest, OLD.pos);
    END;
    CREATE TABLE held(
        stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        time INTEGER NOT NULL, digest BLOB NOT NULL, flags INTEGER NOT NULL,
        received INTEGER NOT NULL, local_time INTEGER NOT NULL, frame BLOB NOT NULL,
        PRIMARY KEY (stream, first)
    );
    CREATE TABLE lost(
        stream INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
        PRIMARY KEY (stream, low)
    ) WITHOUT ROWID;
    CREATE TABLE marks(
        mark INTEGER NOT NULL, target NOT NULL, pos INTEGER NOT NULL, place INTEGER NOT NULL,
        PRIMARY KEY (mark, target, pos, place)
    ) WITHOUT ROWID;
    CREATE TABLE peers(
        public BLOB PRIMARY KEY, name TEXT NOT NULL, hosts TEXT NOT NULL,
        exchange INTEGER NOT NULL, seen INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE cursors(
        name TEXT PRIMARY KEY, pos INTEGER NOT NULL, place INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
)
"""What makes each format from the one before; a log's `user_version` counts those it has seen."""

FIRST_RECEIVED = "SELECT min(+pos) FROM batches WHERE received >= ? AND NOT flags & 4"
"""The first position received at a moment or after it, but for what was `HELD`: by the index
over just that. Receipts follow positions only as long as the clock does not go back."""

WRITING = """
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA cache_size = -8000;
    PRAGMA secure_delete = FAST;
"""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a log for its one writer: made if there is none, brought up to this format if older.

    Raises:
        RefusedError: no permission, or others may write in its directory.
        StoreError: it is no log, a newer one, damaged, or cannot be written.
    """
    make_private_directory(path.parent)
    make_private_file(path)
    try:
        connection = sqlite3.connect(
            path, BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise StoreError(explain(error, path)) from None
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    try:
        version = version_of(connection, path)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreError(f"{path} lies on a disk without shared memory (WAL); use another")
        connection.executescript(WRITING)
        migrate(connection, version)
    except REFUSALS as error:
        raise StoreError(explain(error, path)) from None


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a log that exists, read-only, whether or not somebody writes it.

    Raises:
        StoreError: it is no log, one of another format, damaged, or cannot be read.
    """
    connection = connect_to(path, "ro")
    try:
        version = version_of(connection, path)
    except (*REFUSALS, StoreError) as error:
        connection.close()
        raise StoreError(explain(error, path)) from None
    if version != len(MIGRATIONS):
        connection.close()
        raise StoreError(f"{path} is of an older format: start a node once to bring it up")
    return connection


def connect_to(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to a file that exists; `mode` is `ro` or `rw`.

    Raises:
        StoreError: it cannot be opened.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        return sqlite3.connect(uri, BUSY_SECONDS, isolation_level=None, uri=True)
    except sqlite3.Error as error:
        raise StoreError(explain(error, path)) from None


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The format of a log; 0 for a new file.

    Raises:
        StoreError: it is another program's, or newer than this program.
        sqlite3.Error: it cannot be read.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (application or version or tables):
        raise StoreError(f"{path} is another program's database; move it away")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by a newer notify-tui (format {version}, this one knows "
            f"{len(MIGRATIONS)}): upgrade, or use another --home"
        )
    return version


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a log up from that format, each step whole or not at all.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """What is done inside happens as a whole, or not at all.

    Raises:
        sqlite3.Error: it was not done.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def make_private_file(path: Path) -> None:
    """Make the database file, or take from others what they may do with it.

    A file that exists is never opened here: closing it again would drop the locks that SQLite
    holds on it in this process.

    Raises:
        RefusedError: no permission.
        StoreError: it cannot be made.
    """
    with told("make", path):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
        except FileExistsError:
            for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                if file.exists() and file.stat().st_mode & 0o077:
                    file.chmod(PRIVATE)


def explain(error: Exception, path: Path) -> str:
    """A sentence for the user: what is wrong with the log, and what to do."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return f"the disk that holds {path} is full; make room, and publishing goes on"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"{path} is damaged or no log ({error}); move it away, and peers fill a new one"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return f"{path} cannot be opened ({error}); it must be yours, on a disk you may write"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{path} is locked by another process; end that one, or wait for it"
        case sqlite3.SQLITE_IOERR:
            name = getattr(error, "sqlite_errorname", "")
            return f"the disk that holds {path} fails ({name}); publishing goes on when it works"
    return str(error) if isinstance(error, StoreError) else f"{path} cannot be used: {error!r}"
