from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.errors import WireError
from notify_tui.protocol.batch import MAX_FRAME
from notify_tui.protocol.wire import (
    BEAT_PREFIX,
    CONTEXT,
    MAX_BEAT,
    AnyMessage,
    AnyWord,
    AskChanges,
    Changes,
    Claim,
    Confirm,
    Deliver,
    Goodbye,
    Greet,
    Heartbeat,
    Hello,
    Known,
    Pull,
    Receipt,
    Signed,
    Stranger,
    Welcome,
    decode_beat,
    decode_message,
    encode_beat,
    encode_message,
    open_word,
    sign_word,
)
from tests.protocol.signature import key_of, verify
from tests.protocol.strategies import (
    NESTED,
    NETWORK,
    ORIGIN,
    SIGN,
    broken_bytes,
    broken_fields,
    messages,
    signed,
    words,
)


def said(word: AnyWord) -> Signed:
    return sign_word(word, NETWORK, ORIGIN, SIGN)


def signed_bytes(word: bytes) -> Signed:
    return Signed(ORIGIN, word, SIGN(CONTEXT + NETWORK + word))


def reopened(word: AnyWord) -> AnyWord:
    return open_word(said(word), NETWORK, verify)


@given(words)
def test_a_word_reads_back(word: AnyWord) -> None:
    assert reopened(word) == word


@given(words)
def test_a_word_reads_back_from_the_feed(word: AnyWord) -> None:
    frame = encode_beat(said(word))
    assert frame.startswith(BEAT_PREFIX)
    assert open_word(decode_beat(frame), NETWORK, verify) == word


@given(messages)
def test_a_message_reads_back(message: AnyMessage) -> None:
    assert decode_message(encode_message(message)) == message


@given(st.data(), words)
def test_a_word_altered_on_the_way_is_refused(data: st.DataObject, word: AnyWord) -> None:
    frame = encode_beat(said(word))
    broken = BEAT_PREFIX + data.draw(broken_bytes(frame[len(BEAT_PREFIX) :]))
    try:
        assert open_word(decode_beat(broken), NETWORK, verify) == word
    except WireError:
        return


@given(words)
def test_a_word_of_another_network_or_author_is_refused(word: AnyWord) -> None:
    with pytest.raises(WireError, match="does not hold"):
        open_word(said(word), bytes(16), verify)
    with pytest.raises(WireError, match="does not hold"):
        open_word(msgspec.structs.replace(said(word), author=key_of("mallory")), NETWORK, verify)


@given(signed)
def test_an_unsigned_word_is_refused(something: Signed) -> None:
    with pytest.raises(WireError, match="does not hold"):
        open_word(something, NETWORK, verify)


@pytest.mark.parametrize("change", [{"author": b"short"}, {"signature": bytes(63)}])
def test_keys_and_signatures_have_one_size(change: dict[str, bytes]) -> None:
    with pytest.raises(WireError, match="wrong size"):
        open_word(msgspec.structs.replace(said(Goodbye(1, 1)), **change), NETWORK, verify)


def assert_within_limits(value: Any) -> None:
    """Every number fits the log's signed 64 bits, however deep it is."""
    if isinstance(value, int):
        assert -(2**63) <= value < 2**63
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            assert_within_limits(getattr(value, field))
    elif isinstance(value, tuple):
        for item in value:
            assert_within_limits(item)


@given(st.data(), words)
def test_a_members_strange_word_is_refused_or_within_the_limits(
    data: st.DataObject, word: AnyWord
) -> None:
    encoded = msgspec.msgpack.encode(word)
    strange = data.draw(broken_fields(encoded) | broken_bytes(encoded))
    try:
        read = open_word(signed_bytes(strange), NETWORK, verify)
    except WireError:
        return
    assert_within_limits(read)
    assert reopened(read) == read


@given(st.data(), messages)
def test_a_members_strange_message_is_refused_or_within_the_limits(
    data: st.DataObject, message: AnyMessage
) -> None:
    encoded = encode_message(message)
    strange = data.draw(broken_fields(encoded) | broken_bytes(encoded))
    try:
        read = decode_message(strange)
    except WireError:
        return
    assert_within_limits(read)
    assert decode_message(encode_message(read)) == read


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    for decode in (decode_message, decode_beat):
        try:
            decode(BEAT_PREFIX + noise)
        except WireError:
            continue


