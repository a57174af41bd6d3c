"""Marks: what a reader must find without decoding every batch.

A flood is thousands of plain notices a second, and the writer looks at each batch: so plain
batches are told by their bytes, and only the others are decoded.
"""

import re
from enum import IntEnum
from typing import NamedTuple

from notify_tui.protocol.batch import Batch, decode_contents
from notify_tui.protocol.event import KINDS, Content, Priority, encode_content
from notify_tui.protocol.topic import DIRECT

MENTION = re.compile(r"(?<![\w.@-])@(\w[\w.@-]*)")
MENTIONS = 8
"""Of one event; what follows is not marked."""
TARGET_LETTERS = 64
EDGE = 2**63 - 1


class Mark(IntEnum):
    """Why an event is marked, and what its target then is."""

    URGENT = 1
    """Target: the empty text."""
    REPLY = 2
    """Target: the printed id in `reply_to`."""
    MENTION = 3
    """Target: the name that stands behind an `@`, case-folded."""
    DIRECT = 4
    """Target: the topic."""
    EXPIRY = 5
    """Target: the time in ns at which it expires."""


class Marked(NamedTuple):
    """One mark; `place` counts the batch's events from 0."""

    mark: Mark
    target: str | int
    place: int


class Survey(NamedTuple):
    """Of a batch: the highest priority, its kinds as bits, and its marks."""

    priority: int
    kinds: int
    marks: tuple[Marked, ...]


KIND_BITS = {kind: 1 << place for place, kind in enumerate(KINDS)}
OTHER_KIND = 1 << len(KINDS)

_sample = encode_content(Content(EDGE))
_HEAD, _TAIL = _sample[:2], _sample[11:]
_SEAM = _TAIL + _HEAD
_TIME_BYTES = 8
_MANY = 16
"""From this many events on, an array's length takes two bytes more, and looking pays."""
_PLAIN = Survey(Priority.NORMAL, KIND_BITS["notice"], ())


def survey(batch: Batch) -> Survey:
    """Look a batch over."""
    if batch.header.count >= _MANY and _is_plain(batch):
        return _PLAIN
    priority, kinds = int(Priority.MIN), 0
    marks: list[Marked] = []
    direct = batch.key.topic if batch.key.topic.startswith(DIRECT) else ""
    for place, content in enumerate(decode_contents(batch)):
        priority = max(priority, content.priority)
        kinds |= KIND_BITS.get(content.kind, OTHER_KIND)
        if (
            direct
            or content.reply_to
            or content.expires is not None
            or content.priority >= Priority.URGENT
            or "@" in content.text
        ):
            marks += (Marked(mark, target, place) for mark, target in _marks(content, direct))
    return Survey(min(priority, int(Priority.URGENT)), kinds, tuple(marks))


def _marks(content: Content, direct: str) -> set[tuple[Mark, str | int]]:
    found: set[tuple[Mark, str | int]] = {(Mark.DIRECT, direct)} if direct else set()
    if content.priority >= Priority.URGENT:
        found.add((Mark.URGENT, ""))
    if content.reply_to and len(content.reply_to) <= TARGET_LETTERS:
        found.add((Mark.REPLY, content.reply_to))
    if content.expires is not None:
        found.add((Mark.EXPIRY, min(max(content.expires, 0), EDGE)))
    found.update((Mark.MENTION, name) for name in mentions(content.text))
    return found


def mentions(text: str) -> set[str]:
    """The names that a text mentions, case-folded."""
    names = [match.rstrip(".@-").casefold() for match in MENTION.findall(text)[:MENTIONS]]
    return {name for name in names if len(name) <= TARGET_LETTERS}


def _is_plain(batch: Batch) -> bool:
    """Whether every event is a notice of text alone that mentions nobody.

    The bytes between two such events are always the same, and no text can hold them (they are
    not UTF-8). Data that imitated them could hide marks, but only its own batch's.
    """
    frame, head = batch.frame, batch.body_at + 3
    start = head + len(_HEAD) + _TIME_BYTES
    if not frame.startswith(_HEAD, head) or not frame.endswith(_TAIL):
        return False
    if frame.count(_SEAM, start) != batch.header.count - 1:
        return False
    at = frame.find(b"@", start)
    while at >= 0:
        seam = frame.rfind(_SEAM, at - len(_SEAM) - _TIME_BYTES + 1, at)
        if seam < 0:
            return False
        at = frame.find(b"@", at + 1)
    return True
