"""Supply: what a peer that lacks something is given, and no more than it asked for."""

import sqlite3
from collections.abc import Sequence

import pytest

from notify_tui.log import supply
from notify_tui.log.ledger import Ledger
from notify_tui.protocol.batch import Batch, decode_batch
from notify_tui.protocol.command import Damaged, Found, Place, Placed, Read, Stored
from notify_tui.protocol.intervals import Intervals
from tests.log.author import NOON, SECOND, Author, store
from tests.log.desk import NOBODY, Desk, damage, rows, stream_of

PLENTY = 1 << 20


def read(
    desk: Desk, author: Author, *wanted: tuple[int, int], budget: int = PLENTY, young: int = 0
) -> Found:
    (found,) = desk.tell(Read(7, author.key, wanted, budget, young))
    assert isinstance(found, Found)
    assert found.token == 7
    return found


def frames(batches: Sequence[Batch]) -> tuple[bytes, ...]:
    return tuple(batch.frame for batch in batches)


def test_what_is_wanted_is_found_in_sequence_and_once(desk: Desk) -> None:
    author = Author()
    batches = [author.batch("a", "b", "c") for _ in range(5)]
    desk.tell(*map(store, batches))
    assert read(desk, author, (2, 2), (3, 5), (12, 40)).batches == frames(
        [batches[0], batches[1], batches[3], batches[4]]
    )


def test_what_is_held_is_found_too(desk: Desk) -> None:
    author = Author()
    batches = author.batches(4)
    desk.tell(store(batches[0]), store(batches[3], placed=False))
    assert read(desk, author, (1, 9)).batches == frames([batches[0], batches[3]])


def test_a_stream_that_is_unknown_has_nothing(desk: Desk) -> None:
    assert read(desk, Author(), (1, 9)) == Found(7, (), b"")


def test_the_budget_is_kept_but_one_batch_is_always_found(desk: Desk) -> None:
    author = Author()
    batches = [author.batch("x" * 1000) for _ in range(4)]
    desk.tell(*map(store, batches))
    size = len(batches[0].frame)
    assert read(desk, author, (1, 4), budget=2 * size + 1).batches == frames(batches[:2])
    assert read(desk, author, (1, 4), budget=1).batches == frames(batches[:1])


def test_what_is_too_old_is_left_out_and_the_edge_is_proved(desk: Desk) -> None:
    author = Author()
    batches = author.batches(5)
    desk.tell(*map(store, batches))
    found = read(desk, author, (1, 5), young=NOON + 2 * SECOND)
    assert found.batches == frames(batches[2:])
    assert decode_batch(found.below, whole=False).last == 2
    assert found.below == batches[1].proof
    assert read(desk, author, (1, 5), young=NOON).below == b""


def test_a_stream_that_is_all_too_old_gives_its_proof_alone(desk: Desk) -> None:
    author = Author()
    batches = author.batches(3)
    held = author.batches(2)[1]
    desk.tell(*map(store, batches), store(held, placed=False))
    found = read(desk, author, (1, 3), young=NOON + 9 * SECOND)
    assert (found.batches, found.below) == ((), batches[2].proof)
    found = read(desk, author, (1, 9), young=NOON + 9 * SECOND)
    assert found.batches == frames([held]), "what lies beyond a gap is not its beginning"


def test_a_clock_that_went_back_does_not_hide_what_came_before(desk: Desk) -> None:
    author = Author()
    early = author.batch()
    author.time -= 60 * SECOND
    batches = [early, author.batch()]
    desk.tell(*map(store, batches))
    assert read(desk, author, (1, 2), young=NOON).batches == frames(batches)


def test_a_long_old_beginning_is_passed_a_stretch_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "SCAN", 3)
    author = Author()
    batches = author.batches(5)
    desk.tell(*map(store, batches))
    late = NOON + 4 * SECOND
    found = read(desk, author, (1, 5), young=late)
    assert (found.batches, found.below) == ((), batches[2].proof)
    found = read(desk, author, (4, 5), young=late)
    assert (found.batches, found.below) == (frames(batches[4:]), batches[3].proof)


def test_a_damaged_batch_is_not_given_away_and_is_lost_from_then_on(desk: Desk) -> None:
    author = Author()
    batches = author.batches(3)
    desk.tell(*map(store, batches))
    damage(desk, "batches", 2)
    again = Desk(desk.path)
    good = frames([batches[0], batches[2]])
    asked = Read(7, author.key, ((1, 3),), PLENTY, 0)
    assert again.tell(asked) == [Found(7, good, b""), Damaged(author.key, 2, 2)]
    assert again.tell(asked) == [Found(7, good, b"")], "it is told once"
    assert stream_of(again.reopen()).lost == Intervals([(2, 2)])


def test_damage_that_could_not_be_noted_is_not_told_yet(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = Author()
    desk.tell(*map(store, author.batches(2)))
    desk.log._db.execute("UPDATE batches SET frame = zeroblob(length(frame))")
    asked = Read(7, author.key, ((1, 2),), PLENTY, 0)
    quarantine = Ledger.quarantine

    def full(ledger: Ledger, position: int) -> list[tuple[int, int]]:
        if position == 2:
            raise sqlite3.OperationalError("disk full")
        return quarantine(ledger, position)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "quarantine", full)
        assert desk.tell(asked) == [Found(7, (), b"")]
    lost = [Damaged(author.key, 1, 1), Damaged(author.key, 2, 2)]
    assert desk.tell(asked) == [Found(7, (), b""), *lost]


def test_a_damaged_batch_that_comes_again_is_mended_in_its_place(desk: Desk) -> None:
    author = Author()
    batches = author.batches(3)
    desk.tell(*map(store, batches))
    damage(desk, "batches", 2)
    again = Desk(desk.path)
    again.tell(Read(7, author.key, ((1, 3),), PLENTY, 0))
    assert again.tell(store(batches[1], late=True)) == [Stored(batches[1], 2)]
    assert [row.batch for row in rows(desk.path)] == batches
    assert stream_of(again.reopen()).lost == Intervals()


def test_a_damaged_held_batch_is_not_given_away_and_is_placed_as_lost(desk: Desk) -> None:
    author = Author()
    first, second = author.batches(2)
    desk.tell(store(first), store(second, placed=False))
    desk.log._db.execute("UPDATE held SET frame = x'00'")
    assert read(desk, author, (1, 3)).batches == frames([first])
    outcomes = desk.tell(Place(author.key, 2))
    assert outcomes == [Placed(author.key, 2, 2), Damaged(author.key, 2, 2)]
    stream = stream_of(desk.reopen())
    assert (stream.placed, stream.digest) == (2, second.digest)
    assert stream.lost == Intervals([(2, 2)])


def test_many_reads_are_answered_one_by_one_between_commits(desk: Desk) -> None:
    author = Author()
    batch = author.batch()
    desk.tell(store(batch))
    reads = [Read(token, author.key, ((1, 1),), PLENTY, 0) for token in range(20)]
    outcomes = desk.tell(*reads, Read(99, NOBODY, ((1, 1),), PLENTY, 0))
    assert outcomes == [Found(t, (batch.frame,), b"") for t in range(20)] + [Found(99, (), b"")]