def deepened(encoded: bytes) -> bytes:
    """The array with one more member, nested without end."""
    return bytes([encoded[0] + 1]) + encoded[1:] + NESTED


def test_what_is_nested_without_end_is_refused() -> None:
    with pytest.raises(WireError, match="cannot be read"):
        decode_message(deepened(encode_message(Stranger(1))))
    with pytest.raises(WireError, match="cannot be read"):
        decode_beat(BEAT_PREFIX + deepened(msgspec.msgpack.encode(said(Goodbye(1, 1)))))
    with pytest.raises(WireError, match="cannot be read"):
        open_word(signed_bytes(deepened(msgspec.msgpack.encode(Goodbye(1, 1)))), NETWORK, verify)


def test_frames_over_the_limit_are_refused() -> None:
    with pytest.raises(WireError, match="the limit is 1048576"):
        decode_message(bytes(MAX_FRAME + 1))
    with pytest.raises(WireError, match="a heartbeat of 65537 bytes"):
        decode_beat(bytes(2 * MAX_BEAT + 1))


def test_trailing_fields_of_newer_peers_pass_by() -> None:
    newer = b"\x94" + encode_message(Stranger(5))[1:] + b"\x01\xa1x"
    assert decode_message(newer) == Stranger(5)


CLAIM = Claim(ORIGIN, 1, "a", 0, (1, 2))
HEARTBEAT = Heartbeat(1, 1, 1.0, "ana", "", {}, 0, 0, (CLAIM,))
HELLO = Hello(
    1, 1, bytes(32), "ana", "0.1", ("10.0.0.1",), 7791, 7792, (">",), False, 5, "", {},
    (Known(ORIGIN, ("::1",), 7792),),
)  # fmt: skip
RECEIPT = Receipt(1, 1, ORIGIN, 1, "a", 1, 2)


@pytest.mark.parametrize(
    ("word", "change", "sentence"),
    [
        (HEARTBEAT, {"boot": -1}, "boot counter or turn"),
        (HEARTBEAT, {"turn": 2**62}, "boot counter or turn"),
        (HEARTBEAT, {"interval": float("nan")}, "interval or state version"),
        (HEARTBEAT, {"interval": 0.0}, "interval or state version"),
        (HEARTBEAT, {"since": 1}, "interval or state version"),
        (HEARTBEAT, {"since": -1}, "interval or state version"),
        (HEARTBEAT, {"version": 2**62}, "interval or state version"),
        (HEARTBEAT, {"name": ""}, "name, status or tags"),
        (HEARTBEAT, {"name": "x" * 65}, "name, status or tags"),
        (HEARTBEAT, {"status": "x" * 65}, "name, status or tags"),
        (HEARTBEAT, {"tags": {str(n): "" for n in range(17)}}, "name, status or tags"),
        (HEARTBEAT, {"tags": {"x" * 65: ""}}, "tags beyond"),
        (HEARTBEAT, {"tags": {"x": "y" * 65}}, "tags beyond"),
        (HEARTBEAT, {"claims": (Claim(b"short", 1, "a", 0, ()),)}, "origin or epoch"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, -1, "a", 0, ()),)}, "origin or epoch"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "a..b", 0, ()),)}, "bad topic"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "_peers", 0, ()),)}, "reserved"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "e\u0301", 0, ()),)}, "denormalised"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "a", -1, ()),)}, "baseline"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "a", 0, (1,)),)}, "wrong length"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "a", 0, (2, 1)),)}, "out of order"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "a", 0, (1, 2, 2, 3)),)}, "out of order"),
        (HEARTBEAT, {"claims": (Claim(ORIGIN, 1, "a", 0, (0, 1)),)}, "out of order"),
        (
            HEARTBEAT,
            {"claims": (Claim(ORIGIN, 1, "a", 0, tuple(range(1, 131))),)},
            "wrong length",
        ),
        (HELLO, {"challenges": bytes(16)}, "challenges or a release"),
        (HELLO, {"release": "x" * 65}, "challenges or a release"),
        (HELLO, {"hosts": ("10.0.0.1",) * 17}, "too many"),
        (HELLO, {"interest": (">",) * 65}, "too many"),
        (HELLO, {"known": HELLO.known * 65}, "too many"),
        (HELLO, {"interest": ("a b",)}, "bad pattern"),
        (HELLO, {"hosts": ("example.org/",)}, "no IP address"),
        (HELLO, {"hosts": ("",)}, "no IP address"),
        (HELLO, {"hosts": ("1" * 65,)}, "no IP address"),
        (HELLO, {"feed": 0}, "port out of range"),
        (HELLO, {"exchange": 65536}, "port out of range"),
        (HELLO, {"wall": -1}, "clock out of range"),
        (HELLO, {"wall": 2**63}, "clock out of range"),
        (HELLO, {"name": ""}, "name, status or tags"),
        (HELLO, {"known": (Known(b"short", (), 1),)}, "malformed peer"),
        (HELLO, {"known": (Known(ORIGIN, ("::1",) * 17, 1),)}, "malformed peer"),
        (HELLO, {"known": (Known(ORIGIN, ("x",), 1),)}, "no IP address"),
        (RECEIPT, {"low": 0}, "empty interval"),
        (RECEIPT, {"low": 3}, "empty interval"),
        (RECEIPT, {"high": 2**62}, "empty interval"),
        (RECEIPT, {"topic": "_peers"}, "reserved"),
    ],
)
def test_a_word_beyond_a_limit_is_refused(
    word: AnyWord, change: dict[str, Any], sentence: str
) -> None:
    assert reopened(word) == word
    with pytest.raises(WireError, match=sentence):
        reopened(msgspec.structs.replace(word, **change))


