from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.errors import WireError
from notify_tui.protocol.batch import (
    CONTEXT,
    DAMAGED,
    MAX_EVENTS,
    MAX_FRAME,
    NO_PREVIOUS,
    Batch,
    Header,
    decode_batch,
    decode_contents,
    is_signed,
    make_batch,
    split_contents,
)
from notify_tui.protocol.event import Content, StreamKey, encode_content
from tests.protocol.signature import key_of, signer, verify
from tests.protocol.strategies import (
    NESTED,
    NETWORK,
    ORIGIN,
    SIGN,
    batches,
    broken_bytes,
    broken_fields,
    contents,
)

KEY = StreamKey(ORIGIN, 5, "builds.web")
EVENT = encode_content(Content(1, "hello"))
WHOLE = make_batch(NETWORK, KEY, 3, 9, NO_PREVIOUS, [EVENT], SIGN)


def frame_of(header: bytes, body: bytes = b"", topic: str = "builds.web") -> bytes:
    prefix = topic.encode() + b"\0" + len(header).to_bytes(2, "big")
    return prefix + header + SIGN(CONTEXT + header) + body


def batch_of_body(body: bytes, count: int = 1) -> Batch:
    """A batch whose header is right about everything but what its events look like."""
    whole = make_batch(NETWORK, KEY, 1, 7, NO_PREVIOUS, [EVENT] * count, SIGN)
    return Batch(whole.proof + body, whole.header, KEY, whole.digest, whole.body_at)


@given(st.lists(contents, min_size=1, max_size=5))
def test_a_batch_reads_back_as_it_was_made(given_contents: list[Content]) -> None:
    encoded = [encode_content(content) for content in given_contents]
    made = make_batch(NETWORK, KEY, 4, 9, NO_PREVIOUS, encoded, SIGN)
    read = decode_batch(made.frame)
    assert read == made
    assert (read.first, read.last) == (4, 3 + len(encoded))
    assert is_signed(read, verify)
    assert decode_contents(read) == given_contents
    assert [bytes(part) for part in split_contents(read)] == encoded


@given(batches())
def test_the_proof_of_a_batch_proves_its_header_without_its_events(batch: Batch) -> None:
    proof = decode_batch(batch.proof, whole=False)
    assert (proof.header, proof.digest) == (batch.header, batch.digest)
    assert is_signed(proof, verify)
    with pytest.raises(WireError, match="do not match"):
        decode_batch(batch.proof)


@given(batches())
def test_zeromq_can_filter_a_batch_by_its_topic(batch: Batch) -> None:
    assert batch.frame.startswith(batch.key.topic.encode() + b"\0")


def test_the_chain_links_each_batch_to_the_one_before() -> None:
    second = make_batch(NETWORK, KEY, 4, 9, WHOLE.digest, [EVENT], SIGN)
    assert decode_batch(second.frame).header.previous == decode_batch(WHOLE.frame).digest


def test_nobody_signs_for_another() -> None:
    forged = make_batch(NETWORK, KEY, 1, 1, NO_PREVIOUS, [EVENT], signer(key_of("mallory")))
    assert not is_signed(decode_batch(forged.frame), verify)


@given(st.data(), batches())
def test_broken_bytes_are_refused_or_not_signed(data: st.DataObject, batch: Batch) -> None:
    frame = data.draw(broken_bytes(batch.frame))
    try:
        read = decode_batch(frame)
    except WireError:
        return
    if is_signed(read, verify):
        assert read == batch


@given(st.binary(max_size=300), st.booleans())
def test_noise_is_refused(noise: bytes, whole: bool) -> None:
    with pytest.raises(WireError):
        decode_batch(b"a\0" + noise, whole=whole)


@given(st.data(), batches())
def test_strange_headers_are_refused_or_within_the_limits(
    data: st.DataObject, batch: Batch
) -> None:
    encoded = data.draw(broken_fields(msgspec.msgpack.encode(batch.header)))
    try:
        read = decode_batch(frame_of(encoded, topic=batch.key.topic), whole=False)
    except WireError:
        return
    header = read.header
    assert 1 <= header.first <= read.last < 2**63
    assert 0 <= header.epoch < 2**62
    assert 0 <= header.time < 2**63
    assert {len(header.origin), len(header.digest), len(header.previous)} == {32}


def changed(**fields: Any) -> Callable[[Header], Header]:
    return lambda header: msgspec.structs.replace(header, **fields)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed(version=2), "of version 2; this node speaks 1"),
        (changed(network=b"short"), "wrong size"),
        (changed(origin=b"short"), "wrong size"),
        (changed(digest=b""), "wrong size"),
        (changed(previous=bytes(33)), "wrong size"),
        (changed(name="x" * 65), "a name of 65 letters"),
        (changed(count=0), "0 events"),
        (changed(count=MAX_EVENTS + 1), "513 events"),
        (changed(first=0), "from number 0"),
        (changed(first=2**62), "from number"),
        (changed(epoch=-1), "epoch or time"),
        (changed(time=2**63), "epoch or time"),
        (changed(topic="a..b"), "bad topic"),
        (changed(topic="builds.db"), "not its prefix"),
    ],
)
def test_a_header_beyond_a_limit_is_refused(
    change: Callable[[Header], Header], sentence: str
) -> None:
    header = msgspec.msgpack.encode(change(WHOLE.header))
    with pytest.raises(WireError, match=sentence):
        decode_batch(frame_of(header), whole=False)


