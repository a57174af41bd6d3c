"""What hypothesis draws: topics, patterns, contents, batches, words, messages, broken bytes."""

import unicodedata
from typing import Any

import msgspec
from hypothesis import strategies as st

from notify_tui.protocol.batch import NO_PREVIOUS, Batch, make_batch
from notify_tui.protocol.event import KINDS, Content, StreamKey, encode_content
from notify_tui.protocol.wire import (
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
    Introduce,
    Known,
    Pull,
    Pulled,
    Receipt,
    Receipted,
    Signed,
    Stranger,
    Welcome,
)
from tests.protocol.signature import key_of, signer

NETWORK = bytes(range(16))
ORIGIN = key_of("origin")
SIGN = signer(ORIGIN)

_letters = st.characters(codec="utf-8", exclude_characters=".*>", exclude_categories=("C", "Z"))


def _segment(text: str) -> str:
    return unicodedata.normalize("NFC", text)


segments = st.one_of(
    st.sampled_from(["a", "b", "builds", "web", "@ana", "_peers", "é", "日本"]),
    st.text(_letters, min_size=1, max_size=6)
    .map(_segment)
    .filter(lambda text: text.isprintable() and not any(map(str.isspace, text))),
)
topics = (
    st.lists(segments, min_size=1, max_size=4)
    .map(".".join)
    .map(_segment)
    .filter(lambda topic: not set(topic) & set("*>"))
)
public_topics = topics.filter(lambda topic: topic[0] != "_")
patterns = st.builds(
    lambda middle, tail: ".".join(middle + tail),
    st.lists(st.one_of(st.just("*"), segments), min_size=1, max_size=4),
    st.sampled_from([[], [], [">"]]),
).map(_segment) | st.just(">")

