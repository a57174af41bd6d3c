"""What somebody published: `Content` travels in a batch, `Event` is what a reader gets."""

from base64 import b32encode
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from notify_tui.errors import EventError

MAX_CONTENT = 256 * 1024
STREAM_LETTERS = 10
SEQ_DIGITS = 19
PEER_LETTERS = 16
MAX_DEPTH = 32
"""Objects and lists inside each other in `data`."""
KINDS = (
    "message", "notice", "ack", "claim", "edit", "retract", "progress", "question", "answer",
)  # fmt: skip


class Priority(IntEnum):
    """How much an event wants to be seen."""

    MIN = 1
    LOW = 2
    NORMAL = 3
    HIGH = 4
    URGENT = 5

    @classmethod
    def named(cls, word: str) -> "Priority":
        """The priority of that name.

        Raises:
            EventError: there is no such priority.
        """
        try:
            return cls[word.upper()]
        except KeyError:
            known = ", ".join(priority.name.lower() for priority in cls)
            raise EventError(f"priority {word!r} is none of: {known}") from None


class Content(Struct, frozen=True, array_like=True, gc=False):
    """The fields that travel. Times are ns since 1970; trailing fields of newer peers pass by."""

    time: int
    text: str = ""
    kind: str = "notice"
    title: str = ""
    priority: int = Priority.NORMAL
    tags: tuple[str, ...] = ()
    data: Any = None
    reply_to: str | None = None
    expires: int | None = None


class StreamKey(NamedTuple):
    """All events of one origin's epoch in one topic."""

    origin: bytes
    epoch: int
    topic: str


class Origin(Struct, frozen=True):
    """Who published: the id follows from the key alone, the name is what the key calls itself."""

    id: str
    name: str


class Source(Struct, frozen=True):
    """What the events of one batch have in common, as this log received it.

    `repaired` tells a batch that came by repair from one that came live; `late`, one that
    came after its gap had been reported; `missing`, how many events before it were reported
    as lost; `local_time`, the batch's time by this machine's clock.
    """

    key: StreamKey
    origin: Origin
    received: int
    local_time: int
    repaired: bool = False
    late: bool = False
    missing: int = 0


class EventId(NamedTuple):
    """Printed as `STREAM.SEQ`; only STREAM may be shortened."""

    stream: str
    seq: int

    def __str__(self) -> str:
        return f"{self.stream}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> "EventId":
        """Read a printed id, shortened or not.

        Raises:
            EventError: it does not have the form `STREAM.SEQ`.
        """
        stream, dot, seq = text.partition(".")
        numbered = seq.isascii() and seq.isdecimal() and len(seq) <= SEQ_DIGITS
        if not (dot and numbered and stream.isalnum() and len(stream) <= STREAM_LETTERS):
            raise EventError(f"event id {text!r}: ids look like 'kq3v7m2xab.17'")
        return cls(stream.lower(), int(seq))


class Event(Struct, frozen=True, gc=False):
    """One immutable record that somebody published."""

    source: Source
    seq: int
    content: Content

    @property
    def id(self) -> EventId:
        """The printed id: stream and sequence."""
        return EventId(stream_id(self.source.key), self.seq)

    @property
    def topic(self) -> str:
        """Where it was published."""
        return self.source.key.topic

    @property
    def origin(self) -> Origin:
        """Who published it."""
        return self.source.origin

    @property
    def epoch(self) -> int:
        """The stretch of the origin's life that it belongs to."""
        return self.source.key.epoch

    @property
    def received(self) -> int:
        """When this machine stored it, ns since 1970."""
        return self.source.received

    @property
    def time(self) -> int:
        """When it was published, ns since 1970 by the publisher's clock."""
        return self.content.time

    @property
    def kind(self) -> str:
        """One of `KINDS`, or a newer peer's word."""
        return self.content.kind

    @property
    def title(self) -> str:
        """A headline, or ''."""
        return self.content.title

    @property
    def text(self) -> str:
        """The text, or ''."""
        return self.content.text

    @property
    def priority(self) -> Priority:
        """From `MIN` to `URGENT`; a newer peer's number is taken to the nearest."""
        return Priority(min(max(self.content.priority, Priority.MIN), Priority.URGENT))

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to find it by."""
        return self.content.tags

    @property
    def data(self) -> Any:
        """A JSON-shaped value, or None."""
        return self.content.data

    @property
    def reply_to(self) -> str | None:
        """The printed id of the event that this one answers."""
        return self.content.reply_to

    @property
    def expires(self) -> int | None:
        """When it loses its point, ns since 1970."""
        return self.content.expires


@lru_cache(maxsize=8192)
def stream_id(key: StreamKey) -> str:
    """Ten base32 characters of a hash of (origin, epoch, topic)."""
    digest = blake2b(digest_size=8, person=b"ntui.stream")
    digest.update(key.origin + key.epoch.to_bytes(8, "big") + key.topic.encode())
    return b32encode(digest.digest()).decode().lower()[:STREAM_LETTERS]


@lru_cache(maxsize=8192)
def peer_id(public: bytes) -> str:
    """Sixteen base32 characters of a hash of the identity's public key."""
    digest = blake2b(public, digest_size=10, person=b"ntui.peer").digest()
    return b32encode(digest).decode().lower()[:PEER_LETTERS]


def timestamp(ns: int) -> str:
    """RFC 3339 UTC with microseconds. A time beyond the calendar is its nearest end."""
    seconds, rest = divmod(ns, 1_000_000_000)
    seconds = min(max(seconds, 0), 253_402_300_799)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest // 1000:06d}Z"


def as_json(event: Event) -> dict[str, Any]:
    """The event as scripts know it: every key always present, absent values `None`."""
    content = event.content
    return {
        "id": str(event.id),
        "topic": event.topic,
        "origin": {"id": event.origin.id, "name": event.origin.name},
        "epoch": event.epoch,
        "seq": event.seq,
        "time": timestamp(content.time),
        "received": timestamp(event.received),
        "kind": content.kind,
        "title": content.title or None,
        "text": content.text or None,
        "priority": event.priority.name.lower(),
        "tags": list(content.tags),
        "data": content.data,
        "reply_to": content.reply_to,
        "expires": None if content.expires is None else timestamp(content.expires),
    }


def is_json(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Whether a value is JSON-shaped: what every reader can print, and no deeper than `depth`."""
    match value:
        case None | bool() | int() | str():
            return True
        case float():
            return isfinite(value)
        case list() | tuple():
            return depth > 0 and all(is_json(item, depth - 1) for item in value)
        case dict():
            return (
                depth > 0
                and all(isinstance(key, str) for key in value)
                and all(is_json(item, depth - 1) for item in value.values())
            )
    return False


_encoder = msgspec.msgpack.Encoder()


def encode_content(content: Content) -> bytes:
    """The content's bytes, checked: what is built here is valid everywhere.

    Raises:
        EventError: it is too large, or its data is not JSON-shaped.
    """
    if not is_json(content.data):
        raise EventError(
            "data must be JSON-shaped: objects with text keys, lists, texts, finite numbers, "
            f"true, false, null, at most {MAX_DEPTH} levels deep"
        )
    try:
        encoded = _encoder.encode(content)
    except (TypeError, OverflowError, UnicodeEncodeError, RecursionError) as error:
        raise EventError(f"data must be JSON-shaped (an object, list, text, …): {error}") from None
    if len(encoded) > MAX_CONTENT:
        raise EventError(
            f"an event has at most {MAX_CONTENT // 1024} KiB encoded, "
            f"this one has {len(encoded) / 1024:.0f} KiB; publish a path or a link instead"
        )
    return encoded
