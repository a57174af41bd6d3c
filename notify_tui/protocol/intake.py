"""Intake: batches of others, each new, a duplicate, beyond a gap, or not to be believed."""

from enum import Enum, auto

from notify_tui.errors import WireError
from notify_tui.protocol.batch import NO_PREVIOUS, Batch, decode_batch, is_signed, split_contents
from notify_tui.protocol.command import Place, Raise, Remember, Store
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.fork import Forks
from notify_tui.protocol.state import State
from notify_tui.protocol.stream import Stream
from notify_tui.protocol.topic import SYSTEM


class Verdict(Enum):
    """What became of a batch."""

    NEW = auto()
    """It follows what is held: given to the log, in its place."""
    HELD = auto()
    """Given to the log beyond a gap, without a place yet."""
    KNOWN = auto()
    """Held already, or on its way to the disk."""
    LEFT = auto()
    """Too far ahead, or no room just now: it comes by repair."""
    UNWANTED = auto()
    """Outside this node's interest."""
    FORKED = auto()
    """Signed by its origin, but it contradicts what is held: the first is kept."""
    OWN = auto()
    """Signed by this node, under numbers that it holds: the log knows whether it is the same."""
    FOREIGN = auto()
    """Signed by this node, in the running epoch, and not held: the log is not whole."""


class Intake:
    """Judges each batch once; only what is signed, chained and wanted goes to the log."""

    PENDING_BYTES = 32 * 1024 * 1024

    def __init__(self, state: State, forks: Forks) -> None:
        self._state = state
        self._forks = forks
        self._given: dict[bytes, int] = {}
        self._pending = 0
        self.paused_until = 0.0

    def receive(self, frame: bytes, *, repaired: bool) -> tuple[Verdict, Batch]:
        """Judge a frame and give it to the log if it is to be kept.

        Raises:
            WireError: it breaks the format, or its origin did not sign it.
        """
        state = self._state
        batch = decode_batch(frame)
        if batch.header.network != state.me.network or batch.key.topic.startswith(SYSTEM):
            raise WireError("a batch of another network, or in a topic of the system")
        verdict = self._judge_known(batch)
        if verdict is None:
            if not is_signed(batch, state.me.verify):
                raise WireError("a batch that its origin did not sign")
            split_contents(batch)
            verdict = self._judge(batch, repaired=repaired)
        state.count(f"batches {verdict.name.lower()}")
        return verdict, batch

    def _judge_known(self, batch: Batch) -> Verdict | None:
        stream = self._state.streams.get(batch.key)
        if stream is None:
            return None if self._state.wants(batch.key) else Verdict.UNWANTED
        if not stream.knows(batch.first, batch.last):
            return None
        differs = batch.last == stream.tail and stream.digest not in (None, batch.digest)
        mine = batch.key.origin == self._state.me.public
        return None if differs or (mine and batch.last < stream.tail) else Verdict.KNOWN

    def _judge(self, batch: Batch, *, repaired: bool) -> Verdict:
        state, key = self._state, batch.key
        if key.origin == state.me.public:
            stream = state.streams.get(key)
            if stream and stream.knows(batch.first, batch.last):
                return Verdict.OWN
            if key.epoch == state.epoch:
                return Verdict.FOREIGN
        if self._pending > self.PENDING_BYTES or state.now.mono < self.paused_until:
            return Verdict.LEFT
        stream = state.streams.get(key) or self._begin(batch)
        if self._contradicts(stream, batch):
            stream.refused.add(batch.first, batch.last)
            return Verdict.FORKED
        return self._keep(stream, batch, repaired=repaired)

    def _begin(self, batch: Batch) -> Stream:
        state, key, name = self._state, batch.key, batch.header.name
        if state.streams.count(key.origin) >= state.settings.streams_per_origin:
            raise WireError("a stream beyond the number that one origin may have")
        if name and key.origin != state.me.public and key.origin not in state.peers:
            state.emit(Remember(key.origin, name, (), 0, 0))
        return state.streams.add(Stream(key))

    def _contradicts(self, stream: Stream, batch: Batch) -> bool:
        first, last = max(batch.first, stream.baseline + 1), batch.last
        if stream.have.touches(first, last) or stream.coming.touches(first, last):
            return True
        if batch.first != stream.tail + 1:
            return False
        previous = NO_PREVIOUS if batch.first == 1 else stream.digest
        return previous is not None and batch.header.previous != previous

    def _keep(self, stream: Stream, batch: Batch, *, repaired: bool) -> Verdict:
        if batch.last <= stream.tail:
            stream.expect(batch)
            self._store(batch, placed=True, repaired=repaired, late=True)
            return Verdict.NEW
        if batch.first <= stream.tail + 1:
            stream.take(batch)
            self._store(batch, placed=True, repaired=repaired)
            self.place(stream)
            return Verdict.NEW
        if batch.first - stream.tail > self._state.settings.far_behind:
            return Verdict.LEFT
        stream.hold(batch)
        if stream.gap_since is None:
            stream.gap_since = self._state.now.mono
        self._store(batch, placed=False, repaired=repaired)
        return Verdict.HELD

    def _store(self, batch: Batch, *, placed: bool, repaired: bool, late: bool = False) -> None:
        state = self._state
        wall = state.now.wall
        peer = state.peers.get(batch.key.origin)
        local = max(0, batch.header.time - (peer.offset if peer else 0))
        if local > wall + state.settings.clock_step:
            local = wall
        self._given[batch.digest] = len(batch.frame)
        self._pending += len(batch.frame)
        state.emit(Store(batch, placed, repaired, late, wall, local))

    def place(self, stream: Stream) -> None:
        """Give held batches that now follow the tail their place."""
        while held := stream.held.get(stream.tail + 1):
            follows = stream.digest in (None, held.previous)
            stream.place(held)
            self._state.emit(Place(stream.key, held.first))
            if not follows:
                self._forks.differs(stream.key, held.first - 1, held.first - 1)
        if not stream.held:
            stream.gap_since = None

    def give_up(self, stream: Stream) -> int:
        """Go on behind a gap that nobody fills; returns how many events are reported lost."""
        gap = stream.gap()
        if gap is None:
            return 0
        low, high = gap
        held = stream.place(stream.held[high + 1])
        self._state.emit(Place(stream.key, held.first, high - low + 1))
        stream.gap_since = None
        self.place(stream)
        if stream.held:
            stream.gap_since = self._state.now.mono
        return high - low + 1

    def raise_baseline(self, key: StreamKey, baseline: int, digest: bytes | None) -> None:
        """Want nothing of the stream up to `baseline` any more."""
        streams = self._state.streams
        stream = streams.get(key) or streams.add(Stream(key))
        if baseline <= stream.baseline:
            return
        stream.raise_baseline(baseline, digest)
        self._state.emit(Raise(key, baseline))
        self._state.streams.changed(key)
        self.place(stream)

    def settled(self, batch: Batch) -> bool:
        """The log has answered for a batch; whether it was one that came from others."""
        size = self._given.pop(batch.digest, None)
        self._pending -= size or 0
        return size is not None

    def pause(self) -> None:
        """The log failed: leave batches of peers to repair for a while."""
        self.paused_until = self._state.now.mono + self._state.settings.store_pause