numbers = st.integers(1, 2**62 - 1)
counters = st.integers(0, 2**62 - 1)
times = st.integers(0, 2**63 - 1)
keys = st.sampled_from([key_of(name) for name in ("origin", "ana", "bob")])

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
jsons: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
contents = st.builds(
    Content,
    time=times,
    text=st.text(max_size=20),
    kind=st.sampled_from([*KINDS, "a newer word"]),
    title=st.text(max_size=8),
    priority=st.integers(-1, 9),
    tags=st.lists(st.text(max_size=4), max_size=3).map(tuple),
    data=jsons,
    reply_to=st.none() | st.just("kq3v7m2xab.17"),
    expires=st.none() | times,
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """A valid batch of one to five events, signed by `ORIGIN`."""
    key = StreamKey(ORIGIN, draw(counters), draw(topics))
    encoded = [encode_content(item) for item in draw(st.lists(contents, min_size=1, max_size=5))]
    previous = draw(st.just(NO_PREVIOUS) | st.binary(min_size=32, max_size=32))
    first = draw(st.integers(1, 2**61))
    return make_batch(NETWORK, key, first, draw(times), previous, encoded, SIGN)


@st.composite
def flat_intervals(draw: st.DrawFn, most: int = 4) -> tuple[int, ...]:
    """(low, high, low, high, …), ascending and disjoint."""
    edges = draw(st.lists(st.integers(1, 50), max_size=2 * most, unique=True).map(sorted))
    return tuple(edges[: len(edges) // 2 * 2])


claims = st.builds(
    Claim,
    origin=keys | st.just(b""),
    epoch=counters,
    topic=public_topics,
    baseline=counters,
    held=flat_intervals(),
)
names = st.text(min_size=1, max_size=20)
statuses = st.text(max_size=20)
tags = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)
hosts = st.lists(st.sampled_from(["10.0.0.1", "fe80::1%2", "::1"]), max_size=3).map(tuple)
ports = st.integers(1, 65535)

heartbeats = st.builds(
    lambda versions, **fields: Heartbeat(since=min(versions), version=max(versions), **fields),
    st.tuples(counters, counters),
    boot=counters,
    turn=counters,
    interval=st.floats(0.01, 3600),
    name=names,
    status=statuses,
    tags=tags,
    claims=st.lists(claims, max_size=3).map(tuple),
)
hellos = st.builds(
    Hello,
    boot=counters,
    turn=counters,
    challenges=st.binary(min_size=32, max_size=32),
    name=names,
    release=st.text(max_size=10),
    hosts=hosts,
    feed=ports,
    exchange=ports,
    interest=st.lists(patterns, max_size=3).map(tuple),
    transient=st.booleans(),
    wall=times,
    status=statuses,
    tags=tags,
    known=st.lists(
        st.builds(Known, public=keys, hosts=hosts, exchange=ports), max_size=3
    ).map(tuple),
)  # fmt: skip
receipts = st.builds(
    lambda ends, **fields: Receipt(low=min(ends), high=max(ends), **fields),
    st.tuples(numbers, numbers),
    boot=counters,
    turn=counters,
    origin=keys,
    epoch=counters,
    topic=public_topics,
)
words: st.SearchStrategy[AnyWord] = st.one_of(
    heartbeats, st.builds(Goodbye, boot=counters, turn=counters), hellos, receipts
)
signed = st.builds(
    Signed, author=keys, word=st.binary(max_size=8), signature=st.binary(min_size=64, max_size=64)
)
challenges = st.binary(min_size=16, max_size=16)
frames = st.lists(st.binary(max_size=8), max_size=3).map(tuple)
bounded = st.integers(0, 2**31)

messages: st.SearchStrategy[AnyMessage] = st.one_of(
    st.builds(Greet, ask=counters, version=st.integers(0, 9), challenge=challenges),
    st.builds(Welcome, ask=counters, challenge=challenges, hello=signed),
    st.builds(Introduce, ask=counters, hello=signed),
    st.builds(Stranger, ask=counters),
    st.builds(AskChanges, ask=counters, since=counters),
    st.builds(
        Changes,
        ask=counters,
        version=counters,
        claims=st.lists(claims, max_size=3).map(tuple),
        more=st.booleans(),
    ),
    st.builds(
        Pull,
        ask=counters,
        origin=keys,
        epoch=counters,
        topic=public_topics,
        wanted=flat_intervals(),
        budget=bounded,
        not_before=times,
    ),
    st.builds(Pulled, ask=counters, batches=frames, below=st.binary(max_size=8)),
    st.builds(Deliver, ask=counters, batch=st.binary(max_size=8)),
    st.builds(Confirm, ask=counters, epoch=counters, topic=public_topics, seq=numbers),
    st.builds(Receipted, ask=counters, receipt=signed),
)

NESTED = b"\x91" * 20_000 + b"\xc0"
"""A msgpack list in a list in a list … deeper than any stack."""

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 2**31, 2**62, 2**63 - 1, 2**63, 2**64 - 1, -(2**63)]),
    st.sampled_from([float("nan"), float("inf"), -0.0, 1e308]),
    st.sampled_from(["", "x", "_x", "a..b", "*", "\0", "e\u0301", "x" * 300]),
    st.sampled_from([b"", b"\xff" * 16, bytes(32), bytes(64)]),
    st.sampled_from([[], [1], [3, 2], [[[[]]]], {}, {"a": "b"}, {1: 2}]),
    st.just(msgspec.Raw(NESTED)),
    st.just(msgspec.Raw(b"\xd6\xff\x00\x00\x00\x01")),
    st.just(msgspec.Raw(b"\xa1\xff")),
)


@st.composite
def broken_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes with a few flipped, cut, doubled, put in or cut off."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        what = draw(st.sampled_from(["flip", "cut", "put", "tail", "double"]))
        if what == "flip" and place < len(data):
            data[place] ^= draw(st.integers(1, 255))
        elif what == "cut":
            del data[place : place + draw(st.integers(1, 8))]
        elif what == "put":
            data[place:place] = draw(st.binary(min_size=1, max_size=8))
        elif what == "tail":
            del data[place:]
        else:
            data[place:place] = data[: draw(st.integers(0, 16))]
    return bytes(data)


@st.composite
def broken_fields(draw: st.DrawFn, encoded: bytes) -> bytes:
    """A msgpack array whose members, at some depth, were replaced, dropped or added to."""
    tree = msgspec.msgpack.decode(encoded)
    here = tree
    while True:
        inner = [item for item in here if isinstance(item, list)]
        if not inner or draw(st.booleans()):
            break
        here = draw(st.sampled_from(inner))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(here)))
        what = draw(st.sampled_from(["replace", "replace", "drop", "add"]))
        if what == "add" or place == len(here):
            here.insert(place, draw(odd_values))
        elif what == "drop":
            del here[place]
        else:
            here[place] = draw(odd_values)
    return msgspec.msgpack.encode(tree)
