"""The other side of each ratio: the same hops done bare, in two processes over loopback TCP."""

import sqlite3
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import zmq

from tests.benchmarks.pair import run_pair

HOST = "tcp://127.0.0.1"


def throughput(count: int, size: int) -> float:
    """Events/s of volatile PUB/SUB: one frame a message, drained until EAGAIN."""
    seconds = run_pair(_flood_sub, _flood_pub, count, size)
    return count / seconds


def latency(count: int, size: int, directory: Path) -> list[float]:
    """Seconds of each hop at rest: commit (FULL), PUB/SUB, commit (FULL)."""
    return run_pair(_idle_sub, _idle_pub, count, size, str(directory))


def _flood_pub(other: Connection, count: int, size: int) -> None:
    context = zmq.Context()
    pub = _joined(context, other)
    frame = b"bench\0" + bytes(size)
    other.send(time.monotonic())
    send = pub.send
    for _ in range(count):
        send(frame)
    other.recv()
    context.destroy(linger=0)


def _flood_sub(other: Connection, count: int, _size: int) -> float:
    context = zmq.Context()
    sub = context.socket(zmq.SUB)
    sub.set_hwm(0)
    _connect(sub, other.recv())
    start = other.recv()
    got = 0
    while got < count:
        sub.poll()
        got += _drain(sub.recv, count - got)
    seconds = time.monotonic() - start
    other.send("done")
    context.destroy(linger=0)
    return float(seconds)


def _drain(recv: Callable[[int], bytes], most: int) -> int:
    got = 0
    try:
        while got < most:
            recv(zmq.NOBLOCK)
            got += 1
    except zmq.Again:
        pass
    return got


def _joined(context: "zmq.Context[zmq.Socket[bytes]]", other: Connection) -> "zmq.Socket[bytes]":
    """A publisher whose subscriber has arrived."""
    pub = context.socket(zmq.XPUB)
    pub.set_hwm(0)
    other.send(pub.bind_to_random_port(HOST))
    pub.recv()
    return pub


def _connect(sub: "zmq.Socket[bytes]", port: int) -> None:
    sub.subscribe(b"bench")
    sub.connect(f"{HOST}:{port}")


def _database(directory: str, name: str) -> sqlite3.Connection:
    database = sqlite3.connect(f"{directory}/{name}.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, frame BLOB)")
    return database


def _idle_pub(other: Connection, count: int, size: int, directory: str) -> None:
    database = _database(directory, "bare-pub")
    context = zmq.Context()
    pub = _joined(context, other)
    frame = b"bench\0" + bytes(size)
    for _ in range(count):
        other.send(time.monotonic())
        database.execute("INSERT INTO log (frame) VALUES (?)", (frame,))
        pub.send(frame)
        other.recv()
    context.destroy(linger=0)


def _idle_sub(other: Connection, count: int, _size: int, directory: str) -> list[float]:
    database = _database(directory, "bare-sub")
    context = zmq.Context()
    sub = context.socket(zmq.SUB)
    _connect(sub, other.recv())
    hops = []
    for _ in range(count):
        start = other.recv()
        database.execute("INSERT INTO log (frame) VALUES (?)", (sub.recv(),))
        hops.append(time.monotonic() - start)
        other.send("got")
    context.destroy(linger=0)
    return hops
