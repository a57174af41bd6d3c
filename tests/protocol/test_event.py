import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.errors import EventError, NotifyError
from notify_tui.protocol.event import (
    MAX_CONTENT,
    MAX_DEPTH,
    PEER_LETTERS,
    STREAM_LETTERS,
    Content,
    Event,
    EventId,
    Origin,
    Priority,
    Source,
    StreamKey,
    as_json,
    encode_content,
    is_json,
    peer_id,
    stream_id,
    timestamp,
)
from tests.protocol.signature import key_of
from tests.protocol.strategies import contents, counters, jsons, keys, numbers, topics

KEY = StreamKey(key_of("ana"), 7, "builds.web")
SOURCE = Source(KEY, Origin(peer_id(KEY.origin), "ana@pc"), received=2_000, local_time=1_000)


def event_of(content: Content, seq: int = 3) -> Event:
    return Event(SOURCE, seq, content)


@given(st.sampled_from(Priority), st.booleans())
def test_a_priority_is_found_by_its_name_in_any_case(priority: Priority, upper: bool) -> None:
    word = priority.name if upper else priority.name.lower()
    assert Priority.named(word) is priority


@given(st.text())
def test_any_other_word_is_no_priority_and_the_error_lists_them(word: str) -> None:
    if word.upper() in Priority.__members__:
        return
    with pytest.raises(EventError, match="none of: min, low, normal, high, urgent"):
        Priority.named(word)


@given(keys, counters, topics, numbers)
def test_a_printed_id_reads_back(origin: bytes, epoch: int, topic: str, seq: int) -> None:
    event_id = EventId(stream_id(StreamKey(origin, epoch, topic)), seq)
    assert EventId.parse(str(event_id)) == event_id
    assert EventId.parse(str(event_id).upper()) == event_id
    assert EventId.parse(str(event_id)[4:]) == EventId(event_id.stream[4:], seq)


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", "abc.", ".3", "abc.x", "a b.3", "abc.-1", "abc.1.2", "abcdefghijk.1",
        "abc.\N{SUPERSCRIPT TWO}", "abc.\N{ARABIC-INDIC DIGIT THREE}", "abc." + "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(EventError, match="ids look like"):
        EventId.parse(text)


@given(st.text())
def test_no_text_at_all_makes_an_id_crash(text: str) -> None:
    try:
        EventId.parse(text)
    except NotifyError as error:
        assert isinstance(error, EventError)


@given(keys, counters, topics)
def test_ids_have_a_fixed_length_and_follow_from_what_they_name(
    origin: bytes, epoch: int, topic: str
) -> None:
    key = StreamKey(origin, epoch, topic)
    assert len(stream_id(key)) == STREAM_LETTERS
    assert stream_id(key) != stream_id(key._replace(epoch=epoch + 1))
    assert len(peer_id(origin)) == PEER_LETTERS
    assert peer_id(origin).isalnum()


@given(contents)
def test_a_content_survives_the_wire(content: Content) -> None:
    encoded = encode_content(content)
    assert msgspec.msgpack.decode(encoded, type=Content) == content


@given(contents)
def test_an_event_is_its_source_and_its_content(content: Content) -> None:
    event = event_of(content)
    assert event.id == EventId(stream_id(KEY), 3)
    assert (event.topic, event.epoch, event.origin.name) == ("builds.web", 7, "ana@pc")
    assert event.received == SOURCE.received
    fields = (
        "time", "kind", "title", "text", "tags", "data", "reply_to", "expires",
    )  # fmt: skip
    assert all(getattr(event, field) == getattr(content, field) for field in fields)


@pytest.mark.parametrize(("sent", "seen"), [(-1, 1), (1, 1), (3, 3), (5, 5), (900, 5)])
def test_a_newer_peers_priority_is_taken_to_the_nearest(sent: int, seen: int) -> None:
    assert event_of(Content(0, priority=sent)).priority == seen


@given(contents)
def test_every_event_can_be_printed_as_json_with_every_key(content: Content) -> None:
    shown = as_json(event_of(content))
    assert json.loads(json.dumps(shown)) == shown
    assert list(shown) == [
        "id", "topic", "origin", "epoch", "seq", "time", "received", "kind", "title", "text",
        "priority", "tags", "data", "reply_to", "expires",
    ]  # fmt: skip


def test_absent_values_are_none_in_json() -> None:
    shown = as_json(event_of(Content(0)))
    absent = ("title", "text", "data", "reply_to", "expires")
    assert [shown[key] for key in absent] == [None] * 5
    assert as_json(event_of(Content(0, expires=10**18)))["expires"] == "2001-09-09T01:46:40.000000Z"


@given(st.integers(0, 253_402_300_799_000_000_000))
def test_a_timestamp_reads_back_to_the_microsecond(ns: int) -> None:
    text = timestamp(ns)
    moment = datetime.fromisoformat(text)
    assert (moment - datetime.fromisoformat(timestamp(0))).total_seconds() == pytest.approx(
        ns / 1e9, abs=1e-3
    )
    assert len(text) == len("1970-01-01T00:00:00.000000Z")


@given(st.integers(-(2**63), 2**63))
def test_a_time_beyond_the_calendar_is_its_nearest_end(ns: int) -> None:
    assert "1970-" <= timestamp(ns) < "9999-12-32"


@given(jsons)
def test_json_shaped_data_is_told_from_other_data(value: Any) -> None:
    assert is_json(value)
    assert is_json([value, (value,), {"key": value}], MAX_DEPTH)


@pytest.mark.parametrize(
    "value",
    [b"bytes", {1: 2}, {"deep": {2: 3}}, [{1, 2}], float("nan"), [float("inf")], datetime.max],
)
def test_data_that_json_has_no_word_for_is_refused(value: Any) -> None:
    assert not is_json(value)
    with pytest.raises(EventError, match="JSON-shaped"):
        encode_content(Content(0, data=value))


def nested(depth: int) -> Any:
    value: Any = None
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def test_data_is_at_most_so_deep() -> None:
    assert is_json(nested(MAX_DEPTH))
    assert not is_json(nested(MAX_DEPTH + 1))
    with pytest.raises(EventError, match="levels deep"):
        encode_content(Content(0, data=nested(100_000)))


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800"])
def test_data_that_cannot_be_encoded_is_refused(value: Any) -> None:
    with pytest.raises(EventError, match="JSON-shaped"):
        encode_content(Content(0, data=value))


def test_an_event_that_is_too_large_says_what_to_do() -> None:
    encode_content(Content(0, text="x" * (MAX_CONTENT - 40)))
    with pytest.raises(EventError, match="at most 256 KiB encoded, this one has 256 KiB"):
        encode_content(Content(0, text="x" * MAX_CONTENT))
