"""Repair: who offers what this node lacks, and the pulls that fetch it.

A claim is believed as far as one try: what a pull does not bring is struck from the offer.
The origin is asked first, then any holder in turn; the next pull of a stream goes out when
the log has taken the last one, so asking is the flow control.
"""

from msgspec import Struct

from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.peer import Peer
from notify_tui.protocol.state import State
from notify_tui.protocol.stream import Stream
from notify_tui.protocol.wire import MAX_INTERVALS, Claim, Pull, Pulled


class Want(Struct):
    """A stream that lacks something on offer. Times are mono seconds."""

    due: float
    backoff: float
    ask: int = 0
    peer: bytes = b""
    asked: Intervals | None = None
    until: float = 0.0
    turn: int = 0
    last: int = 0
    """The last sequence that a pull brought: it is stored before the next pull."""


class Repair:
    """Keeps one `Want` for each stream that lacks something somebody alive offers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._wants: dict[StreamKey, Want] = {}

    @property
    def deadline(self) -> float:
        """When the next pull is due, or one has waited long enough."""
        times = (want.until if want.asked else want.due for want in self._wants.values())
        return min(times, default=float("inf"))

    @property
    def pulling(self) -> int:
        """How many pulls are unanswered."""
        return sum(1 for want in self._wants.values() if want.asked)

    def claim(self, peer: Peer, claim: Claim) -> None:
        """A peer says what it holds of a stream of anybody."""
        key = StreamKey(claim.origin or peer.public, claim.epoch, claim.topic)
        held = Intervals(zip(claim.held[::2], claim.held[1::2], strict=True))
        if claim.baseline:
            peer.floors[key] = claim.baseline
        if key.origin == self._state.me.public:
            acked = peer.acked.setdefault(key, Intervals())
            for low, high in held:
                acked.add(low, high)
        wanted = self._state.wants(key)
        full = len(peer.offers) >= 16 * self._state.settings.streams_per_origin
        if not wanted or (full and key not in peer.offers):
            return
        stream = self._state.streams.get(key)
        if lacking := stream.undurable(held) if stream else held:
            peer.offers[key] = lacking
            direct = key.origin == peer.public
            self.want(key, 0.0 if direct else self._state.interval())
        else:
            peer.offers.pop(key, None)

    def hole(self, key: StreamKey, first: int) -> None:
        """A batch came that lies beyond a gap: its origin has what is before it."""
        origin = self._state.peers.get(key.origin)
        if origin and origin.alive:
            origin.offers.setdefault(key, Intervals()).add(1, first - 1)
        self.want(key, self._state.settings.hole_patience)

    def want(self, key: StreamKey, delay: float = 0.0) -> None:
        """See to the stream, at the latest after `delay` seconds."""
        due = self._state.now.mono + delay
        want = self._wants.get(key)
        if want is None:
            self._wants[key] = Want(due, self._state.settings.pull_backoff[0])
        elif not want.asked:
            want.due = min(want.due, due)

    def meet(self, peer: Peer) -> None:
        """A peer is there again: what it offered before still counts."""
        for key in peer.offers:
            self.want(key)

    def forget(self, peer: Peer) -> None:
        """A peer is no longer there: what it was asked for is asked of others."""
        for key, want in self._wants.items():
            if want.asked and want.peer == peer.public:
                want.asked = None
                self.want(key)

    def tick(self) -> None:
        """Give late pulls up, send due ones."""
        mono = self._state.now.mono
        for key, want in list(self._wants.items()):
            if want.asked and want.until <= mono:
                self._fail(want)
            if not want.asked and want.due <= mono:
                self._pull(key, want)

    def _pull(self, key: StreamKey, want: Want) -> None:
        settings = self._state.settings
        stream = self._state.streams.get(key)
        if stream and stream.coming.covers(want.last, want.last):
            want.due = self._state.now.mono + settings.pull_patience
            return
        holders = self._holders(key, stream)
        if not holders and stream and stream.coming:
            want.due = self._state.now.mono + settings.pull_patience
            return
        if not holders:
            del self._wants[key]
            return
        if self.pulling >= settings.pulls:
            want.due = self._state.now.mono + settings.hole_patience
            return
        peer, lacking = self._choose(key, holders, want.turn)
        want.turn += 1
        self._ask(key, stream, want, peer, lacking)

    def _holders(self, key: StreamKey, stream: Stream | None) -> list[tuple[Peer, Intervals]]:
        holders = []
        for peer in self._state.peers.values():
            offer = peer.offers.get(key)
            if offer is None:
                continue
            if stream and not stream.undurable(offer):
                del peer.offers[key]
                continue
            lacking = stream.lacking(offer) if stream else offer
            if lacking and peer.alive and peer.links:
                holders.append((peer, lacking))
        return holders

    def _choose(
        self, key: StreamKey, holders: list[tuple[Peer, Intervals]], turn: int
    ) -> tuple[Peer, Intervals]:
        """Of those that reach lowest, the origin every second time, else the others in turn."""
        low = min(next(iter(lacking))[0] for _, lacking in holders)
        able = [holder for holder in holders if next(iter(holder[1]))[0] == low]
        others = [holder for holder in able if holder[0].public != key.origin]
        origin = [holder for holder in able if holder[0].public == key.origin]
        if origin and (turn % 2 == 0 or not others):
            return origin[0]
        spread = (turn // 2 if origin else turn) + int.from_bytes(self._state.me.public[:2], "big")
        return others[spread % len(others)]

    def _ask(
        self, key: StreamKey, stream: Stream | None, want: Want, peer: Peer, lacking: Intervals
    ) -> None:
        state, settings = self._state, self._state.settings
        pairs = list(lacking)[:MAX_INTERVALS]
        want.ask, want.peer = state.next_ask(), peer.public
        want.asked = Intervals(pairs)
        want.until = state.now.mono + settings.pull_patience
        fresh = stream is None or not stream.tail
        oldest = max(0, state.now.wall - settings.history) if fresh and settings.history else 0
        flat = tuple(number for pair in pairs for number in pair)
        state.transmit(peer.links[0], Pull(
            want.ask, key.origin, key.epoch, key.topic, flat, settings.pull_budget, oldest,
        ))  # fmt: skip
        state.count("pulls")

    def answered(self, peer: Peer, answer: Pulled) -> StreamKey | None:
        """The stream that the answer belongs to, or None if nobody waits for it."""
        for key, want in self._wants.items():
            if want.asked and want.ask == answer.ask and want.peer == peer.public:
                return key
        return None

    def postpone(self, key: StreamKey) -> None:
        """The answer came at a time when nothing could be taken in: ask again."""
        self._fail(self._wants[key])

    def took(self, peer: Peer, key: StreamKey, last: int) -> None:
        """The answer was taken in up to `last`; a useless one (0) strikes the offer."""
        want = self._wants[key]
        if not last:
            self._strike(peer, key, want)
            self._fail(want)
            return
        want.asked = None
        want.last = last
        want.backoff = self._state.settings.pull_backoff[0]
        want.due = self._state.now.mono

    def stored(self, key: StreamKey) -> None:
        """The log took something of the stream in: ask for the rest now, if it waits."""
        want = self._wants.get(key)
        stream = self._state.streams.get(key)
        if want is None or stream is None or want.asked or not want.last:
            return
        if not stream.coming.covers(want.last, want.last):
            want.due = min(want.due, self._state.now.mono)

    def _strike(self, peer: Peer, key: StreamKey, want: Want) -> None:
        offer = peer.offers.get(key)
        for low, high in want.asked or ():
            if offer:
                offer.discard(low, high)
        if not offer:
            peer.offers.pop(key, None)

    def _fail(self, want: Want) -> None:
        want.asked = None
        want.due = self._state.now.mono + want.backoff
        want.backoff = min(want.backoff * 2, self._state.settings.pull_backoff[1])
