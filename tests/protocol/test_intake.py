import msgspec
import pytest

from notify_tui.protocol.batch import NO_PREVIOUS, make_batch
from notify_tui.protocol.command import Place, Raise, Remember, Store, StoreFailed
from notify_tui.protocol.event import Content, encode_content
from notify_tui.protocol.intake import Intake
from tests.protocol.signature import key_of, signer
from tests.protocol.stage import MORNING, NETWORK, Puppet, Stage, only, stored, told
from tests.simulation.forger import forged


def counts(stage: Stage) -> dict[str, int]:
    return {name: count for name, count in stage.node._state.counts.items() if count}


def test_what_follows_what_is_held_gets_its_place() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, second = ana.batch("a"), ana.batch("a")
    commands = stage.hear(first.frame) + stage.hear(second.frame)
    assert [(s.batch, s.placed, s.repaired, s.late) for s in only(commands, Store)] == [
        (first, True, False, False),
        (second, True, False, False),
    ]


def test_what_comes_twice_is_stored_once() -> None:
    stage, batch = Stage(), Puppet("ana").batch("a")
    stage.stalled = True
    assert stored(stage.hear(batch.frame) + stage.hear(batch.frame)) == [batch]
    stage.stalled = False
    stage.commit()
    assert stored(stage.hear(batch.frame)) == []
    assert counts(stage)["batches known"] == 2


def test_what_lies_beyond_a_gap_is_stored_and_placed_when_the_gap_is_filled() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, second, third = (ana.batch("a") for _ in range(3))
    assert [store.placed for store in only(stage.hear(third.frame), Store)] == [False]
    assert not stored(stage.hear(third.frame))
    stage.hear(first.frame)
    commands = stage.hear(second.frame)
    assert only(commands, Place) == [Place(third.key, 3)]
    assert stage.holds(third.key) == [(1, 3)]


def test_what_the_origin_did_not_sign_is_refused() -> None:
    stage = Stage()
    batch = make_batch(
        NETWORK, Puppet("ana").key("a"), 1, 1, NO_PREVIOUS,
        [encode_content(Content(1))], signer(key_of("mallory")),
    )  # fmt: skip
    assert not stored(stage.hear(batch.frame))
    assert counts(stage)["faults on the feed"] == 1


@pytest.mark.parametrize("number", [0, 1])
def test_a_known_batch_that_somebody_altered_is_no_conflict(number: int) -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = ana.batch("a")
    stage.hear(batch.frame)
    false = forged(batch.frame, number)
    assert false is not None
    commands = stage.hear(false)
    assert not stored(commands)
    assert counts(stage)["faults on the feed"] == 1


def test_batches_of_other_networks_and_of_the_system_are_refused() -> None:
    stage, ana = Stage(), Puppet("ana")
    other = make_batch(
        bytes(16), ana.key("a"), 1, 1, NO_PREVIOUS, [encode_content(Content(1))],
        signer(ana.public),
    )  # fmt: skip
    stage.hear(other.frame)
    stage.hear(ana.batch("_peers").frame)
    assert counts(stage)["faults on the feed"] == 2


def test_events_that_are_no_array_are_refused() -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = make_batch(
        NETWORK, ana.key("a"), 1, 1, NO_PREVIOUS, [msgspec.Raw(b"\xc1")], signer(ana.public)
    )
    assert not stored(stage.hear(batch.frame))
    assert counts(stage)["faults on the feed"] == 1


def test_what_is_outside_the_interest_is_left_alone_but_direct_events_never_are() -> None:
    stage, ana = Stage(keep=("a.>",)), Puppet("ana")
    outside, inside, direct = (ana.batch(topic) for topic in ("b.x", "a.x", "@bob"))
    commands = stage.hear(outside.frame) + stage.hear(inside.frame) + stage.hear(direct.frame)
    assert stored(commands) == [inside, direct]
    assert counts(stage)["batches unwanted"] == 1


def test_far_ahead_is_left_to_repair() -> None:
    stage, ana = Stage(far_behind=3), Puppet("ana")
    batches = [ana.batch("a") for _ in range(5)]
    assert not stored(stage.hear(batches[4].frame))
    assert counts(stage)["batches left"] == 1


