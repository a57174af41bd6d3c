from typing import Any

from notify_tui.protocol.command import (
    Connect,
    Damaged,
    Note,
    Place,
    Placed,
    Raise,
    Remember,
    Resume,
    Store,
    Stored,
    StoreFailed,
)
from notify_tui.protocol.control import Publish
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.wire import AskChanges, Changes, Deliver, Fed, Pull, Pulled
from tests.protocol.stage import (
    EXCHANGE,
    ROUTE,
    Puppet,
    Stage,
    messages,
    only,
    stored,
    told,
)
from tests.protocol.test_publisher import raw


def restarted(stage: Stage, **about: Any) -> Stage:
    """The node after a restart on the same log; its start counter is as it should be."""
    return Stage(image=stage.image, **{"starts": stage.node.boot} | about)


# Starts, boots and epochs.


def test_a_new_log_begins_an_epoch_and_notes_the_start() -> None:
    stage = Stage()
    assert only(stage.started, Note) == [
        Note("boot", str(stage.node.boot)),
        Note("epoch", str(stage.node.epoch)),
    ]


def test_a_restart_goes_on_in_the_same_epoch_under_the_next_numbers() -> None:
    first = Stage()
    first.ask(Publish(1, "a", [raw()]))
    second = restarted(first)
    digest = first.image.kept(second.node._state.own("a")).digest
    assert second.node.epoch == first.node.epoch
    assert second.node.boot > first.node.boot
    assert second.node.position == first.node.position == 1
    batch = stored(second.ask(Publish(1, "a", [raw()])))[0]
    assert (batch.first, batch.header.previous) == (2, digest)


def test_a_log_that_is_older_than_its_counter_begins_an_epoch() -> None:
    first = Stage()
    second = restarted(first, starts=first.node.boot + 1)
    assert second.node.epoch > first.node.epoch
    assert second.node.boot > first.node.boot + 1


def test_a_counter_that_is_lost_begins_an_epoch() -> None:
    first = Stage()
    assert restarted(first, starts=None).node.epoch > first.node.epoch


def test_starts_are_ordered_even_if_all_that_counted_them_is_lost() -> None:
    first = Stage()
    assert Stage().node.boot == first.node.boot == first.now.wall // 1_000_000_000


def test_a_node_is_remembered_by_itself_and_does_not_dial_itself() -> None:
    first = Stage()
    assert [peer.public for peer in only(first.started, Remember)] == [first.public]
    second = restarted(first)
    assert first.public not in second.node._state.peers
    assert not only(second.started, Connect)


def test_what_is_held_beyond_a_gap_survives_a_restart() -> None:
    first, ana = Stage(), Puppet("ana")
    one, two = ana.batch("a"), ana.batch("a")
    first.hear(two.frame)
    second = restarted(first)
    assert only(second.hear(one.frame), Place) == [Place(one.key, 2)]
    assert second.holds(one.key) == [(1, 2)]


def test_what_could_be_placed_before_a_crash_is_placed_after_it() -> None:
    first, ana = Stage(), Puppet("ana")
    one, two = ana.batch("a"), ana.batch("a")
    first.hear(two.frame)
    first.image.apply(Store(one, True, False, False, 1, 1))
    second = restarted(first)
    assert only(second.started, Place) == [Place(one.key, 2)]


def test_lost_and_unwanted_events_are_known_after_a_restart() -> None:
    first, ana = Stage(), Puppet("ana")
    batches = [ana.batch("a") for _ in range(4)]
    for job in (
        Raise(batches[0].key, 1),
        Store(batches[2], False, False, False, 1, 1),
        Place(batches[2].key, 3, 1),
    ):
        first.image.apply(job)
    second = restarted(first)
    second.accept(ana)
    asked = [
        message
        for message in messages(second.hear(ana.heartbeat(ana.claim("a", 1, 3))))
        if isinstance(message, Pull)
    ]
    assert [pull.wanted for pull in asked] == [(2, 2)]
    late = only(second.receive(Pulled(asked[0].ask, (batches[1].frame,), b"")), Store)
    assert [(store.late, store.placed) for store in late] == [(True, True)]
    assert stored(second.hear(batches[3].frame)) == [batches[3]]


