import msgspec
import pytest

from notify_tui.protocol.batch import MAX_BYTES, MAX_EVENTS, NO_PREVIOUS
from notify_tui.protocol.command import Command, Note, Reply, Resume, Send, Store, StoreFailed
from notify_tui.protocol.control import (
    MAX_PUBLISH,
    AskStatus,
    Publish,
    Published,
    Refused,
    Status,
)
from notify_tui.protocol.event import MAX_CONTENT, Content, StreamKey, encode_content
from tests.protocol.stage import CLIENT, NETWORK, Stage, only, replies, stored


def raw(text: str = "hi") -> msgspec.Raw:
    return msgspec.Raw(encode_content(Content(1, text)))


def publish(stage: Stage, topic: str = "a.b", count: int = 1, ask: int = 1) -> list[Command]:
    return list(stage.ask(Publish(ask, topic, [raw()] * count)))


def published(stage: Stage, topic: str, first: int, count: int = 1, ask: int = 1) -> Published:
    return Published(ask, stage.public, stage.node.epoch, topic, first, count)


def test_an_event_is_committed_first_sent_second_and_answered_last() -> None:
    stage = Stage()
    commands = publish(stage)
    assert [type(command) for command in commands] == [Store, Send, Reply]
    batch = only(commands, Store)[0].batch
    assert only(commands, Send) == [Send(batch.frame)]
    assert only(commands, Reply) == [Reply(CLIENT, published(stage, "a.b", 1))]


def test_nothing_is_sent_or_answered_before_it_is_committed() -> None:
    stage = Stage()
    stage.stalled = True
    assert [type(command) for command in publish(stage)] == [Store]
    stage.wait(5)
    assert [type(command) for command in stage.commit()] == [Send, Reply]


def test_events_are_numbered_and_chained_without_a_hole() -> None:
    stage = Stage()
    first, second = (only(publish(stage, count=count), Store)[0].batch for count in (2, 3))
    assert (first.first, first.last, second.first, second.last) == (1, 2, 3, 5)
    assert first.header.previous == NO_PREVIOUS
    assert second.header.previous == first.digest


def test_what_waits_when_the_thread_comes_round_is_one_batch() -> None:
    stage = Stage()
    for ask in (1, 2, 3):
        stage.node.on_question(stage.now, CLIENT, Publish(ask, "a.b", [raw(), raw()]))
    commands = stage.give("on_hosts", ("10.0.0.1",))
    assert [(batch.first, batch.last) for batch in stored(commands)] == [(1, 6)]
    answers = [published(stage, "a.b", 2 * ask - 1, 2, ask) for ask in (1, 2, 3)]
    assert replies(commands) == answers


