"""Forger: a member that puts words into other people's mouths, as well as it can."""

import msgspec

from notify_tui.errors import WireError
from notify_tui.protocol.batch import SIGNATURE_BYTES, decode_batch

_encoder = msgspec.msgpack.Encoder()


def forged(frame: bytes, number: int) -> bytes | None:
    """The batch with another time or number under its old signature; None for other frames."""
    try:
        batch = decode_batch(frame)
    except WireError:
        return None
    header = batch.header
    if number % 2:
        header = msgspec.structs.replace(header, time=header.time // 2)
    else:
        header = msgspec.structs.replace(header, first=header.first + header.count)
    encoded = _encoder.encode(header)
    signature = frame[batch.body_at - SIGNATURE_BYTES : batch.body_at]
    prefix = header.topic.encode() + b"\0" + len(encoded).to_bytes(2, "big")
    return b"".join((prefix, encoded, signature, batch.body))
