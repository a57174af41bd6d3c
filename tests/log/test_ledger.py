"""Ledger: what each job does to the log, and what the next node is given of it."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from notify_tui.log.ledger import Ledger
from notify_tui.log.restore import restore
from notify_tui.log.schema import open_to_write
from notify_tui.protocol.batch import NO_PREVIOUS, Batch
from notify_tui.protocol.command import (
    Job,
    Note,
    Outcome,
    Place,
    Placed,
    Raise,
    Remember,
    RestoredStream,
    Stored,
)
from notify_tui.protocol.intervals import Intervals
from tests.log.author import NOON, SECOND, Author, store
from tests.log.desk import Desk, rows, stream_of


def test_batches_get_positions_in_the_order_of_their_jobs(desk: Desk) -> None:
    ana, bob = Author(name="ana"), Author("chat", name="bob")
    batches = [ana.batch(), bob.batch("a", "b"), ana.batch()]
    assert desk.tell(*map(store, batches)) == [
        Stored(batch, position) for position, batch in enumerate(batches, 1)
    ]


def test_a_stream_remembers_where_it_ends(desk: Desk) -> None:
    author = Author()
    desk.tell(store(author.batch("a", "b")))
    last = author.batch("c", "d", "e")
    desk.tell(store(last))
    assert stream_of(desk.reopen()) == RestoredStream(
        author.key, 0, 5, last.digest, last.header.time, Intervals(), ()
    )


def test_a_batch_beyond_a_gap_is_kept_without_a_position(desk: Desk) -> None:
    author = Author()
    first, _, third = author.batches(3)
    assert desk.tell(store(first), store(third, placed=False)) == [
        Stored(first, 1),
        Stored(third, 0),
    ]
    assert [row.batch for row in rows(desk.path)] == [first]
    stream = stream_of(desk.reopen())
    assert (stream.placed, stream.digest, stream.held) == (1, first.digest, (third,))


def test_a_held_batch_gets_its_place_when_the_gap_is_filled(desk: Desk) -> None:
    author = Author()
    first, second, third = author.batches(3)
    desk.tell(store(first), store(third, placed=False))
    outcomes = desk.tell(store(second), Place(author.key, 3))
    assert outcomes == [Stored(second, 2), Placed(author.key, 3, 3)]
    stream = stream_of(desk.reopen())
    assert (stream.placed, stream.digest, stream.held) == (3, third.digest, ())
    assert [row.source.missing for row in rows(desk.path)] == [0, 0, 0]


def test_a_batch_may_be_held_and_placed_at_once(desk: Desk) -> None:
    author = Author()
    first, second = author.batches(2)
    jobs = store(second, placed=False), store(first), Place(author.key, 2)
    assert desk.tell(*jobs) == [Stored(second, 0), Stored(first, 1), Placed(author.key, 2, 2)]


def test_a_gap_that_nobody_fills_is_lost_until_it_comes_late(desk: Desk) -> None:
    author = Author()
    first, second, third, fourth = author.batches(4)
    desk.tell(store(first), store(fourth, placed=False), Place(author.key, 4, missing=2))
    stream = stream_of(desk.reopen())
    assert (stream.placed, stream.lost) == (4, Intervals([(2, 3)]))
    again = Desk(desk.path)
    assert again.tell(store(third, late=True)) == [Stored(third, 3)]
    assert stream_of(again.reopen()).lost == Intervals([(2, 2)])
    again = Desk(desk.path)
    again.tell(store(second, late=True, repaired=True))
    stream = stream_of(again.reopen())
    assert (stream.placed, stream.digest, stream.lost) == (4, fourth.digest, Intervals())
    log = rows(desk.path)
    assert [row.batch for row in log] == [first, fourth, third, second]
    assert [row.source.missing for row in log] == [0, 2, 0, 0]
    assert [row.source.late for row in log] == [False, False, True, True]
    assert [row.source.repaired for row in log] == [False, False, False, True]


def test_below_a_baseline_nothing_is_held_or_lost(desk: Desk) -> None:
    author = Author()
    first, _, third, _, fifth = author.batches(5)
    desk.tell(
        store(first),
        store(third, placed=False),
        Place(author.key, 3, missing=1),
        store(fifth, placed=False),
    )
    desk.tell(Raise(author.key, 2))
    stream = stream_of(desk.reopen())
    assert (stream.baseline, stream.placed, stream.lost) == (2, 3, Intervals())
    assert stream.held == (fifth,)
    again = Desk(desk.path)
    again.tell(Raise(author.key, 5), Raise(author.key, 4))
    assert stream_of(again.reopen()) == RestoredStream(
        author.key, 5, 5, NO_PREVIOUS, 0, Intervals(), ()
    )
    assert len(rows(desk.path)) == 2, "rows stay until retention takes them"


def test_a_held_batch_across_a_baseline_stays(desk: Desk) -> None:
    author = Author()
    author.batch()
    across = author.batch("a", "b", "c")
    desk.tell(store(across, placed=False), Raise(author.key, 3))
    assert stream_of(desk.reopen()).held == (across,)


def test_a_newcomers_stream_begins_at_its_baseline(desk: Desk) -> None:
    author = Author()
    author.batches(6)
    seventh = author.batch()
    desk.tell(Raise(author.key, 6), store(seventh))
    stream = stream_of(desk.reopen())
    assert (stream.baseline, stream.placed, stream.digest) == (6, 7, seventh.digest)


def test_streams_differ_by_origin_epoch_and_topic(desk: Desk) -> None:
    authors = [Author(), Author(name="bob"), Author(epoch=2), Author("chat"), Author("_peers")]
    desk.tell(*(store(author.batch()) for author in authors))
    assert {stream.key for stream in desk.reopen().streams} == {author.key for author in authors}


def test_peers_and_settings_are_kept_as_they_were_told_last(desk: Desk) -> None:
    ana = Remember(b"a" * 32, "ana", ("10.0.0.1", "fe80::1%eth0"), 7792, NOON)
    moved = Remember(b"a" * 32, "ana", (), 7794, NOON + SECOND)
    bob = Remember(b"b" * 32, "bob", ("10.0.0.2",), 7792, NOON)
    desk.tell(ana, Note("epoch", "1"), bob, Note("boot", "7"), moved, Note("epoch", "2"))
    restored = desk.reopen()
    assert restored.peers == (moved, bob)
    assert restored.settings == {"epoch": "2", "boot": "7"}


def test_a_place_for_what_is_not_held_is_no_place(desk: Desk) -> None:
    assert desk.tell(Place(Author().key, 5)) == []


def test_numbers_of_a_peers_making_fit(desk: Desk) -> None:
    author = Author()
    odd = store(author.batch())
    far = type(odd)(odd.batch, True, False, False, odd.received, -(2**70))
    assert desk.tell(far) == [Stored(odd.batch, 1)]
    (row,) = rows(desk.path)
    assert row.source.local_time == -(2**63) + 1


Step = tuple[str, int]


class Model:
    """What a log ought to know of one stream, in a few sets."""

    def __init__(self) -> None:
        self.author = Author()
        self.baseline = self.placed = 0
        self.lost = Intervals()
        self.held: dict[int, Batch] = {}
        self.absent: dict[int, Batch] = {}

    def jobs(self, step: Step) -> list[Job]:
        word, number = step
        match word:
            case "next" if not self.held and not self.gap():
                return self.place_next(self.author.batch(*["x"] * number))
            case "skip":
                for batch in self.author.batches(number):
                    self.absent[batch.first] = batch
            case "hold" if self.gap() or self.held:
                batch = self.author.batch(*["x"] * number)
                self.held[batch.first] = batch
                return [store(batch, placed=False)]
            case "give up" if self.held:
                return self.give_up()
            case "late" if late := [
                batch
                for first, batch in self.absent.items()
                if self.baseline < first <= self.placed
            ]:
                batch = late[number % len(late)]
                del self.absent[batch.first]
                self.lost.discard(batch.first, batch.last)
                return [store(batch, late=True, repaired=True)]
            case "raise":
                return self.raise_to(self.baseline + number)
        return []

    def gap(self) -> bool:
        return self.author.next > self.placed + 1

    def place_next(self, batch: Batch) -> list[Job]:
        self.placed = batch.last
        return [store(batch)]

    def give_up(self) -> list[Job]:
        first = min(self.held)
        missing = max(0, first - self.placed - 1)
        self.lost.add(self.placed + 1, first - 1)
        self.placed = self.held.pop(first).last
        return [Place(self.author.key, first, missing)]

    def raise_to(self, baseline: int) -> list[Job]:
        if baseline >= self.author.next:
            return []
        self.baseline = baseline
        self.placed = max(self.placed, baseline)
        self.lost.discard(1, baseline)
        self.held = {first: b for first, b in self.held.items() if b.last > baseline}
        return [Raise(self.author.key, baseline)]


words = st.sampled_from(["next", "next", "skip", "hold", "give up", "late", "raise"])


@settings(max_examples=60)
@given(st.lists(st.lists(st.tuples(words, st.integers(1, 3)), max_size=6), max_size=12))
def test_a_node_gets_back_what_it_knew(tmp_path_factory: object, posts: list[list[Step]]) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"  # type: ignore[attr-defined]
    connection = open_to_write(path)
    connection.execute("PRAGMA synchronous = OFF")
    ledger, model, outcomes = Ledger(connection), Model(), list[Outcome]()
    for steps in posts:
        connection.execute("BEGIN IMMEDIATE")
        outcomes += ledger.apply([job for step in steps for job in model.jobs(step)])
        connection.execute("COMMIT")
    restored = restore(connection, Ledger(connection))
    connection.close()
    told = [outcome.position for outcome in outcomes if isinstance(outcome, Stored | Placed)]
    assert [position for position in told if position] == list(range(1, restored.position + 1))
    for stream in restored.streams:
        assert (stream.baseline, stream.placed) == (model.baseline, model.placed)
        assert stream.lost == model.lost
        assert stream.held == tuple(model.held[first] for first in sorted(model.held))


def test_streams_are_found_again_when_the_ledger_has_forgotten_them(path: Path) -> None:
    connection = open_to_write(path)
    ledger, author = Ledger(connection), Author()
    ledger.apply([store(author.batch())])
    ledger.reload()
    ledger.apply([store(author.batch())])
    assert stream_of(restore(connection, ledger)).placed == 2
    connection.close()
