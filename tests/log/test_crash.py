"""Crash: a writer that is killed at any moment has lost nothing that it had told."""

import random
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from notify_tui.log.reader import LogReader
from notify_tui.log.writer import Log
from notify_tui.protocol.batch import NO_PREVIOUS
from notify_tui.protocol.event import StreamKey

ROOT = Path(__file__).parents[2]

WRITER = """
import os, random, sys
from pathlib import Path
from threading import BoundedSemaphore
from notify_tui.log.writer import Log
from notify_tui.protocol.command import Place, Stored
from tests.log.author import NOON, SECOND, Author, store

def deliver(outcomes):
    lines = []
    for outcome in outcomes:
        stored = isinstance(outcome, Stored)
        key = outcome.batch.key if stored else outcome.key
        first = outcome.batch.first if stored else outcome.first
        lines.append(f"{key.topic} {first} {outcome.position}\\n")
        waiting.release()
    os.write(1, "".join(lines).encode())

def resumed(topic):
    author = Author(topic)
    for stream in restored.streams:
        if stream.key == author.key:
            author.next, author.previous = stream.placed + 1, stream.digest
            author.time = NOON + stream.placed * SECOND  # so that it says the same again
    return author

def post(*jobs):
    for _ in jobs:
        waiting.acquire()
    log.post(jobs)

dice = random.Random(int(sys.argv[2]))
waiting = BoundedSemaphore(64)
log = Log(Path(sys.argv[1]), deliver)
restored = log.open()
log.start()
plain, holey = resumed("plain"), resumed("holey")
while True:
    post(*(store(plain.batch("x" * dice.randrange(2000))) for _ in range(dice.randrange(1, 9))))
    first, second = holey.batches(2)
    post(store(second, placed=False))
    post(store(first), Place(holey.key, second.first))
"""

Told = tuple[str, int, int]


def killed(path: Path, seed: int) -> list[Told]:
    """Let a writer write, kill it after a while; what it had told by then."""
    argv = [sys.executable, "-c", WRITER, str(path), str(seed)]
    patience = random.Random(seed).randrange(1, 300)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout
        told = [heard(line) for line in islice(child.stdout, patience)]
        child.kill()
        told += [heard(line) for line in child.stdout if line.endswith("\n")]
    assert child.returncode == -signal.SIGKILL
    return told


def heard(line: str) -> Told:
    topic, first, position = line.split()
    return topic, int(first), int(position)


def check(path: Path, told: list[Told]) -> None:
    """All that was told is in its place; streams are whole, chained, and end where they say.

    It is read before a writer opens it again: reading needs none.
    """
    places: dict[tuple[str, int], int] = {}
    ends: dict[StreamKey, tuple[int, bytes]] = {}
    with LogReader(path) as reader:
        after = 0
        while page := reader.read(after, 1000):
            for row in page:
                key, header = row.source.key, row.batch.header
                assert (header.first - 1, header.previous) == ends.get(key, (0, NO_PREVIOUS))
                ends[key] = row.batch.last, row.batch.digest
                places[key.topic, row.batch.first] = row.position
            after = page[-1].position
    log = Log(path, print)
    restored = log.open()
    log.close()
    assert sorted(places.values()) == list(range(1, restored.position + 1))
    for stream in restored.streams:
        assert (stream.placed, stream.digest) == ends.get(stream.key, (0, NO_PREVIOUS))
        places |= {(stream.key.topic, batch.first): 0 for batch in stream.held}
    for topic, first, position in told:
        assert places[topic, first] == position or (position == 0 and topic == "holey")


def survive(path: Path, rounds: int) -> None:
    told: list[Told] = []
    for seed in range(rounds):
        told += killed(path, seed)
        check(path, told)


def test_a_killed_writer_has_lost_nothing_that_it_told(path: Path) -> None:
    survive(path, 20)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_killed_writers_have_lost_nothing_that_they_told(path: Path) -> None:
    survive(path, 120)
