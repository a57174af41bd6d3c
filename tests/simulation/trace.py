"""Trace: what happened, a line each."""

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from notify_tui.protocol.batch import Batch, decode_batch
from notify_tui.protocol.command import Found, Send, Store, Stored, StoreFailed, Transmit
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.wire import (
    BEAT_PREFIX,
    Claim,
    Goodbye,
    Heartbeat,
    Hello,
    Receipt,
    Signed,
    decode_beat,
    decode_message,
)
from tests.protocol.signature import key_of
from tests.simulation.judge import name_of

if TYPE_CHECKING:
    from tests.simulation.world import World

_words = msgspec.msgpack.Decoder(Heartbeat | Goodbye | Hello | Receipt)
_NAMES = {key_of(name_of(place)): name_of(place) for place in range(64)}


class Printer:
    """Prints what hosts are given and what they do."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._world: World | None = None
        self._quiet = quiet

    def watch(self, world: "World") -> None:
        """Whose clock to print."""
        self._world = world

    def trace(self, who: str, what: str, thing: Any) -> None:
        """One line."""
        if not self._quiet and self._world:
            now = self._world.scheduler.now
            sys.stdout.write(f"{now:9.4f} {who:5} {what} {show(thing)}\n")


def show(thing: Any) -> str:
    """A thing in a few words; frames are decoded."""
    match thing:
        case None:
            return ""
        case bytes():
            return show_frame(thing)
        case StreamKey():
            return f"{_NAMES.get(thing.origin, '?')}/{thing.epoch % 100_000}/{thing.topic}"
        case msgspec.Raw():
            return bytes(thing).hex()[:24]
        case Batch():
            return f"[{show(thing.key)} {thing.first}-{thing.last} {thing.digest.hex()[:4]}]"
        case Claim():
            origin = _NAMES.get(thing.origin, "own")
            return f"{origin}/{thing.epoch % 100_000}/{thing.topic}>{thing.baseline}:{thing.held}"
        case Send() | Transmit() | Store() | Stored() | StoreFailed() | Found():
            return _show_struct(thing)
        case Signed():
            return f"signed by {_NAMES.get(thing.author, '?')}: {show(_words.decode(thing.word))}"
        case msgspec.Struct():
            return _show_struct(thing)
        case tuple() | list():
            return "(" + " ".join(show(item) for item in thing) + ")"
    return str(thing)


def _show_struct(thing: msgspec.Struct) -> str:
    fields = " ".join(f"{field}={show(getattr(thing, field))}" for field in thing.__struct_fields__)
    return f"{type(thing).__name__}({fields})"


def show_frame(frame: bytes) -> str:
    """A frame of the feed or the exchange; other bytes in hex."""
    if frame in _NAMES:
        return _NAMES[frame]
    try:
        if frame.startswith(BEAT_PREFIX):
            return show(decode_beat(frame))
        if b"\0" in frame[1:200] and len(frame) > 150:
            return show(decode_batch(frame, whole=False))
        return show(decode_message(frame))
    except Exception:  # noqa: BLE001 (bytes of any kind are shown somehow)
        return frame.hex()[:16]