GREET = Greet(1, 1, bytes(16))
WELCOME = Welcome(1, bytes(16), said(HELLO))
PULL = Pull(1, ORIGIN, 1, "a", (1, 2), 1000, 0)


@pytest.mark.parametrize(
    ("message", "change", "sentence"),
    [
        (GREET, {"ask": -1}, "number out of range"),
        (GREET, {"ask": 2**62}, "number out of range"),
        (GREET, {"version": 2**16}, "version out of range"),
        (GREET, {"challenge": bytes(15)}, "challenge of a wrong size"),
        (WELCOME, {"challenge": b""}, "challenge of a wrong size"),
        (PULL, {"origin": b""}, "origin or epoch"),
        (PULL, {"topic": "_peers"}, "reserved"),
        (PULL, {"wanted": (1,)}, "wrong length"),
        (PULL, {"wanted": (5, 4)}, "out of order"),
        (PULL, {"budget": -1}, "budget or time"),
        (PULL, {"budget": 2**62}, "budget or time"),
        (PULL, {"not_before": 2**63}, "budget or time"),
        (AskChanges(1, 1), {"since": 2**62}, "state version"),
        (Changes(1, 1, (), False), {"version": -1}, "state version"),
        (Changes(1, 1, (), False), {"claims": (Claim(b"x", 1, "a", 0, ()),)}, "origin or epoch"),
        (Confirm(1, 1, "a", 1), {"topic": "a..b"}, "bad topic"),
        (Confirm(1, 1, "a", 1), {"seq": 0}, "number out of range"),
        (Confirm(1, 1, "a", 1), {"seq": 2**62}, "number out of range"),
        (Deliver(1, b""), {"batch": None}, "cannot be read"),
    ],
)
def test_a_message_beyond_a_limit_is_refused(
    message: AnyMessage, change: dict[str, Any], sentence: str
) -> None:
    assert decode_message(encode_message(message)) == message
    with pytest.raises(WireError, match=sentence):
        decode_message(encode_message(msgspec.structs.replace(message, **change)))


def test_an_empty_origin_is_the_one_who_claims() -> None:
    own = msgspec.structs.replace(CLAIM, origin=b"")
    heartbeat = msgspec.structs.replace(HEARTBEAT, claims=(own,))
    assert reopened(heartbeat) == heartbeat
