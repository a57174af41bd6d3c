from hypothesis import given
from hypothesis import strategies as st

from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.stream import Stream, Streams
from tests.protocol.signature import key_of
from tests.protocol.stage import Puppet

KEYS = [StreamKey(key_of("ana"), 1, topic) for topic in "abcde"]


def test_a_stream_begins_empty_or_at_its_baseline() -> None:
    fresh, late = Stream(KEYS[0]), Stream(KEYS[0], 5)
    assert (fresh.tail, late.tail, late.placed) == (0, 5, 5)
    assert fresh.knows(1, 0)
    assert late.knows(1, 5)
    assert not late.knows(5, 6)


def test_what_is_coming_is_not_lacking_but_not_durable_either() -> None:
    ana, stream = Puppet("ana"), Stream(KEYS[0])
    first, second = ana.batch("a"), ana.batch("a")
    stream.take(first)
    offer = Intervals([(1, 2)])
    assert list(stream.lacking(offer)) == [(2, 2)]
    assert list(stream.undurable(offer)) == [(1, 2)]
    assert stream.confirm(first)
    assert not stream.confirm(first)
    assert list(stream.undurable(offer)) == [(2, 2)]
    stream.refused.add(2, 2)
    assert not stream.lacking(offer)
    assert second.first == 2


def test_what_is_confirmed_below_the_baseline_is_not_held() -> None:
    ana, stream = Puppet("ana"), Stream(KEYS[0])
    batch = ana.batch("a")
    stream.take(batch)
    stream.raise_baseline(1, batch.digest)
    assert stream.confirm(batch)
    assert not stream.have


def test_a_gap_lies_between_the_tail_and_the_first_held_batch() -> None:
    ana, stream = Puppet("ana"), Stream(KEYS[0])
    batches = [ana.batch("a") for _ in range(3)]
    assert stream.gap() is None
    stream.hold(batches[2])
    assert stream.gap() == (1, 2)
    stream.take(batches[0])
    stream.take(batches[1])
    assert stream.gap() is None
    assert stream.place(stream.held[3]).first == 3
    assert (stream.tail, stream.digest) == (3, batches[2].digest)


def test_a_hash_is_known_at_the_tail_and_where_a_held_batch_ends() -> None:
    ana, stream = Puppet("ana"), Stream(KEYS[0])
    first, _, third = (ana.batch("a") for _ in range(3))
    stream.take(first)
    stream.hold(third)
    assert stream.digest_at(1) == first.digest
    assert stream.digest_at(3) == third.digest
    assert stream.digest_at(2) is None


def test_a_raised_baseline_drops_what_it_passes_and_keeps_the_tail_ahead() -> None:
    ana, stream = Puppet("ana"), Stream(KEYS[0])
    batches = [ana.batch("a") for _ in range(4)]
    stream.hold(batches[1])
    stream.hold(batches[3])
    for batch in (batches[1], batches[3]):
        stream.confirm(batch)
    stream.raise_baseline(2, batches[1].digest)
    assert list(stream.held) == [4]
    assert (stream.tail, stream.placed, list(stream.have)) == (2, 2, [(4, 4)])
    stream.take(batches[2])
    stream.raise_baseline(1, None)
    assert (stream.tail, stream.baseline) == (3, 2)
    stream.settle(3, batches[2].digest)
    stream.raise_baseline(3, None)
    assert stream.placed_digest == batches[2].digest


def test_positions_settle_upwards_only() -> None:
    stream = Stream(KEYS[0])
    stream.settle(5, b"five")
    stream.settle(3, b"three")
    stream.settle_held(9)
    assert (stream.placed, stream.placed_digest) == (5, b"five")


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.booleans())))
def test_changes_since_a_version_are_what_changed_after_it_each_stream_once(
    steps: list[tuple[StreamKey, bool]],
) -> None:
    streams = Streams()
    for key in KEYS:
        streams.add(Stream(key))
    known, since = dict[StreamKey, int](), 0
    for key, look in steps:
        streams.changed(key)
        known[key] = streams.version
        if look:
            since = streams.version
    expected = sorted((version, key) for key, version in known.items() if version > since)
    assert [(version, stream.key) for version, stream in streams.changes(since)] == expected


def test_streams_are_counted_by_origin() -> None:
    streams = Streams()
    for key in KEYS:
        streams.add(Stream(key))
    assert len(streams) == len(list(streams)) == streams.count(KEYS[0].origin) == 5
    assert streams.count(b"") == 0
    assert streams.get(KEYS[0]) is not None
