"""Supply: batches for a peer that lacks them, out of the log and from what is held."""

import sqlite3
from collections.abc import Iterator

from notify_tui.errors import WireError
from notify_tui.log.ledger import find_stream, readable
from notify_tui.log.schema import Flag
from notify_tui.protocol.batch import MAX_EVENTS, decode_batch
from notify_tui.protocol.command import Found, Read

SCAN = 4096
"""Rows that are looked at for being too old before a read is answered with what they prove."""

END = 2**63 - 1
_RANGE = "stream = ? AND first > ? AND first <= ? AND last >= ?"
_SOUND = f"NOT flags & {Flag.DAMAGED:d}"


def find_batches(connection: sqlite3.Connection, read: Read) -> tuple[Found, list[int]]:
    """Answer a read, and name the positions whose frames turned out to be damaged.

    At least one batch is found, if there is one that is young enough, whatever the budget.
    What is too old is a stream's beginning: from the first batch on that is young enough,
    everything is sent.

    Raises:
        sqlite3.Error: the log cannot be read.
    """
    stream = find_stream(connection, read.key)
    if stream is None:
        return Found(read.token, (), b""), []
    start, below = _young(connection, stream, read) if read.not_before else (0, b"")
    frames: list[bytes] = []
    damaged: list[int] = []
    left = read.budget
    for position, first, last, frame in _candidates(connection, stream, read.wanted, start):
        if frames and len(frame) > left:
            break
        if readable(frame, read.key, first, last):
            frames.append(frame)
            left -= len(frame)
        elif position:
            damaged.append(position)
    return Found(read.token, tuple(frames), below), damaged


def _candidates(
    connection: sqlite3.Connection, stream: int, wanted: tuple[tuple[int, int], ...], start: int
) -> Iterator[tuple[int, int, int, bytes]]:
    """(position, first, last, frame) in sequence; what is held lies beyond what is placed."""
    for table, position in (("batches", "pos"), ("held", "0")):
        done = start - 1
        for low, high in wanted:
            rows = connection.execute(
                f"SELECT {position}, first, last, frame FROM {table}"  # noqa: S608  (our words)
                f" WHERE {_RANGE} AND {_SOUND} ORDER BY first",
                (stream, max(low - MAX_EVENTS, done), high, low),
            )
            for row in rows:
                done = row[1]
                yield row


def _young(connection: sqlite3.Connection, stream: int, read: Read) -> tuple[int, bytes]:
    """The first sequence that may be sent, and the proof of the last batch that is too old."""
    scanned, old, edge = 0, None, 0
    for low, high in read.wanted:
        rows = connection.execute(
            f"SELECT pos, first, time FROM batches WHERE {_RANGE} AND {_SOUND}"  # noqa: S608
            " ORDER BY first LIMIT ?",
            (stream, low - MAX_EVENTS, high, low, SCAN - scanned),
        )
        for position, first, time in rows:
            if time >= read.not_before:
                return first, _proof(connection, old)
            scanned, old, edge = scanned + 1, position, first + 1
    return END if scanned == SCAN else edge, _proof(connection, old)


def _proof(connection: sqlite3.Connection, position: int | None) -> bytes:
    row = connection.execute("SELECT frame FROM batches WHERE pos = ?", (position,)).fetchone()
    try:
        return decode_batch(row[0], whole=False).proof if row else b""
    except WireError:
        return b""