def test_a_topic_in_another_form_is_refused() -> None:
    header = msgspec.structs.replace(WHOLE.header, topic="e\u0301")
    with pytest.raises(WireError, match="denormalised"):
        decode_batch(frame_of(msgspec.msgpack.encode(header), topic="e\u0301"), whole=False)


def test_a_header_that_is_nested_without_end_is_refused() -> None:
    header = bytearray(msgspec.msgpack.encode(WHOLE.header) + NESTED)
    header[0] += 1
    with pytest.raises(WireError, match="cannot be read"):
        decode_batch(frame_of(bytes(header)), whole=False)


def test_trailing_fields_of_a_newer_version_are_kept_verbatim() -> None:
    fields = [*msgspec.structs.astuple(WHOLE.header), "a newer field"]
    header = msgspec.msgpack.encode(fields)
    read = decode_batch(frame_of(header, bytes(WHOLE.body)))
    assert read.header == WHOLE.header
    assert read.proof == frame_of(header)
    assert is_signed(read, verify)


@pytest.mark.parametrize("frame", [b"", b"\0", b"\0\0\0", b"a\0", b"a\0\0\1", b"a" * 99])
def test_a_frame_that_is_cut_short_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError, match="cut short"):
        decode_batch(frame)


def test_a_frame_over_the_limit_is_refused() -> None:
    with pytest.raises(WireError, match="the limit is 1048576"):
        decode_batch(bytes(MAX_FRAME + 1))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "cannot be read"),
        (b"\xc0", "cannot be read"),
        (b"\x91" + NESTED, "cannot be read"),
        (b"\x92\x01\x02", "2 events whose header says 1"),
    ],
)
def test_events_that_are_no_array_of_the_right_length_are_refused(
    body: bytes, sentence: str
) -> None:
    batch = batch_of_body(body)
    with pytest.raises(WireError, match=sentence):
        split_contents(batch)
    assert [content.kind for content in decode_contents(batch)] == [DAMAGED]


def array(*parts: bytes) -> bytes:
    return msgspec.msgpack.encode([msgspec.Raw(part) for part in parts])


@pytest.mark.parametrize(
    "odd",
    [
        b"\xc0",
        msgspec.msgpack.encode(["no time"]),
        msgspec.msgpack.encode([1, b"bytes for text"]),
        b"\x97\x01\xa0\xa0\xa0\x03\x90\xc4\x01x",
        b"\x97\x01\xa0\xa0\xa0\x03\x90\x81\x01\x02",
        b"\x97\x01\xa0\xa0\xa0\x03\x90\xcb\x7f\xf8\0\0\0\0\0\0",
        b"\x97\x01\xa0\xa0\xa0\x03\x90\xd6\xff\0\0\0\x01",
        b"\x97\x01\xa0\xa0\xa0\x03\x90\xd6\x07\0\0\0\x01",
        b"\x97\x01\xa0\xa0\xa0\x03\x90\x81\x80\x01",
        b"\x97\x01\xa0\xa0\xa0\x03\x90" + b"\x91" * 40 + b"\xc0",
    ],
    ids=[
        "no event", "no time", "bytes for text", "bytes as data", "a number as a key", "no number",
        "a timestamp", "an extension", "an object as a key", "too deep",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_damaged_and_leaves_its_neighbours_alone(odd: bytes) -> None:
    batch = batch_of_body(array(EVENT, odd, EVENT), count=3)
    contents_read = decode_contents(batch)
    assert [content.kind for content in contents_read] == ["notice", DAMAGED, "notice"]
    assert contents_read[1].time == 7


@given(st.data(), st.lists(contents, min_size=1, max_size=3))
def test_decoding_always_gives_as_many_contents_as_the_header_says(
    data: st.DataObject, given_contents: list[Content]
) -> None:
    body = msgspec.msgpack.encode(given_contents)
    broken = data.draw(broken_fields(body) | broken_bytes(body))
    batch = batch_of_body(broken, count=len(given_contents))
    assert len(decode_contents(batch)) == len(given_contents)


def test_newer_kinds_and_fields_are_shown_as_they_come() -> None:
    newer = msgspec.msgpack.encode([1, "hi", "wave", "", 3, [], None, None, None, {"more": 1}])
    batch = batch_of_body(array(newer))
    assert decode_contents(batch) == [Content(1, "hi", "wave")]
