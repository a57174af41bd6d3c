"""Batch: consecutive events of one stream, encoded and signed once, kept verbatim ever after.

    frame  = topic NUL | length of header (2) | header | signature (64) | events
    events = a msgpack array of `Content`s

The topic stands first so that ZeroMQ filters at the publisher. The signature covers the
header, the header carries the events' hash: so a header alone proves a head, and the chain of
header hashes shows a fork.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from notify_tui.errors import TopicError, WireError
from notify_tui.protocol.event import Content, StreamKey, is_json
from notify_tui.protocol.topic import check_topic

VERSION = 1
MAX_EVENTS = 512
MAX_BYTES = 64 * 1024
MAX_FRAME = 1024 * 1024
MAX_NAME = 64
SIGNATURE_BYTES = 64
DIGEST_BYTES = 32
NO_PREVIOUS = bytes(DIGEST_BYTES)
CONTEXT = b"notify-tui batch\0"

Sign = Callable[[bytes], bytes]
"""Message to its 64-byte signature, by this node's identity."""
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature): whether the key's owner signed the message."""


class Header(Struct, frozen=True, array_like=True, gc=False):
    """What is signed. Sizes in bytes: network 16, origin, digest and previous 32 each.

    `name` is what the origin called itself then: whoever holds its events can show it, even
    if they never met. Who it is follows from the key alone.
    """

    version: int
    network: bytes
    origin: bytes
    epoch: int
    topic: str
    first: int
    count: int
    time: int
    digest: bytes
    previous: bytes
    name: str = ""


class Batch(Struct, frozen=True, gc=False):
    """A decoded frame; `digest` is the hash of its header, the next batch's `previous`."""

    frame: bytes
    header: Header
    key: StreamKey
    digest: bytes
    body_at: int

    @property
    def first(self) -> int:
        """Sequence of the first event."""
        return self.header.first

    @property
    def last(self) -> int:
        """Sequence of the last event."""
        return self.header.first + self.header.count - 1

    @property
    def body(self) -> memoryview:
        """The encoded events."""
        return memoryview(self.frame)[self.body_at :]

    @property
    def proof(self) -> bytes:
        """The frame without its events: proves that the stream came this far."""
        return self.frame[: self.body_at]


_encoder = msgspec.msgpack.Encoder()
_headers = msgspec.msgpack.Decoder(Header)


def _no_extension(code: int, _data: memoryview) -> Any:
    raise ValueError(f"extension type {code}")


_contents = msgspec.msgpack.Decoder(list[Content], ext_hook=_no_extension)
_raw = msgspec.msgpack.Decoder(list[msgspec.Raw])


def _hash(data: bytes | memoryview) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def make_batch(
    network: bytes,
    key: StreamKey,
    first: int,
    time: int,
    previous: bytes,
    contents: Sequence[bytes],
    sign: Sign,
    name: str = "",
) -> Batch:
    """Number, hash and sign encoded contents; `previous` is the stream's last header hash."""
    body = _encoder.encode([msgspec.Raw(content) for content in contents])
    header = Header(
        VERSION, network, key.origin, key.epoch, key.topic, first, len(contents), time,
        _hash(body), previous, name,
    )  # fmt: skip
    encoded = _encoder.encode(header)
    prefix = key.topic.encode() + b"\0" + len(encoded).to_bytes(2, "big")
    frame = b"".join((prefix, encoded, sign(CONTEXT + encoded), body))
    return Batch(frame, header, key, _hash(encoded), len(frame) - len(body))


def decode_batch(frame: bytes, *, whole: bool = True) -> Batch:
    """Read a frame strictly; with `whole=False` a proof (a frame without its events).

    The signature is not looked at: see `is_signed`.

    Raises:
        WireError: the frame breaks the format, a limit or its own hash.
    """
    if len(frame) > MAX_FRAME:
        raise WireError(f"a batch of {len(frame)} bytes; the limit is {MAX_FRAME}")
    nul = frame.find(b"\0")
    start = nul + 3
    end = start + int.from_bytes(frame[nul + 1 : start], "big")
    if nul < 1 or len(frame) < end + SIGNATURE_BYTES:
        raise WireError("a batch that is cut short")
    encoded = frame[start:end]
    try:
        header = _headers.decode(encoded)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"a batch header that cannot be read: {error}") from None
    _check_header(header, frame[:nul])
    batch = Batch(
        frame,
        header,
        StreamKey(header.origin, header.epoch, header.topic),
        _hash(encoded),
        end + SIGNATURE_BYTES,
    )
    if whole and _hash(batch.body) != header.digest:
        raise WireError("a batch whose events do not match its header")
    return batch


def _check_header(header: Header, prefix: bytes) -> None:
    if header.version != VERSION:
        raise WireError(f"a batch of version {header.version}; this node speaks {VERSION}")
    sizes = len(header.network), len(header.origin), len(header.digest), len(header.previous)
    if sizes != (16, 32, DIGEST_BYTES, DIGEST_BYTES):
        raise WireError("a batch header with keys or hashes of a wrong size")
    if len(header.name) > MAX_NAME:
        raise WireError(f"a batch header with a name of {len(header.name)} letters")
    if not (1 <= header.count <= MAX_EVENTS and 1 <= header.first < 2**62):
        raise WireError(f"a batch of {header.count} events from number {header.first}")
    if not (0 <= header.epoch < 2**62 and 0 <= header.time < 2**63):
        raise WireError("a batch header with an epoch or time out of range")
    try:
        valid = check_topic(header.topic) == header.topic
    except TopicError as error:
        raise WireError(f"a batch with a bad topic: {error}") from None
    if not valid or header.topic.encode() != prefix:
        raise WireError("a batch whose topic is denormalised or not its prefix")


def is_signed(batch: Batch, verify: Verify) -> bool:
    """Whether the origin that the header names has signed it."""
    encoded_at = len(batch.header.topic.encode()) + 3
    signature_at = batch.body_at - SIGNATURE_BYTES
    encoded = batch.frame[encoded_at:signature_at]
    return verify(batch.header.origin, CONTEXT + encoded, batch.frame[signature_at : batch.body_at])


def split_contents(batch: Batch) -> list[msgspec.Raw]:
    """The events' bytes one by one, undecoded.

    Raises:
        WireError: they are no array, or not as many as the header says.
    """
    try:
        parts = _raw.decode(batch.body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise WireError(f"a batch whose events cannot be read: {error}") from None
    if len(parts) != batch.header.count:
        raise WireError(f"a batch of {len(parts)} events whose header says {batch.header.count}")
    return parts


DAMAGED = "damaged"


def decode_contents(batch: Batch) -> list[Content]:
    """The events, always `count` of them: what cannot be read is of kind `damaged`."""
    try:
        contents = _contents.decode(batch.body)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        contents = []
    odd = [item for item in contents if item.data is not None and not is_json(item.data)]
    if len(contents) == batch.header.count and not odd:
        return contents
    return _decode_singly(batch)


_content = msgspec.msgpack.Decoder(Content, ext_hook=_no_extension)


def _decode_singly(batch: Batch) -> list[Content]:
    unreadable = Content(batch.header.time, kind=DAMAGED, text="(an event that cannot be read)")
    try:
        parts = split_contents(batch)
    except WireError:
        return [unreadable] * batch.header.count
    return [_decode_one(part, unreadable) for part in parts]


def _decode_one(part: msgspec.Raw, unreadable: Content) -> Content:
    try:
        content = _content.decode(part)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return unreadable
    return content if is_json(content.data) else unreadable