def test_what_the_log_cannot_take_yet_is_left_to_repair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Intake, "PENDING_BYTES", 100)
    stage, ana = Stage(), Puppet("ana")
    stage.stalled = True
    first, second = ana.batch("a"), ana.batch("a")
    assert stored(stage.hear(first.frame) + stage.hear(second.frame)) == [first]
    stage.stalled = False
    stage.commit()
    assert stored(stage.hear(second.frame)) == [second]


def test_after_a_failed_commit_batches_of_others_wait_for_a_while() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.stalled = True
    first = ana.batch("a")
    stage.hear(first.frame)
    stage.jobs.clear()
    stage.give("on_outcomes", [StoreFailed(first, "full")])
    assert not stored(stage.hear(first.frame))
    stage.stalled = False
    stage.wait(1.1)
    assert stored(stage.hear(first.frame)) == [first]


def test_the_first_of_two_batches_with_the_same_numbers_is_kept() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, other = ana.batch("a", "one"), ana.batch("a", "other", fork=True)
    stage.hear(first.frame)
    commands = stage.hear(other.frame)
    assert stored(commands)[0].key.topic == "_peers"
    assert "twice under the same numbers" in told(commands)[0]
    assert not told(stage.hear(other.frame))
    assert stage.holds(first.key) == [(1, 1)]


def test_a_batch_that_overlaps_what_is_coming_is_a_conflict() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.stalled = True
    first, other = ana.batch("a", "one"), ana.batch("a", "other", "more", fork=True)
    stage.hear(first.frame)
    assert "twice" in told(stage.hear(other.frame))[0]


def test_a_batch_that_follows_another_one_is_a_conflict() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.hear(ana.batch("a", "one").frame)
    ana.batch("a", "other", fork=True)
    assert "twice" in told(stage.hear(ana.batch("a").frame))[0]


def test_a_stream_has_an_origin_with_room_for_it() -> None:
    stage, ana = Stage(streams_per_origin=1), Puppet("ana")
    stage.hear(ana.batch("a").frame)
    assert not stored(stage.hear(ana.batch("b").frame))
    assert stored(stage.hear(Puppet("bob").batch("b").frame))


def test_the_name_of_an_origin_that_was_never_met_is_remembered() -> None:
    stage, ana, bob = Stage(), Puppet("ana"), Puppet("bob")
    stage.accept(bob)
    commands = stage.hear(ana.batch("a", name="ana").frame)
    commands += stage.hear(bob.batch("a", name="bob").frame)
    assert only(commands, Remember) == [Remember(ana.public, "ana", (), 0, 0)]


def test_times_are_told_by_this_machines_clock() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.reach(ana, wall=stage.now.wall + 5_000_000_000)
    batch = ana.batch("a", time=stage.now.wall + 4_000_000_000)
    store = only(stage.hear(batch.frame), Store)[0]
    assert store.local_time == stage.now.wall - 1_000_000_000
    assert store.received == stage.now.wall


def test_a_time_far_ahead_is_not_believed() -> None:
    stage, ana = Stage(), Puppet("ana")
    for time, believed in ((61, False), (59, True)):
        batch = ana.batch("a", time=stage.now.wall + time * 1_000_000_000)
        store = only(stage.hear(batch.frame), Store)[0]
        assert (store.local_time == store.received) != believed


def test_a_baseline_rises_and_never_falls() -> None:
    stage, key = Stage(), Puppet("ana").key("a")
    intake = stage.node._intake
    for baseline in (5, 3, 5, 7):
        intake.raise_baseline(key, baseline, None)
    assert only(stage.node.drain(), Raise) == [Raise(key, 5), Raise(key, 7)]


def test_what_is_held_gets_its_place_when_the_baseline_reaches_it() -> None:
    stage, ana = Stage(), Puppet("ana")
    batches = [ana.batch("a") for _ in range(3)]
    stage.hear(batches[1].frame)
    stage.hear(batches[2].frame)
    stage.node._intake.raise_baseline(batches[0].key, 1, batches[0].digest)
    places = only(stage.give("on_hosts", ()), Place)
    assert places == [Place(batches[0].key, 2), Place(batches[0].key, 3)]


def test_a_gap_that_is_none_is_not_given_up() -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = ana.batch("a", time=MORNING)
    stage.hear(batch.frame)
    stream = stage.node._state.streams.get(batch.key)
    assert stream is not None
    assert stage.node._intake.give_up(stream) == 0
