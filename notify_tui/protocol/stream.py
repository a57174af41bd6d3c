"""Stream: what this node holds of one origin's topic, and what of it has its place in the log.

    1 … baseline | placed, in sequence (lost ones left out) … tail | gap | held … head

`have` counts what is durable, `coming` what the log has been given and not yet confirmed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from notify_tui.protocol.batch import NO_PREVIOUS, Batch
from notify_tui.protocol.command import RestoredStream
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals


class Held(NamedTuple):
    """A batch that is stored beyond a gap, by what placing it needs."""

    first: int
    last: int
    digest: bytes
    previous: bytes
    time: int

    @classmethod
    def of(cls, batch: Batch) -> "Held":
        """What to remember of a batch."""
        header = batch.header
        return cls(batch.first, batch.last, batch.digest, header.previous, header.time)


class Stream:
    """The state of one stream. Numbers are sequences; `tail` and `head` run ahead of the disk."""

    __slots__ = (
        "baseline", "coming", "digest", "gap_since", "have", "held", "key", "placed",
        "placed_digest", "placing", "refused", "tail", "time", "unconfirmed",
    )  # fmt: skip

    def __init__(self, key: StreamKey, baseline: int = 0) -> None:
        self.key = key
        self.baseline = baseline
        self.have = Intervals()
        self.coming = Intervals()
        self.refused = Intervals()
        self.placed = baseline
        self.placed_digest: bytes | None = None if baseline else NO_PREVIOUS
        self.tail = baseline
        self.digest = self.placed_digest
        self.time = 0
        self.held: dict[int, Held] = {}
        self.placing: dict[int, Held] = {}
        self.unconfirmed: dict[bytes, Batch] = {}
        self.gap_since: float | None = None

    @classmethod
    def restored(cls, row: RestoredStream) -> "Stream":
        """The stream as the log holds it."""
        stream = cls(row.key, row.baseline)
        stream.have.add(row.baseline + 1, row.placed)
        for low, high in row.lost:
            stream.have.discard(low, high)
        for batch in row.held:
            stream.have.add(batch.first, batch.last)
            stream.held[batch.first] = Held.of(batch)
        stream.placed = stream.tail = max(row.placed, row.baseline)
        known = row.digest != NO_PREVIOUS or stream.tail == 0
        stream.placed_digest = stream.digest = row.digest if known else None
        stream.time = row.time
        return stream

    def knows(self, low: int, high: int) -> bool:
        """Whether all of it is held, on its way to the disk, refused, or below the baseline."""
        low = max(low, self.baseline + 1)
        return low > high or not self.lacking(Intervals(((low, high),)))

    def lacking(self, offered: Intervals) -> Intervals:
        """What of an offer this node wants."""
        rest = self.undurable(offered)
        for low, high in self.coming:
            rest.discard(low, high)
        return rest

    def undurable(self, offered: Intervals) -> Intervals:
        """What of an offer this node wants and does not hold durably, even if it is coming."""
        rest = offered.copy()
        rest.discard(1, self.baseline)
        for kept in (self.have, self.refused):
            for low, high in kept:
                rest.discard(low, high)
        return rest

    def digest_at(self, last: int) -> bytes | None:
        """The hash of the header of the batch that ends there, if it is the tail or held."""
        if last == self.tail:
            return self.digest
        ending = (held.digest for held in self.held.values() if held.last == last)
        return next(ending, None)

    def gap(self) -> tuple[int, int] | None:
        """The interval between the tail and the first held batch."""
        first = min(self.held, default=0)
        return (self.tail + 1, first - 1) if first > self.tail + 1 else None

    def take(self, batch: Batch) -> None:
        """A batch was given to the log at the tail: the next one follows it."""
        self.expect(batch)
        self.tail = batch.last
        self.digest = batch.digest
        self.time = max(self.time, batch.header.time)

    def hold(self, batch: Batch) -> None:
        """A batch was given to the log beyond a gap."""
        self.expect(batch)
        self.held[batch.first] = Held.of(batch)

    def expect(self, batch: Batch) -> None:
        """The log will confirm this batch, or fail it."""
        self.coming.add(batch.first, batch.last)
        self.unconfirmed[batch.digest] = batch

    def place(self, held: Held) -> Held:
        """A held batch gets its place, whether or not it follows the tail."""
        self.placing[held.first] = self.held.pop(held.first)
        self.tail, self.digest = held.last, held.digest
        self.time = max(self.time, held.time)
        return held

    def raise_baseline(self, baseline: int, digest: bytes | None) -> None:
        """Want nothing up to `baseline`; it never falls."""
        if baseline <= self.baseline:
            return
        self.baseline = baseline
        self.have.discard(1, baseline)
        self.held = {first: held for first, held in self.held.items() if held.last > baseline}
        if self.tail < baseline:
            self.tail, self.digest = baseline, digest
        if self.placed < baseline:
            self.placed, self.placed_digest = baseline, digest

    def confirm(self, batch: Batch) -> bool:
        """The log holds it; False for a batch that is not expected."""
        if self.unconfirmed.pop(batch.digest, None) is None:
            return False
        self.coming.discard(batch.first, batch.last)
        if batch.last > self.baseline:
            self.have.add(max(batch.first, self.baseline + 1), batch.last)
        return True

    def lose(self, low: int, high: int) -> None:
        """What was held turned out to be damaged: it is lacking again."""
        self.have.discard(low, high)

    def settle(self, last: int, digest: bytes) -> None:
        """What ends at `last` has its position on disk."""
        if last > self.placed:
            self.placed, self.placed_digest = last, digest

    def settle_held(self, first: int) -> None:
        """A held batch has its position on disk."""
        if held := self.placing.pop(first, None):
            self.settle(held.last, held.digest)

    def fail(self) -> None:
        """The log lost all that was on its way: back to what is on disk."""
        self.held.update(self.placing)
        self.placing.clear()
        for batch in self.unconfirmed.values():
            self.held.pop(batch.first, None)
        self.unconfirmed.clear()
        self.coming = Intervals()
        self.tail, self.digest = self.placed, self.placed_digest


class Streams:
    """All streams, each with the state version at which it last changed.

    A node gossips what changed since a version; the order of `_versions` is the order of
    change, so that a page costs what changed and not what exists.
    """

    def __init__(self) -> None:
        self._streams: dict[StreamKey, Stream] = {}
        self._versions: dict[StreamKey, int] = {}
        self._counts: dict[bytes, int] = {}
        self.version = 0

    def __iter__(self) -> Iterator[Stream]:
        return iter(self._streams.values())

    def __len__(self) -> int:
        return len(self._streams)

    def get(self, key: StreamKey) -> Stream | None:
        """The stream, if anything of it is known."""
        return self._streams.get(key)

    def add(self, stream: Stream) -> Stream:
        """A stream that begins."""
        self._streams[stream.key] = stream
        self._counts[stream.key.origin] = self.count(stream.key.origin) + 1
        return stream

    def count(self, origin: bytes) -> int:
        """How many streams an origin has."""
        return self._counts.get(origin, 0)

    def changed(self, key: StreamKey) -> None:
        """What is held of the stream changed: a new state version."""
        self.version += 1
        self._versions.pop(key, None)
        self._versions[key] = self.version

    def changes(self, since: int) -> Iterator[tuple[int, Stream]]:
        """(version, stream) of what changed after `since`, oldest change first."""
        keys: list[tuple[int, StreamKey]] = []
        for key, version in reversed(self._versions.items()):
            if version <= since:
                break
            keys.append((version, key))
        for version, key in reversed(keys):
            yield version, self._streams[key]
