from collections.abc import Iterable

import msgspec
import pytest

from notify_tui.protocol.batch import NO_PREVIOUS, Batch, decode_contents, make_batch
from notify_tui.protocol.command import Command, Note, Store
from notify_tui.protocol.control import Publish
from notify_tui.protocol.event import Content, StreamKey, encode_content, stream_id
from notify_tui.protocol.fork import Forks
from notify_tui.protocol.wire import TIP_BYTES, Claim, Deliver
from tests.protocol.signature import signer
from tests.protocol.stage import (
    NETWORK,
    ROUTE,
    Puppet,
    Stage,
    messages,
    only,
    stored,
    told,
)
from tests.protocol.test_publisher import raw


def delivered(commands: Iterable[Command]) -> list[bytes]:
    return [message.batch for message in messages(commands) if isinstance(message, Deliver)]


def texts(commands: Iterable[Command], topic: str = "a") -> list[list[str]]:
    batches = [batch for batch in stored(commands) if batch.key.topic == topic]
    return [[content.text for content in decode_contents(batch)] for batch in batches]


# Somebody else's fork.


def test_the_origin_is_shown_what_is_held_in_the_place_of_its_own() -> None:
    stage, ana = Stage(), Puppet("ana")
    first, other = ana.batch("a", "one"), ana.batch("a", "other", fork=True)
    stage.hear(first.frame)
    stage.accept(ana)
    assert delivered(stage.hear(other.frame)) == [first.frame]


def test_it_is_shown_what_its_batch_does_not_follow() -> None:
    stage, ana = Stage(), Puppet("ana")
    first = ana.batch("a", "one")
    stage.hear(first.frame)
    stage.accept(ana)
    ana.batch("a", "other", fork=True)
    assert delivered(stage.hear(ana.batch("a").frame)) == [first.frame]


def test_held_batches_that_do_not_follow_each_other_are_a_conflict() -> None:
    stage, ana, twin = Stage(), Puppet("ana"), Puppet("ana")
    stage.accept(ana)
    first, second = ana.batch("a"), ana.batch("a", "one")
    twin.batch("a")
    twin.batch("a", "other")
    for frame in (second.frame, twin.batch("a").frame):
        stage.hear(frame)
    commands = stage.hear(first.frame)
    assert "twice" in told(commands)[0]
    assert delivered(commands) == [second.frame]


def test_it_is_shown_when_it_comes_and_a_few_times_at_most() -> None:
    stage, ana, bob = Stage(), Puppet("ana"), Puppet("bob")
    first, other = ana.batch("a", "one"), ana.batch("a", "other", fork=True)
    stage.hear(first.frame)
    assert not delivered(stage.hear(other.frame))
    assert not delivered(stage.accept(bob, b"bob"))
    shown = 0
    for number in range(3 * Forks.TRIES):
        shown += len(delivered(stage.accept(ana, bytes([number]))))
        stage.wait(Forks.PAUSE / 2)
    assert shown == Forks.TRIES


def test_contradictions_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Forks, "SHOWN", 1)
    stage, ana = Stage(), Puppet("ana")
    for topic in ("a", "b"):
        stage.hear(ana.batch(topic, "one").frame)
    assert told(stage.hear(ana.batch("a", "other", fork=True).frame))
    assert not told(stage.hear(ana.batch("b", "other", fork=True).frame))


def claim(batch: Batch, tip: bytes) -> Claim:
    return Claim(b"", batch.key.epoch, batch.key.topic, 0, (1, batch.last), tip)


def test_a_stream_that_ends_otherwise_is_a_conflict() -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = ana.batch("a")
    stage.accept(ana)
    stage.hear(batch.frame)
    assert not told(stage.hear(ana.heartbeat(claim(batch, batch.digest[:TIP_BYTES]))))
    commands = stage.hear(ana.heartbeat(claim(batch, bytes(TIP_BYTES))))
    assert "twice" in told(commands)[0]
    assert delivered(commands) == [batch.frame]


def test_what_is_held_beyond_a_gap_is_compared_too() -> None:
    stage, ana = Stage(), Puppet("ana")
    _, second = ana.batch("a"), ana.batch("a")
    stage.accept(ana)
    stage.hear(second.frame)
    word = msgspec.structs.replace(claim(second, bytes(TIP_BYTES)), held=(2, 2))
    assert "twice" in told(stage.hear(ana.heartbeat(word)))[0]


def test_a_stream_that_goes_on_elsewhere_is_no_conflict() -> None:
    stage, ana = Stage(), Puppet("ana")
    batch = ana.batch("a")
    stage.accept(ana)
    stage.hear(batch.frame)
    longer = msgspec.structs.replace(claim(batch, bytes(TIP_BYTES)), held=(1, 9))
    nothing = msgspec.structs.replace(claim(batch, bytes(TIP_BYTES)), held=())
    unknown = msgspec.structs.replace(longer, topic="b")
    assert not told(stage.hear(ana.heartbeat(longer, nothing, unknown)))


# This node's own fork: its log is an old copy, and somebody holds what the lost one had.


