"""LogReader: a log as it is read. It needs no node, and never hinders the writer."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby, islice, pairwise
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from notify_tui.errors import StoreError, UnknownError
from notify_tui.log.history import (
    BEGINNING,
    END,
    EVER,
    Choice,
    Moment,
    choose_streams,
    latest,
    search_latest,
    walk,
)
from notify_tui.log.ledger import NEWEST
from notify_tui.log.marks import Mark
from notify_tui.log.restore import PEERS, peer_of
from notify_tui.log.rows import LogFile, Row, events_of, pick
from notify_tui.log.schema import FIRST_RECEIVED, connect_to, explain
from notify_tui.log.search import Search
from notify_tui.protocol.command import Remember
from notify_tui.protocol.event import Event, EventId, Priority, peer_id

PAGE_BYTES = 1024 * 1024
CANDIDATES = 8


class TopicRow(NamedTuple):
    """What the log holds of a topic; `last_time` is ns since 1970 by the publisher's clock."""

    topic: str
    events: int
    origins: int
    last_time: int


class Cursor(NamedTuple):
    """How far a named reader has come, in the numbers in which it said so."""

    position: int
    place: int


class LogReader:
    """A read-only view of the log at `path`, for one thread; there may be many.

    Log order is arrival: `read` follows it, and misses nothing. Time order is what people
    read: by a row's `moment`, then by its position. The moment is the batch's time by its
    publisher's clock, or its receipt's if that lies more than 60 s after it.

    Raises:
        UnknownError: there is no log.
        RefusedError, StoreError: it cannot be read.
    """

    def __init__(self, path: Path, search: Path | None = None) -> None:
        self._path = path
        self._log = LogFile(path)
        self._search = Search(search or path.with_name("search.db"), path)
        self._cursors: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the log and what belongs to it."""
        self._search.close()
        self._log.close()
        if self._cursors:
            self._cursors.close()

    @property
    def identity(self) -> str:
        """A random word of this log's own: a position kept elsewhere is of this log or is not."""
        word: str = self._log.one("SELECT id FROM log")
        return word

    def head(self) -> int:
        """The newest position, 0 if there is none."""
        position: int = self._log.one(NEWEST)
        return position

    def read(self, after: int, limit: int = 100) -> list[Row]:
        """The next rows in log order: at most `limit`, and about a MiB.

        Raises:
            StoreError: the log cannot be read.
        """
        page = _page(self._log.rows("WHERE pos > ? ORDER BY pos LIMIT ?", (after, limit)))
        places = [after, *(row.position for row in page)]
        if any(low >= high for low, high in pairwise(places)):
            raise StoreError(f"{self._path} is damaged: its batches are out of order")
        return page

    @staticmethod
    def events(row: Row, patterns: Sequence[str] = ()) -> list[Event]:
        """The events of a row; none if there are patterns and none of them takes its topic."""
        return events_of(row, patterns)

    def history(
        self,
        patterns: Sequence[str] = (),
        since: int | None = None,
        until: int | None = None,
        limit: int = 100,
        search: str | None = None,
        origin: str | None = None,
        priority: int | None = None,
    ) -> list[Event]:
        """The last `limit` events that fit, in time order, the oldest first.

        Args:
            patterns: topics; with none, all topics, also the system's own and direct ones.
            since: moments from this one on, ns since 1970.
            until: moments before this one.
            limit: how many at the most.
            search: words that an event must hold, see `Search.find`; the index is brought up.
            origin: a publisher's name, or the beginning of a peer id.
            priority: this one at least.

        Raises:
            UnknownError: no such origin.
            StoreError: the log or its index cannot be read.
        """
        publics = None if origin is None else frozenset(self.find_origin(origin))
        choice = Choice(
            BEGINNING if since is None else Moment(since, 0),
            END if until is None else Moment(until, 0),
            *choose_streams(self._log, tuple(patterns), publics),
            Priority.MIN if priority is None else priority,
        )
        if search is None:
            return latest(self._log, choice, limit)
        self._search.catch_up()
        return search_latest(self._log, self._search, search, choice, limit)

    def timeline(
        self,
        patterns: Sequence[str] = (),
        *,
        before: Moment | None = None,
        after: Moment | None = None,
        limit: int = 100,
    ) -> list[Row]:
        """Rows in time order: the first ones after a moment, or else the last ones before one.

        As with `read`, at most `limit`, and about a MiB.
        """
        streams, events = choose_streams(self._log, tuple(patterns), None)
        choice = Choice(after or BEGINNING, before or END, streams, events)
        rows = walk(self._log, choice, backwards=after is None)
        page = _page(islice(rows, limit))
        return page if after else page[::-1]

    def marked(
        self, mark: Mark, target: str | int | None = None, *, after: int = 0, limit: int = 100
    ) -> list[Event]:
        """Marked events behind a position, in log order; with a target, those that have it."""
        aim, values = ("", ()) if target is None else (" AND target = ?", (target,))
        places = self._log.ask(
            f"SELECT DISTINCT pos, place FROM marks WHERE mark = ?{aim} AND pos > ?"  # noqa: S608
            " ORDER BY pos, place LIMIT ?",
            (mark, *values, after, limit),
        )
        return [
            event
            for position, group in groupby(places, key=itemgetter(0))
            for event in self._log.events_at(position, [place for _, place in group])
        ]

    def position_at(self, received: int) -> int:
        """The position before the first batch that was received at that moment or after it.

        By this machine's clock, ns since 1970; where that went back, too much lies behind the
        position and never too little. What waited beyond a gap is not looked at.
        """
        first: int | None = self._log.one(FIRST_RECEIVED, (received,))
        return self.head() if first is None else first - 1

    def position_of(self, wanted: EventId) -> int:
        """The position of the batch that holds the event, whose id is taken as `find` takes it.

        Raises:
            UnknownError: there is none, or the stream could be one of several.
        """
        return self._row_of(wanted).position

    def find(self, wanted: EventId) -> Event:
        """The event of that id, whose stream may be shortened where it stays unique.

        Raises:
            UnknownError: there is none, or the stream could be one of several.
        """
        row = self._row_of(wanted)
        return pick(row, [wanted.seq - row.batch.first])[0]

    def _row_of(self, wanted: EventId) -> Row:
        streams = list(self._log.ask(
            "SELECT id, name FROM streams WHERE name >= ? AND name < ? LIMIT ?",
            (wanted.stream, wanted.stream + "~", CANDIDATES),
        ))  # fmt: skip
        if len(streams) > 1:
            names = ", ".join(f"{name}.{wanted.seq}" for _, name in streams)
            raise UnknownError(f"event {wanted} could be one of several: {names}")
        for number, _ in streams if wanted.seq <= EVER else ():
            clause = "WHERE stream = ? AND first <= ? AND last >= ? ORDER BY first DESC LIMIT 1"
            for row in self._log.rows(clause, (number, wanted.seq, wanted.seq)):
                return row
        raise UnknownError(f"event {wanted} is not in this log")

    def topics(self) -> list[TopicRow]:
        """What there is of each topic, by name, the system's own and direct ones included."""
        rows = self._log.ask(
            "SELECT topic, sum(placed - baseline - ifnull(missing, 0)) AS events,"
            " count(DISTINCT origin), max(time) FROM streams LEFT JOIN"
            " (SELECT stream, sum(high - low + 1) AS missing FROM lost GROUP BY stream)"
            " ON stream = id GROUP BY topic HAVING events > 0 ORDER BY topic"
        )
        return [TopicRow(*row) for row in rows]

    def peers(self) -> list[Remember]:
        """The peers that the node remembers, last met first."""
        return [peer_of(row) for row in self._log.ask(PEERS)]

    def names(self) -> dict[bytes, str]:
        """What the remembered peers call themselves, by public key."""
        return {peer.public: peer.name for peer in self.peers()}

    def find_origin(self, text: str) -> list[bytes]:
        """The public keys of who bears that name, or whose peer id begins with it.

        Raises:
            UnknownError: nobody in the log, or the beginning of several ids.
        """
        named = [peer.public for peer in self.peers() if peer.name == text]
        if named:
            return named
        origins = [public for (public,) in self._log.ask("SELECT DISTINCT origin FROM streams")]
        found = [public for public in origins if text and peer_id(public).startswith(text)]
        if not found:
            raise UnknownError(
                f"nobody called {text!r} is in this log; `notify-tui peers` lists all"
            )
        if len(found) > 1:
            ids = ", ".join(map(peer_id, found[:CANDIDATES]))
            raise UnknownError(f"{text!r} could be one of several: {ids}")
        return found

    def cursors(self) -> dict[str, Cursor]:
        """The named cursors."""
        rows = self._log.ask("SELECT name, pos, place FROM cursors")
        return {name: Cursor(position, index) for name, position, index in rows}

    def save_cursor(self, name: str, position: int, index: int = 0) -> None:
        """Keep how far a named reader has come. After a power cut it may be an older place.

        Raises:
            StoreError: the log cannot be written.
        """
        self._change_cursor(
            "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", name, position, index
        )

    def drop_cursor(self, name: str) -> None:
        """Forget a named cursor.

        Raises:
            StoreError: the log cannot be written.
        """
        self._change_cursor("DELETE FROM cursors WHERE name = ?", name)

    def _change_cursor(self, sql: str, *values: object) -> None:
        if self._cursors is None:
            self._cursors = connect_to(self._path, "rw")
        try:
            self._cursors.execute("PRAGMA synchronous = NORMAL")
            self._cursors.execute("PRAGMA wal_autocheckpoint = 0")
            self._cursors.execute(sql, values)
        except sqlite3.Error as error:
            raise StoreError(explain(error, self._path)) from None


def _page(rows: Iterator[Row]) -> list[Row]:
    """The rows, up to about a MiB."""
    page: list[Row] = []
    size = 0
    for row in rows:
        page.append(row)
        size += len(row.batch.frame)
        if size >= PAGE_BYTES:
            break
    return page


__all__ = ["Cursor", "LogReader", "Mark", "Moment", "Row", "TopicRow"]