# Gaps.


def gap(stage: Stage, *, offered: bool = False) -> StreamKey:
    """A batch beyond a gap; its origin is alive where it offers the rest."""
    ana = Puppet("ana")
    _, second = ana.batch("a"), ana.batch("a")
    if offered:
        stage.accept(ana)
    stage.hear(second.frame)
    return second.key


def test_a_gap_that_nobody_offers_to_fill_is_reported_after_a_while() -> None:
    stage = Stage()
    key = gap(stage)
    assert not only(stage.wait(9), Place)
    commands = stage.wait(2)
    assert only(commands, Place) == [Place(key, 2, 1)]
    assert told(commands) == ["1 events of a are lost"]


def test_a_gap_is_not_reported_as_long_as_somebody_alive_offers_to_fill_it() -> None:
    stage, ana = Stage(), Puppet("ana")
    gap(stage, offered=True)
    for _ in range(15):
        stage.hear(ana.heartbeat())
        assert not only(stage.wait(1), Place)


def test_several_gaps_are_reported_one_after_the_other() -> None:
    stage, ana = Stage(), Puppet("ana")
    batches = [ana.batch("a") for _ in range(4)]
    stage.hear(batches[1].frame)
    stage.hear(batches[3].frame)
    assert [place.first for place in only(stage.wait(11), Place)] == [2]
    assert [place.first for place in only(stage.wait(11), Place)] == [4]


def test_what_turns_up_after_it_was_reported_comes_in_late() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, second = ana.batch("a"), ana.batch("a")
    stage.hear(second.frame)
    stage.wait(11)
    store = only(stage.hear(first.frame), Store)[0]
    assert (store.late, store.placed) == (True, True)
    assert stage.holds(first.key) == [(1, 2)]


def test_where_everybody_begins_later_there_is_no_gap() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    batches = [ana.batch("a") for _ in range(3)]
    stage.hear(batches[2].frame)
    commands = []
    for _ in range(14):
        claim = ana.claim("a", 3, 3, baseline=2)
        stage.hear(ana.heartbeat(claim))
        commands += stage.wait(1)
        for pull in [m for m in messages(commands) if isinstance(m, Pull)]:
            stage.receive(Pulled(pull.ask, (), b""))
    assert only(commands, Raise) == [Raise(batches[0].key, 2)]
    assert only(commands, Place) == [Place(batches[0].key, 3)]
    assert "lost" not in " ".join(told(commands))


# Failures of the log.


def test_after_a_failure_everything_is_as_it_is_on_disk() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, second, third = (ana.batch("a") for _ in range(3))
    stage.hear(second.frame)
    stage.stalled = True
    commands = stage.hear(first.frame) + stage.hear(third.frame)
    assert [type(command) for command in commands] == [Store, Place, Store]
    stage.jobs.clear()
    stage.give("on_outcomes", [StoreFailed(batch, "full") for batch in (first, third)])
    stream = stage.node._state.streams.get(first.key)
    assert stream is not None
    assert (stream.tail, stream.placed, list(stream.held), list(stream.have)) == (
        0, 0, [2], [(2, 2)],
    )  # fmt: skip


def test_a_failure_of_one_stream_puts_back_what_another_was_about_to_place() -> None:
    stage, ana, bob = Stage(), Puppet("ana"), Puppet("bob")
    first, second = ana.batch("a"), ana.batch("a")
    stage.hear(second.frame)
    stage.stalled = True
    stage.hear(first.frame)
    stage.give("on_outcomes", [Stored(first, 1)])
    other = bob.batch("b")
    stage.hear(other.frame)
    stage.jobs.clear()
    commands = stage.give("on_outcomes", [StoreFailed(other, "full")])
    assert only(commands, Resume) == [Resume()]
    stage.stalled = False
    stage.jobs.clear()
    stage.image.apply(Store(first, True, False, False, 1, 1))
    assert only(stage.wait(1), Place) == [Place(first.key, 2)]


