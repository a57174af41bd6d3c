"""Rows: a log that is open to read, and its batches as readers get them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Raw
from msgspec.structs import replace

from notify_tui.errors import StoreError, UnknownError, WireError
from notify_tui.log.ledger import readable
from notify_tui.log.schema import REFUSALS, Flag, explain, open_to_read
from notify_tui.protocol.batch import (
    MAX_EVENTS,
    NO_PREVIOUS,
    VERSION,
    Batch,
    Header,
    decode_contents,
    split_contents,
)
from notify_tui.protocol.event import Content, Event, Origin, Source, StreamKey, peer_id
from notify_tui.protocol.topic import matches_any

NO_STREAM = StreamKey(bytes(32), 0, "_damaged")
SHORT_WAY = 4
"""Events of a batch up to which it is cheaper not to decode all of it."""

_COLUMNS = "pos, stream, first, last, time, received, local_time, moment, flags, missing, frame"


class Row(NamedTuple):
    """One batch of the log. `moment` sorts it in time: ns since 1970, see `LogReader.history`.

    A batch whose bytes are damaged is there, too: its events are of kind `damaged`.
    """

    position: int
    batch: Batch
    source: Source
    moment: int


def events_of(row: Row, patterns: Sequence[str] = ()) -> list[Event]:
    """The events of a row; none if there are patterns and none of them takes its topic."""
    if patterns and not matches_any(tuple(patterns), row.source.key.topic):
        return []
    contents = decode_contents(row.batch)
    first = row.batch.header.first
    return [Event(row.source, first + place, content) for place, content in enumerate(contents)]


def pick(row: Row, places: Sequence[int]) -> list[Event]:
    """Those of the row's events, counted from 0; to a few there is a short way."""
    try:
        parts = split_contents(row.batch) if len(places) <= SHORT_WAY else None
    except WireError:
        parts = None
    if parts is None:
        events = events_of(row)
        return [events[place] for place in places if place in range(len(events))]
    first = row.batch.header.first
    return [
        Event(row.source, first + place, _content(row.batch, parts[place]))
        for place in places
        if place in range(len(parts))
    ]


def _content(batch: Batch, part: Raw) -> Content:
    alone = Batch(b"\x91" + bytes(part), replace(batch.header, count=1), batch.key, b"", 0)
    return decode_contents(alone)[0]


class LogFile:
    """A log, open to read. What SQLite refuses becomes a `StoreError` with a sentence."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UnknownError(f"there is no log at {path}: no node has run on this network yet")
        self._path = path
        self._db = open_to_read(path)
        self._keys: dict[int, StreamKey] = {}

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def ask(self, sql: str, values: Iterable[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer, as they are wanted.

        Raises:
            StoreError: the log cannot be read.
        """
        try:
            yield from self._db.execute(sql, tuple(values))
        except REFUSALS as error:
            raise StoreError(explain(error, self._path)) from None

    def one(self, sql: str, values: Iterable[object] = ()) -> Any:
        """The only value of the first row, or None.

        Raises:
            StoreError: the log cannot be read.
        """
        row = next(self.ask(sql, values), None)
        return row[0] if row else None

    def rows(self, clause: str, values: Iterable[object]) -> Iterator[Row]:
        """The batches that a clause chooses, checked as they come.

        Raises:
            StoreError: the log cannot be read.
        """
        origins: dict[bytes, Origin] = {}
        for columns in self.ask(f"SELECT {_COLUMNS} FROM batches {clause}", values):  # noqa: S608
            key = self._key(columns[1])
            if key.origin not in origins:
                origins[key.origin] = self._origin(key.origin)
            yield _row(key, origins[key.origin], columns)

    def events_at(self, position: int, places: Sequence[int]) -> list[Event]:
        """The events at these places of the batch at a position, if it is there.

        Raises:
            StoreError: the log cannot be read.
        """
        rows = self.rows("WHERE pos = ?", (position,))
        return [event for row in rows for event in pick(row, places)]

    def _key(self, stream: int) -> StreamKey:
        if stream not in self._keys:
            found = self.ask("SELECT origin, epoch, topic FROM streams WHERE id = ?", (stream,))
            self._keys[stream] = _key_of(next(found, ()))
        return self._keys[stream]

    def _origin(self, public: bytes) -> Origin:
        name = self.one("SELECT name FROM peers WHERE public = ?", (public,))
        return Origin(peer_id(public), name or peer_id(public))


def _key_of(columns: tuple[Any, ...]) -> StreamKey:
    """The stream's key, or one that no batch has if the log has lost it."""
    match columns:
        case (bytes(), int(), str()):
            return StreamKey(*columns)
    return NO_STREAM


def _row(key: StreamKey, origin: Origin, columns: tuple[Any, ...]) -> Row:
    *columns_before, frame = columns
    position, _, first, last, time, received, local_time, moment, flags, missing = (
        column if isinstance(column, int) else 0 for column in columns_before
    )  # where the file is damaged, there may be anything
    batch = None if flags & Flag.DAMAGED else readable(frame, key, first, last)
    source = Source(
        key, origin, received, local_time, bool(flags & Flag.REPAIRED), bool(flags & Flag.LATE),
        missing,
    )  # fmt: skip
    return Row(position, batch or _damaged(key, first, last, time), source, moment)


def _damaged(key: StreamKey, first: int, last: int, time: int) -> Batch:
    """A batch of which only the place is known: every event of it decodes as damaged.

    The place itself may be damaged, too: whatever it says, the batch is one that could be.
    """
    count = min(max(last - first + 1, 1), MAX_EVENTS)
    header = Header(VERSION, bytes(16), *key, first, count, time, NO_PREVIOUS, NO_PREVIOUS)
    return Batch(b"", header, key, NO_PREVIOUS, 0)
