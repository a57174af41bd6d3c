"""Damage: whatever bits of a log's file have flipped, what is said of it is a sentence."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from notify_tui.errors import NotifyError
from notify_tui.log.reader import LogReader, Mark, Row
from notify_tui.log.writer import Log
from notify_tui.protocol.batch import DAMAGED, Batch, decode_batch
from notify_tui.protocol.command import Found, Note, Outcome, Place, Read, Remember
from notify_tui.protocol.event import Content, EventId, Priority, stream_id
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
        desk.tell(store(ana.batch("x" * 3 * number)), store(bob.batch(urgent, "and more")))
    _lost, held = ana.batches(2)
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


def damaged(row: Row) -> bool:
    return {event.kind for event in LogReader.events(row)} == {DAMAGED}


def look(path: Path) -> list[Row]:
    """Ask a log all that a reader can be asked; its rows, or those before it said no."""
    rows: list[Row] = []
    with suppress(NotifyError), LogReader(path) as reader:
        questions: tuple[Callable[[], object], ...] = (
            reader.head, reader.topics, reader.peers, reader.cursors, reader.history,
            reader.timeline, lambda: reader.identity,
            lambda: reader.history(["chat"], origin="ana", priority=Priority.HIGH),
            lambda: reader.history(search="more"),
            lambda: reader.marked(Mark.REPLY),
            lambda: reader.position_at(NOON),
            lambda: reader.find(EventId(stream_id(Author().key), 7)),
            lambda: reader.save_cursor("here", 3),
        )  # fmt: skip
        for question in questions:
            with suppress(NotifyError):
                question()
        while page := reader.read(rows[-1].position if rows else 0, 1):
            rows += page
    return rows


def start(path: Path) -> list[Batch]:
    """Start a writer on it and let it read, store and close; the batches that it found."""
    told: list[Outcome] = []
    log = Log(path, told.extend, reserve=0)
    try:
        log.open()
    except NotifyError:
        return []
    keys = Author().key, Author("chat", "bob").key
    reads = [Read(1, key, EVERYTHING, 1 << 30, since) for key in keys for since in (0, NOON)]
    log.post([*reads, store(Author("new").batch())])
    log._turn(log._gather())  # in this thread: whatever it raises is seen
    log.close()
    found = [outcome for outcome in told if isinstance(outcome, Found)]
    assert len(found) == len(reads), "a question stays unanswered"
    return [decode_batch(frame) for outcome in found for frame in outcome.batches]


def survive(path: Path, rounds: int) -> None:
    """Flip bits anywhere, or on the page that tells what the file is."""
    filled(path)
    good = path.read_bytes()
    sound = {bytes(batch.body) for batch in start(path)}
    for seed in range(rounds):
        dice = random.Random(seed)
        end = dice.choice((len(good), PAGE))
        for left in path.parent.iterdir():
            left.unlink()
        path.write_bytes(flip(good, dice, 0, end, dice.choice((1, 3, 30))))
        for row in look(path):
            assert damaged(row) or bytes(row.batch.body) in sound, seed
        assert sound.issuperset(bytes(batch.body) for batch in start(path)), seed


def test_flipped_bits_never_end_in_anything_but_a_sentence_or_a_damaged_batch(path: Path) -> None:
    survive(path, 25)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_many_flipped_bits_never_end_in_anything_but_a_sentence_or_a_damaged_batch(
    path: Path,
) -> None:
    survive(path, 300)


def test_bits_that_flip_within_a_batch_damage_that_one_alone(path: Path) -> None:
    rows = filled(path)
    good = path.read_bytes()
    dice = random.Random(1)
    for row in dice.sample(rows, 10):
        body = bytes(row.batch.body)
        low = good.index(row.batch.frame) + row.batch.body_at
        path.write_bytes(flip(good, dice, low, low + len(body), 1))
        for seen, before in zip(look(path), rows, strict=True):
            assert damaged(seen) == (before == row)
            assert damaged(seen) or seen == before
        batches = start(path)
        assert body not in {bytes(batch.body) for batch in batches}