class Lost:
    """What the node published before its log was put back, as a peer holds it."""

    def __init__(self, stage: Stage, topic: str = "a") -> None:
        self.key = StreamKey(stage.public, stage.node.epoch, topic)
        self._first, self._previous = 1, NO_PREVIOUS

    def batch(self, *texts: str) -> Batch:
        contents = [encode_content(Content(1, text)) for text in texts]
        batch = make_batch(
            NETWORK, self.key, self._first, 1, self._previous, contents, signer(self.key.origin)
        )
        self._first, self._previous = batch.last + 1, batch.digest
        return batch


def publish(stage: Stage, text: str, topic: str = "a") -> None:
    stage.ask(Publish(1, topic, [raw(text)]))


def test_a_batch_of_ones_own_that_is_not_held_begins_an_epoch() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    epoch, lost = stage.node.epoch, Lost(stage)
    batch = lost.batch("before")
    commands = stage.receive(Deliver(7, batch.frame))
    assert stage.node.epoch == epoch + 1
    assert "this log is an old copy: events begin anew" in told(commands)
    assert stage.holds(lost.key) == [(1, 1)]


def test_what_was_published_since_the_copy_is_published_again() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    lost = Lost(stage)
    before = [lost.batch("lost one"), lost.batch("lost two")]
    publish(stage, "new one")
    commands = stage.receive(Deliver(7, before[1].frame))
    assert ["new one"] in texts(commands)
    again = only(commands, Store)[-1].batch
    assert (again.key.epoch, again.first) == (stage.node.epoch, 1)


def test_what_waits_to_be_cut_is_published_again_too() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    lost = Lost(stage)
    first, second = lost.batch("lost one"), lost.batch("lost two")
    publish(stage, "new one")
    stage.node.on_question(stage.now, b"client", Publish(2, "a", [raw("new two")]))
    commands = stage.receive(Deliver(7, second.frame))
    assert texts(commands)[-1] == ["new one", "new two"]
    assert first.digest != second.digest


def test_the_same_numbers_under_another_hash_begin_an_epoch() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    epoch, lost = stage.node.epoch, Lost(stage)
    batch = lost.batch("lost one")
    publish(stage, "new one")
    publish(stage, "new two")
    commands = stage.receive(Deliver(7, batch.frame))
    assert stage.node.epoch == epoch + 1
    assert texts(commands)[-1] == ["new one", "new two"]
    assert only(commands, Note)[-1].name == "again " + stream_id(lost.key)


def test_the_last_batch_under_another_hash_is_noticed_without_reading() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    batch = Lost(stage).batch("lost one")
    publish(stage, "new one")
    assert texts(stage.receive(Deliver(7, batch.frame)))[-1] == ["new one"]


def test_what_is_published_again_is_published_once() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    batch = Lost(stage).batch("lost one")
    publish(stage, "new one")
    stage.receive(Deliver(7, batch.frame))
    assert not texts(stage.receive(Deliver(8, batch.frame)))
    later = Stage(image=stage.image, starts=stage.node.boot)
    later.accept(ana)
    assert not texts(later.receive(Deliver(9, batch.frame)))


def test_ones_own_batch_that_comes_back_is_no_fork() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    epoch = stage.node.epoch
    publish(stage, "new one")
    publish(stage, "new two")
    for first in (1, 2):
        row = stage.image.kept(stage.node._state.own("a")).rows[first]
        assert not stored(stage.receive(Deliver(7, row.batch.frame)))
    assert stage.node.epoch == epoch


def test_a_log_that_cannot_be_read_proves_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    batch = Lost(stage).batch("lost one")
    publish(stage, "new one")
    epoch = stage.node.epoch
    stage.image.streams.clear()
    stage.receive(Deliver(7, batch.frame))
    assert stage.node.epoch == epoch


def test_a_forged_batch_of_ones_own_proves_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    key = StreamKey(stage.public, stage.node.epoch, "a")
    contents = [encode_content(Content(1, "forged"))]
    forged = make_batch(NETWORK, key, 1, 1, NO_PREVIOUS, contents, signer(ana.public))
    epoch = stage.node.epoch
    stage.receive(Deliver(7, forged.frame), ROUTE)
    assert stage.node.epoch == epoch
    assert stage.peer(ana).faults == 1


def test_a_fork_of_an_epoch_that_is_over_begins_no_other_one() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    lost = Lost(stage)
    lost_a, lost_b = lost.batch("lost a"), Lost(stage, "b").batch("lost b")
    publish(stage, "new a")
    publish(stage, "new b", "b")
    stage.receive(Deliver(7, lost_a.frame))
    epoch = stage.node.epoch
    commands = stage.receive(Deliver(8, lost_b.frame))
    assert stage.node.epoch == epoch
    assert texts(commands, "b") == [["new b"]]


def test_what_does_not_follow_ones_own_last_batch_is_a_fork_of_it() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    lost = Lost(stage)
    lost.batch("lost one")
    second = lost.batch("lost two")
    publish(stage, "new one")
    later = Stage(image=stage.image, starts=stage.node.boot)
    later.accept(ana)
    commands = later.receive(Deliver(7, second.frame))
    assert texts(commands)[-1] == ["new one"]