def test_a_flood_is_cut_into_batches_by_number_and_by_size() -> None:
    stage = Stage()
    for ask in range(5):
        stage.node.on_question(stage.now, CLIENT, Publish(ask, "a", [raw()] * 256))
    sizes = [batch.header.count for batch in stored(stage.give("on_hosts", ()))]
    assert sizes == [MAX_EVENTS, MAX_EVENTS, 256]
    large = [raw("x" * (MAX_BYTES // 2 + 1))] * 3
    assert len(stored(stage.ask(Publish(9, "b", large)))) == 3
    assert len(stored(stage.ask(Publish(10, "c", [raw("x" * (2 * MAX_BYTES))])))) == 1


@pytest.mark.parametrize(
    ("topic", "count", "error"),
    [
        ("a..b", 1, "TopicError"),
        ("_peers", 1, "TopicError"),
        ("e\u0301", 1, "TopicError"),
        ("a", 0, "EventError"),
        ("a", MAX_PUBLISH + 1, "EventError"),
    ],
)
def test_what_cannot_be_published_is_refused_with_a_sentence(
    topic: str, count: int, error: str
) -> None:
    answers = replies(Stage().ask(Publish(1, topic, [raw()] * count)))
    assert isinstance(answers[0], Refused)
    assert answers[0].error == error


def test_an_event_that_is_too_large_is_refused() -> None:
    huge = msgspec.Raw(bytes(MAX_CONTENT + 1))
    answers = replies(Stage().ask(Publish(1, "a", [huge])))
    assert isinstance(answers[0], Refused)
    assert "256 KiB" in answers[0].reason


def test_a_node_publishes_to_so_many_topics_at_most() -> None:
    stage = Stage(streams_per_origin=2)
    for topic in ("a", "b"):
        publish(stage, topic)
    refused = replies(stage.ask(Publish(3, "c", [raw()])))[0]
    assert isinstance(refused, Refused)
    assert refused.error == "StoreError"
    assert isinstance(replies(stage.ask(Publish(4, "a", [raw()])))[0], Published)


def fail(stage: Stage, commands: list[Command]) -> list[Command]:
    """The log had no room for what is among the commands."""
    stage.jobs.clear()
    lost = [StoreFailed(store.batch, "the disk is full") for store in only(commands, Store)]
    return list(stage.give("on_outcomes", lost))


def test_a_failed_commit_gives_the_numbers_back_and_says_why() -> None:
    stage = Stage()
    publish(stage)
    stage.stalled = True
    commands = fail(stage, publish(stage, ask=2))
    assert replies(commands) == [Refused(2, "StoreError", "the disk is full")]
    assert only(commands, Resume) == [Resume()]
    stage.stalled = False
    stage.jobs.clear()
    assert replies(publish(stage, ask=3)) == [published(stage, "a.b", 2, ask=3)]


def test_what_was_not_yet_given_to_the_log_keeps_its_promise_under_a_new_number() -> None:
    stage = Stage()
    stage.stalled = True
    first = publish(stage, count=2)
    stage.node.on_question(stage.now, CLIENT, Publish(2, "a.b", [raw()]))
    stage.jobs.clear()
    lost = [StoreFailed(store.batch, "full") for store in only(first, Store)]
    stage.stalled = False
    commands = stage.give("on_outcomes", lost)
    assert replies(commands) == [
        Refused(1, "StoreError", "full"),
        published(stage, "a.b", 1, ask=2),
    ]


def test_one_failure_is_answered_with_one_resume() -> None:
    stage = Stage()
    stage.stalled = True
    first, second = publish(stage, "a", ask=1), publish(stage, "b", ask=2)
    commands = fail(stage, first + second)
    assert len(only(commands, Resume)) == 1
    assert [type(reply) for reply in replies(commands)] == [Refused, Refused]


def test_a_clock_far_behind_a_stream_begins_an_epoch() -> None:
    stage = Stage()
    publish(stage)
    before = stage.node.epoch
    stage.mono -= 50
    publish(stage)
    assert stage.node.epoch == before
    stage.mono -= 20
    commands = publish(stage)
    assert stage.node.epoch == before + 1
    assert Note("epoch", str(before + 1)) in commands
    key = StreamKey(stage.public, before + 1, "a.b")
    assert [(batch.key, batch.first) for batch in stored(commands)] == [(key, 1)]


def test_promises_of_the_epoch_before_are_kept() -> None:
    stage = Stage()
    publish(stage, ask=1)
    stage.stalled = True
    publish(stage, ask=2)
    epoch = stage.node.epoch
    stage.mono -= 70
    publish(stage, ask=3)
    old = Published(2, stage.public, epoch, "a.b", 2, 1)
    assert replies(stage.commit()) == [old, published(stage, "a.b", 1, ask=3)]


def test_epochs_follow_the_clock() -> None:
    stage = Stage()
    assert stage.node.epoch == stage.now.wall // 1_000_000


def test_only_so_many_bytes_of_own_batches_are_kept_at_hand() -> None:
    stage = Stage(recent_bytes=1000)
    for ask in range(10):
        publish(stage, ask=ask)
    key = StreamKey(stage.public, stage.node.epoch, "a.b")
    recent = stage.node._publisher.recent
    assert recent(key, 1) is None
    newest = recent(key, 10)
    assert newest is not None
    assert newest.header.network == NETWORK
    assert recent(key, 11) is None


def test_the_status_tells_what_was_counted() -> None:
    stage = Stage()
    publish(stage)
    status = replies(stage.ask(AskStatus(2)))[0]
    assert isinstance(status, Status)
    assert status.figures["position"] == 1
    assert status.figures["name"] == "node"
