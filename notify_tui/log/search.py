"""Search: an index of words, in a file of its own, behind the log and rebuildable from it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TypeVar

from notify_tui.errors import StoreError, WireError
from notify_tui.log.rows import LogFile
from notify_tui.log.schema import BUSY_SECONDS, explain, make_private_file, transaction
from notify_tui.protocol.batch import DAMAGED, MAX_EVENTS, decode_batch, decode_contents

VERSION = 1
STEP_EVENTS = 20_000
STEP_BYTES = 8 * 1024 * 1024
"""What is indexed in one transaction, in events and in bytes of frames: the more, the cheaper."""
HASH_BYTES = 16 * 1024 * 1024
"""What FTS5 gathers in memory before it writes: less than a transaction costs it merges."""
EVERYWHERE = 0, 2**63 - 1

TERMS = 32
"""Words of a query; what follows is left out."""

_WORDS = """
    CREATE VIRTUAL TABLE words USING fts5(
        title, text, tags,
        content='', columnsize=0, tokenize="unicode61 remove_diacritics 2"
    )
"""
_HASH = "INSERT INTO words(words, rank) VALUES ('hashsize', ?)"
_PROGRESS = "CREATE TABLE progress(log TEXT NOT NULL, position INTEGER NOT NULL)"
_ENTER = "INSERT INTO words(rowid, title, text, tags) VALUES (?, ?, ?, ?)"
_BROKEN = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

Entry = tuple[int, str, str, str]
T = TypeVar("T")


class Search:
    """The index at `path` of the log at `log_path`. Nothing is lost with it: it is made anew.

    For one thread; others, and other processes, have their own.
    """

    def __init__(self, path: Path, log_path: Path) -> None:
        self._path = path
        self._log_path = log_path
        self._index: sqlite3.Connection | None = None
        self._log: LogFile | None = None

    def close(self) -> None:
        """Close both files."""
        if self._log:
            self._log.close()
        self._close_index()
        self._log = None

    def catch_up(self, seconds: float | None = None) -> bool:
        """Index what the log has gained, for about as long as `seconds`; True if all is in.

        Raises:
            RefusedError: no permission.
            UnknownError: there is no log.
            StoreError: the log cannot be read, or the index not be written.
        """
        until = None if seconds is None else monotonic() + seconds
        while self._mended(self._step):
            if until is not None and monotonic() >= until:
                return False
        return True

    def find(self, words: str, limit: int = 100) -> list[tuple[int, int]]:
        """(position, index) of events that hold all the words, the newest in the log first.

        They are plain words of the title, the text or the tags, without regard to case and
        accents; `dep*` is the beginning of a word. What `catch_up` has not seen is not found.

        Raises:
            RefusedError: no permission.
            UnknownError: there is no log.
            StoreError: the index cannot be read.
        """
        return list(islice(self.hits(words), limit))

    def hits(self, words: str) -> Iterator[tuple[int, int]]:
        """As `find`, one after the other for as long as they are wanted."""
        query = quoted(words)
        if not query or not self._mended(lambda: self._matching(query, 1).fetchone()):
            return
        try:
            for (number,) in self._matching(query, -1):
                yield divmod(number, MAX_EVENTS)
        except sqlite3.Error as error:
            if _is_broken(error):
                self._remove()
                raise StoreError(
                    f"{self._path} was damaged, and is made anew: search again"
                ) from None
            raise StoreError(explain(error, self._path)) from None

    def places(self, words: str, position: int) -> list[int]:
        """Which events of the batch at a position hold all the words, the last one first."""
        query, start = quoted(words), position * MAX_EVENTS
        if not query:
            return []
        span = start, start + MAX_EVENTS - 1
        found = self._mended(lambda: self._matching(query, -1, span).fetchall())
        return [number - start for (number,) in found]

    def _matching(
        self, query: str, limit: int, span: tuple[int, int] = EVERYWHERE
    ) -> sqlite3.Cursor:
        return self._opened().execute(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?"
            " ORDER BY rowid DESC LIMIT ?",
            (query, *span, limit),
        )

    def _step(self) -> bool:
        """Index the next pages of the log, in one transaction; False if there were none."""
        index, log = self._opened(), self._opened_log()
        (after,) = index.execute("SELECT position FROM progress").fetchone()
        if not log.one("SELECT 1 FROM batches WHERE pos > ?", (after,)):
            return False
        with transaction(index):
            (after,) = index.execute("SELECT position FROM progress").fetchone()
            entries, position = _entries(log, after)
            if position <= after:
                raise StoreError(f"{self._log_path} is damaged: its batches are out of order")
            index.executemany(_ENTER, entries)
            index.execute("UPDATE progress SET position = ?", (position,))
        return True

    def _mended(self, action: Callable[[], T]) -> T:
        """Do it; if the index turns out to be broken, do it once more with a new one."""
        try:
            try:
                return action()
            except sqlite3.Error as error:
                if not _is_broken(error):
                    raise
                self._remove()
                return action()
        except sqlite3.Error as error:
            raise StoreError(explain(error, self._path)) from None

    def _opened(self) -> sqlite3.Connection:
        if self._index is None:
            make_private_file(self._path)
            index = sqlite3.connect(self._path, BUSY_SECONDS, isolation_level=None)
            try:
                self._prepare(index, self._opened_log().one("SELECT id FROM log"))
            except BaseException:
                index.close()
                raise
            self._index = index
        return self._index

    def _prepare(self, index: sqlite3.Connection, log: str) -> None:
        """See to it that this is an index of this version, of this log."""
        index.execute("PRAGMA journal_mode = WAL").fetchone()
        index.execute("PRAGMA synchronous = NORMAL")
        with transaction(index):
            (version,) = index.execute("PRAGMA user_version").fetchone()
            if version == 0:
                index.execute(_WORDS)
                index.execute(_HASH, (HASH_BYTES,))
                index.execute(_PROGRESS)
                index.execute("INSERT INTO progress VALUES (?, 0)", (log,))
                index.execute(f"PRAGMA user_version = {VERSION}")
            elif index.execute("SELECT log FROM progress").fetchone() != (log,):
                raise sqlite3.DatabaseError("another log's index")
            elif version != VERSION:
                raise sqlite3.DatabaseError("an index of another version")

    def _opened_log(self) -> LogFile:
        if self._log is None:
            self._log = LogFile(self._log_path)
        return self._log

    def _close_index(self) -> None:
        if self._index:
            with suppress(sqlite3.Error):
                self._index.close()
        self._index = None

    def _remove(self) -> None:
        self._close_index()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)


def _is_broken(error: sqlite3.Error) -> bool:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF in _BROKEN


def _entries(log: LogFile, after: int) -> tuple[list[Entry], int]:
    """What is to be indexed of the batches after a position, and the position it reaches."""
    entries: list[Entry] = []
    size = 0
    position = after
    rows = log.ask("SELECT pos, frame FROM batches WHERE pos > ? ORDER BY pos", (after,))
    for position, frame in rows:
        if isinstance(frame, bytes):  # where the file is damaged, there may be anything
            entries += _words(position, frame)
            size += len(frame)
        if size >= STEP_BYTES or len(entries) >= STEP_EVENTS:
            break
    return entries, position


def _words(position: int, frame: bytes) -> list[Entry]:
    try:
        contents = decode_contents(decode_batch(frame))
    except WireError:
        return []
    start = position * MAX_EVENTS
    return [
        (start + place, content.title, content.text, " ".join(content.tags))
        for place, content in enumerate(contents)
        if (content.text or content.title or content.tags) and content.kind != DAMAGED
    ]


def quoted(words: str) -> str:
    """Plain words as a query of FTS5, none of whose signs means anything in them."""
    terms = []
    for word in words.replace("\0", " ").split()[:TERMS]:
        stem = word.rstrip("*").replace('"', '""')
        if stem:
            terms.append(f'"{stem}"{"*" if word.endswith("*") else ""}')
    return " ".join(terms)