def test_baselines_are_written_down_again_before_anything_else_is_stored() -> None:
    stage, ana = Stage(), Puppet("ana")
    key = ana.key("a")
    stage.node._intake.raise_baseline(key, 5, None)
    stage.stalled = True
    batch = ana.batch("b")
    stage.hear(batch.frame)
    stage.jobs.clear()
    commands = stage.give("on_outcomes", [StoreFailed(batch, "full")])
    assert commands[:2] == [Resume(), Note("boot", str(stage.node.boot))]
    assert Raise(key, 5) in commands


def test_what_a_failure_took_along_is_known_when_it_comes_back() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.stalled = True
    first, second = ana.batch("a"), ana.batch("a")
    stage.hear(first.frame)
    stage.hear(second.frame)
    stage.give("on_outcomes", [StoreFailed(first, "full")])
    assert not stage.give("on_outcomes", [StoreFailed(second, "full")])


def test_what_the_log_finds_damaged_is_claimed_no_more_and_pulled_again() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    first, second = ana.batch("a"), ana.batch("a")
    for batch in (first, second):
        stage.hear(batch.frame)
    stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))
    before = stage.node._state.streams.version
    stage.give("on_outcomes", [Damaged(first.key, 1, 1)])
    told = messages(stage.receive(AskChanges(7, before)), ROUTE)[0]
    assert isinstance(told, Changes)
    assert [claim.held for claim in told.claims] == [(2, 2)]
    asked = only(messages(stage.hear(ana.heartbeat())), AskChanges)[0]
    assert asked.since == 0
    claims = (ana.claim("a", 1, 2),)
    pulls = messages(stage.receive(Changes(asked.ask, ana.version, claims, more=False)))
    pull = only(pulls, Pull)[0]
    assert pull.wanted == (1, 1)
    stores = only(stage.receive(Pulled(pull.ask, (first.frame,), b"")), Store)
    assert [(store.batch, store.late, store.placed) for store in stores] == [(first, True, True)]
    stream = stage.node._state.streams.get(first.key)
    assert stream is not None
    assert list(stream.have) == [(1, 2)]


def test_an_own_event_that_is_damaged_and_comes_back_is_no_sign_of_a_copied_log() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    first = stored(stage.ask(Publish(1, "a", [raw()])))[0]
    stage.ask(Publish(2, "a", [raw()]))
    epoch = stage.node.epoch
    stage.give("on_outcomes", [Damaged(first.key, 1, 1)])
    claim = ana.claim_of(first.key, 1, 2)
    assert not only(messages(stage.hear(ana.heartbeat(claim))), Pull)
    commands = stage.receive(Deliver(8, first.frame))
    assert stage.node.epoch == epoch
    assert not told(commands)


def test_outcomes_of_what_was_not_asked_for_change_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = ana.batch("a")
    key = ana.key("b")
    outcomes = [
        Stored(batch, 0), Placed(key, 1, 0), Damaged(key, 1, 1), StoreFailed(batch, "full"),
    ]  # fmt: skip
    assert not stage.give("on_outcomes", outcomes)


# What comes in.


def test_faults_on_the_feed_are_counted_and_survived() -> None:
    stage = Stage()
    for frame in (b"", b"a\0garbage", b"\x01\0garbage"):
        stage.hear(frame)
    assert stage.node._state.counts["faults on the feed"] == 3


def test_faults_of_a_peer_are_counted_where_it_is_shown() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.give("on_message", ROUTE, b"garbage")
    stage.receive(Fed(0, b"garbage"))
    assert stage.peer(ana).faults == 2
    stage.give("on_message", b"nobody", b"garbage")
    assert stage.node._state.counts["faults on the exchange"] == 3


def test_new_addresses_of_the_machine_are_in_the_next_hello() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.give("on_hosts", ("10.0.0.77",))
    stage.accept(ana)
    assert stage.node._state.hosts == ("10.0.0.77",)
    assert messages(stage.receive(AskChanges(7, 0)), ROUTE)


def test_deadlines_lie_ahead_or_are_met_by_a_tick() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.give("on_found", Puppet("bob").id, ("10.0.0.3",), EXCHANGE)
    for _ in range(200):
        stage.wait(0.05)
        assert stage.node.deadline > stage.mono
