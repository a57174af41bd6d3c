"""The path of an event: published in one node, decoded by a client of another.

Durable (committed FULL at both), signed, encrypted; beside it, in the same run, bare volatile
pyzmq for the throughput, and for the idle latency the same hop done bare (a commit, PUB/SUB,
a commit).

    python -m tests.benchmarks.path [--count 200000] [--hops 300] [--size 100] [--rounds 3] [--json]
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from notify_tui.client import Become, Client
from notify_tui.config import load_config
from notify_tui.protocol.event import Content
from tests.benchmarks import bare
from tests.benchmarks.pair import run_pair

TOPIC = "bench.path"
PATIENCE = 60.0


def _attach(directory: str, name: str) -> Client:
    options = {"interface": ["127.0.0.1"], "name": name}
    effective = load_config(Path(directory, name), options, {"XDG_RUNTIME_DIR": directory})
    return Client.attach(effective, become=Become())


def _contents(count: int, size: int) -> Iterator[Content]:
    text = "x" * size
    now = time.time_ns
    for _ in range(count):
        yield Content(now(), text)


def _meet(client: Client) -> None:
    """Wait until the other node is alive."""
    for event in client.subscribe(["_peers"], since=0, timeout=PATIENCE):
        if event.data.get("event") == "join":
            return


def _flood_out(other: Connection, count: int, size: int, directory: str) -> None:
    with _attach(directory, "out") as client:
        _meet(client)
        other.recv()
        other.send(time.monotonic())
        for _ in client.publish_lines(TOPIC, _contents(count, size)):
            pass
        other.recv()


def _flood_in(other: Connection, count: int, _size: int, directory: str) -> dict[str, float]:
    with _attach(directory, "in") as client:
        _meet(client)
        events = client.subscribe([TOPIC], timeout=PATIENCE)
        other.send("go")
        start = other.recv()
        for _ in range(count):
            next(events)
        seconds = time.monotonic() - start
        pulls = client.status()["counts"].get("pulls", 0)
        other.send("done")
        return {"seconds": seconds, "pulls": pulls}


def _idle_out(other: Connection, count: int, size: int, directory: str) -> None:
    with _attach(directory, "out") as client:
        _meet(client)
        other.recv()
        for content in _contents(count, size):
            other.send(time.monotonic())
            client.publish(TOPIC, content)
            other.recv()


def _idle_in(other: Connection, count: int, _size: int, directory: str) -> list[float]:
    hops = []
    with _attach(directory, "in") as client:
        _meet(client)
        events = client.subscribe([TOPIC], timeout=PATIENCE)
        other.send("go")
        for _ in range(count):
            start = other.recv()
            next(events)
            hops.append(time.monotonic() - start)
            other.send("got")
    return hops


def measure(count: int, hops: int, size: int, rounds: int) -> dict[str, Any]:
    """One object of figures: medians of `rounds`, ours beside the bare ones."""
    ours, floor, own_hops, bare_hops, pulls = [], [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            floor.append(bare.throughput(count, size))
            flood = run_pair(_flood_in, _flood_out, count, size, directory)
            ours.append(count / flood["seconds"])
            pulls.append(flood["pulls"])
        with tempfile.TemporaryDirectory() as directory:
            bare_hops += bare.latency(hops, size, Path(directory))
            own_hops += run_pair(_idle_in, _idle_out, hops, size, directory)
    events, volatile = statistics.median(ours), statistics.median(floor)
    own_p50, bare_p50 = statistics.median(own_hops), statistics.median(bare_hops)
    return {
        "count": count,
        "size": size,
        "rounds": rounds,
        "events_per_s": round(events),
        "bare_events_per_s": round(volatile),
        "ratio": round(events / volatile, 3),
        "pulls": pulls,
        "latency_p50_us": round(own_p50 * 1e6),
        "latency_p99_us": round(statistics.quantiles(own_hops, n=100)[98] * 1e6),
        "bare_latency_p50_us": round(bare_p50 * 1e6),
        "latency_ratio": round(own_p50 / bare_p50, 2),
    }


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200_000, help="events of a flood")
    parser.add_argument("--hops", type=int, default=300, help="events of the idle measurement")
    parser.add_argument("--size", type=int, default=100, help="bytes of text an event")
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are taken")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = measure(asked.count, asked.hops, asked.size, asked.rounds)
    if asked.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:>22}  {value}\n")


if __name__ == "__main__":
    main()
