"""Damage: whatever bits of a log's file have flipped, what is said of it is a sentence."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from notify_tui.errors import NotifyError
from notify_tui.log.reader import LogReader, Mark, Row
from notify_tui.log.writer import Log
from notify_tui.protocol.command import Found, Note, Outcome, Place, Read, Remember
from notify_tui.protocol.event import Content, Event, EventId, Priority, stream_id
from tests.log.author import NOON, Author, store
from tests.log.desk import Desk

NO_BALLAST = 1 << 62
EVERYTHING = ((1, 1 << 40),)
PAGE = 4096


def filled(path: Path) -> list[Row]:
    """Make a log with something in every table; its rows."""
    ana, bob = Author("builds.web"), Author("chat", "bob")
    desk = Desk(path)
    desk.tell(Remember(ana.key.origin, "ana", ("127.0.0.1",), 7792, NOON), Note("boot", "3"))
    for number in range(40):
        urgent = Content(NOON, f"@ana {number}", priority=Priority.URGENT, reply_to="x.1")
        desk.tell(store(ana.batch("x" * 25 * number)), store(bob.batch(urgent, "and more")))
    lost, held, after = ana.batches(3)
    desk.tell(store(held, placed=False), Place(ana.key, held.first, missing=1))
    bob.batch()
    desk.tell(store(bob.batch(), placed=False))
    desk.log.close()
    with LogReader(path) as reader:
        return reader.read(0)


def flip(data: bytes, dice: random.Random, low: int, high: int, count: int) -> bytes:
    """The bytes with some bits flipped between these offsets."""
    flipped = bytearray(data)
    for _ in range(count):
        flipped[dice.randrange(low, high)] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def texts(events: list[Event]) -> set[str]:
    return {event.text for event in events}


def look(path: Path) -> list[Row]:
    """Ask a log all that a reader can be asked; its rows, or those before it said no."""
    rows: list[Row] = []
    key = Author().key
    with suppress(NotifyError), LogReader(path) as reader:
        questions: tuple[Callable[[], object], ...] = (
            reader.head, reader.topics, reader.peers, reader.cursors,
            reader.history, reader.timeline, lambda: reader.identity,
            lambda: reader.history(["chat"], origin="ana", priority=5),
            lambda: reader.history(search="more"),
            lambda: reader.marked(Mark.REPLY), lambda: reader.position_at(NOON),
            lambda: reader.find(EventId(stream_id(key), 7)),
            lambda: reader.save_cursor("here", 3),
        )  # fmt: skip
        for question in questions:
            with suppress(NotifyError):
                question()
        after = 0
        while page := reader.read(after, 1):
            rows += page
            assert page[0].position > after
            after = page[0].position
    return rows


def start(path: Path) -> list[Outcome]:
    """Start a writer on it, and let it read, store and close; what it told."""
    told: list[Outcome] = []
    with suppress(NotifyError):
        log = Log(path, told.extend, reserve=0)
        log.open()
        for author in (Author("builds.web"), Author("chat", "bob")):
            log.post([Read(1, author.key, EVERYTHING, 1 << 30, 0), Read(2, author.key, EVERYTHING, 1 << 30, NOON)])
        log.post([store(Author("new").batch())])
        log.close()
        assert len(told) == 5
    return told


def survive(path: Path, rounds: int) -> None:
    sound = {row.position: row for row in filled(path)}
    good = path.read_bytes()
    frames = {row.batch.frame for row in sound.values()}
    for seed in range(rounds):
        dice = random.Random(seed)
        area = dice.choice(((0, len(good)), (0, PAGE)))
        path.write_bytes(flip(good, dice, *area, dice.choice((1, 3, 30))))
        for row in look(path):
            assert row.batch.frame in frames or texts(LogReader.events(row)) == {""}
        for outcome in start(path):
            assert not isinstance(outcome, Found) or frames.issuperset(outcome.batches)
        for left in path.parent.iterdir():
            left.unlink()


def test_bits(path: Path) -> None:
    survive(path, 400)
