"""Restore: what a log gives back to a node that starts. Its cost follows streams, not events."""

import sqlite3
from typing import Any

from notify_tui.errors import StoreError
from notify_tui.log.ledger import Ledger, readable
from notify_tui.log.schema import Flag, transaction
from notify_tui.protocol.batch import Batch
from notify_tui.protocol.command import Remember, Restored, RestoredStream
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals

PEERS = "SELECT public, name, hosts, exchange, seen FROM peers ORDER BY seen DESC"
"""Last met first."""
_STREAM = [int, bytes, int, str, int, int, bytes, int]
"""The types of a stream's columns."""


def restore(connection: sqlite3.Connection, ledger: Ledger) -> Restored:
    """Read a log's state, and look at what a crash would have hurt first: its newest batch.

    Raises:
        sqlite3.Error, StoreError: the log is damaged, or cannot be written.
    """
    with transaction(connection):
        _check_newest(connection, ledger)
        return Restored(
            _streams(connection),
            tuple(map(peer_of, connection.execute(PEERS))),
            dict(connection.execute("SELECT name, value FROM settings")),
            ledger.newest,
        )


def peer_of(row: tuple[Any, ...]) -> Remember:
    """One of the `PEERS`.

    Raises:
        StoreError: the row is damaged.
    """
    public, name, hosts, exchange, seen = row
    if [*map(type, row)] != [bytes, str, str, int, int]:
        raise StoreError("what the log remembers of its peers is damaged")
    return Remember(public, name, tuple(hosts.split()), exchange, seen)


def _check_newest(connection: sqlite3.Connection, ledger: Ledger) -> None:
    row = connection.execute(
        "SELECT pos, origin, epoch, topic, first, last, frame FROM batches"
        " JOIN streams ON streams.id = stream WHERE NOT flags & ? ORDER BY pos DESC LIMIT 1",
        (Flag.DAMAGED,),
    ).fetchone()
    if row and not readable(row[6], StreamKey(*row[1:4]), row[4], row[5]):
        ledger.quarantine(row[0])


def _streams(connection: sqlite3.Connection) -> tuple[RestoredStream, ...]:
    lost: dict[int, list[tuple[int, int]]] = {}
    for stream, low, high in connection.execute("SELECT stream, low, high FROM lost"):
        lost.setdefault(stream, []).append((low, high))
    rows = connection.execute(
        "SELECT id, origin, epoch, topic, baseline, placed, digest, time FROM streams"
    ).fetchall()
    if any([*map(type, row)] != _STREAM for row in rows):
        raise StoreError("what the log says of its streams is damaged")
    keys = {row[0]: StreamKey(*row[1:4]) for row in rows}
    held = _held(connection, keys)
    return tuple(
        RestoredStream(
            keys[number], baseline, placed, digest, time,
            Intervals(lost.get(number, ())), tuple(held.get(number, ())),
        )
        for number, _, _, _, baseline, placed, digest, time in rows
    )  # fmt: skip


def _held(connection: sqlite3.Connection, keys: dict[int, StreamKey]) -> dict[int, list[Batch]]:
    """Held batches by stream; one that is damaged is dropped, to come again."""
    held: dict[int, list[Batch]] = {}
    rows = connection.execute(
        "SELECT stream, first, last, frame FROM held ORDER BY stream, first"
    ).fetchall()
    for stream, first, last, frame in rows:
        if stream in keys and (batch := readable(frame, keys[stream], first, last)):
            held.setdefault(stream, []).append(batch)
        else:
            drop = "DELETE FROM held WHERE stream = ? AND first = ?"
            connection.execute(drop, (stream, first))
    return held
