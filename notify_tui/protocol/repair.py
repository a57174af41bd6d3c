"""Repair: who offers what this node lacks, and the pulls that fetch it.

A claim is believed as far as one try: what a pull does not bring is struck from the offer.
The origin is asked first, then any holder in turn; the next pull of a stream goes out when
the log has taken the last one, so asking is the flow control.
"""

from heapq import heappop, heappush

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
    not_before: int = 0
    """What the pull left out as too old, ns since 1970; 0 for nothing."""


class Repair:
    """Keeps one `Want` for each stream that lacks something somebody alive offers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._wants: dict[StreamKey, Want] = {}
        self._asked: dict[StreamKey, Want] = {}
        self._due: list[tuple[float, int, StreamKey]] = []
        self._count = 0

    @property
    def deadline(self) -> float:
        """When the next pull is due, or one has waited long enough."""
        times = [want.until for want in self._asked.values()]
        if self._due and len(self._asked) < self._state.settings.pulls:
            times.append(self._due[0][0])
        return min(times, default=float("inf"))

    @property
    def pulling(self) -> int:
        """How many pulls are unanswered."""
        return len(self._asked)

    def claim(self, peer: Peer, claim: Claim) -> None:
        """A peer says what it holds of a stream of anybody."""
        key = StreamKey(claim.origin or peer.public, claim.epoch, claim.topic)
        held = Intervals(zip(claim.held[::2], claim.held[1::2], strict=True))
        stream = self._state.streams.get(key)
        if key.origin == self._state.me.public:
            self._acknowledge(peer, key, held, stream)
        most = 16 * self._state.settings.streams_per_origin
        if claim.baseline and (len(peer.floors) < most or key in peer.floors):
            peer.floors[key] = claim.baseline
        full = len(peer.offers) >= most and key not in peer.offers
        if full or not self._state.wants(key):
            return
        if lacking := stream.undurable(held) if stream else held:
            peer.offers[key] = lacking
            direct = key.origin == peer.public
            self.want(key, 0.0 if direct else self._state.interval())
        else:
            peer.offers.pop(key, None)

    def _acknowledge(
        self, peer: Peer, key: StreamKey, held: Intervals, stream: Stream | None
    ) -> None:
        """What a peer holds of an own stream; in the running epoch no more than there is."""
        if key.epoch == self._state.epoch:
            held = held.both(stream.have) if stream else Intervals()
        elif key not in peer.acked and len(peer.acked) >= self._state.settings.streams_per_origin:
            return
        acked = peer.acked.setdefault(key, Intervals()) if held else Intervals()
        for low, high in held:
            acked.add(low, high)

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
            want = self._wants[key] = Want(due, self._state.settings.pull_backoff[0])
            self._plan(key, want, due)
        elif not want.asked and due < want.due:
            self._plan(key, want, due)

    def _plan(self, key: StreamKey, want: Want, due: float) -> None:
        """Put the want in the queue; what stands there of it already is passed over."""
        want.due = due
        self._count += 1
        heappush(self._due, (due, self._count, key))

    def meet(self, peer: Peer) -> None:
        """A peer is there again: what it offered before still counts."""
        for key in peer.offers:
            self.want(key)

    def forget(self, peer: Peer) -> None:
        """A peer is no longer there: what it was asked for is asked of others."""
        for key, want in list(self._asked.items()):
            if want.peer == peer.public:
                self._release(key, want)
                self._plan(key, want, self._state.now.mono)

    def _release(self, key: StreamKey, want: Want) -> None:
        want.asked = None
        del self._asked[key]

    def tick(self) -> None:
        """Give late pulls up, send due ones."""
        mono = self._state.now.mono
        for key, want in list(self._asked.items()):
            if want.until <= mono:
                self._fail(key, want)
        while self._due and self._due[0][0] <= mono:
            if len(self._asked) >= self._state.settings.pulls:
                return
            due, _, key = heappop(self._due)
            waiting = self._wants.get(key)
            if waiting and not waiting.asked and waiting.due == due:
                self._pull(key, waiting)

    def _pull(self, key: StreamKey, want: Want) -> None:
        settings = self._state.settings
        stream = self._state.streams.get(key)
        later = self._state.now.mono + settings.pull_patience
        if stream and stream.coming.covers(want.last, want.last):
            self._plan(key, want, later)
            return
        holders, rested = self._holders(key, stream)
        if not holders:
            if rested < float("inf"):
                self._plan(key, want, rested)
            elif stream and stream.coming:
                self._plan(key, want, later)
            else:
                del self._wants[key]
            return
        peer, lacking = self._choose(key, holders, want.turn)
        want.turn += 1
        self._ask(key, stream, want, peer, lacking)

    def _holders(
        self, key: StreamKey, stream: Stream | None
    ) -> tuple[list[tuple[Peer, Intervals]], float]:
        """Who can be asked for what, and when the first of those can that failed of late."""
        holders, rested = [], float("inf")
        for peer in self._state.peers.values():
            offer = peer.offers.get(key)
            if offer is None:
                continue
            if stream and not stream.undurable(offer):
                del peer.offers[key]
                continue
            lacking = stream.lacking(offer) if stream else offer
            if not (lacking and peer.alive and peer.links):
                continue
            _, rest = peer.failed.get(key, (0, 0.0))
            if rest <= self._state.now.mono:
                holders.append((peer, lacking))
            else:
                rested = min(rested, rest)
        return holders, rested

    def is_offered(self, stream: Stream, gap: tuple[int, int]) -> bool:
        """Whether somebody alive offers some of a gap, and has not failed to give it."""
        tries = self._state.settings.tries
        for peer in self._state.alive():
            offer = peer.offers.get(stream.key)
            untried = peer.failed.get(stream.key, (0, 0.0))[0] < tries
            if offer is not None and untried and offer.touches(*gap):
                return True
        return False

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
        self._asked[key] = want
        want.until = state.now.mono + settings.pull_patience
        fresh = stream is None or not stream.tail
        oldest = max(0, state.now.wall - settings.history) if fresh and settings.history else 0
        want.not_before = oldest
        flat = tuple(number for pair in pairs for number in pair)
        state.transmit(peer.links[0], Pull(
            want.ask, key.origin, key.epoch, key.topic, flat, settings.pull_budget, oldest,
        ))  # fmt: skip
        state.count("pulls")

    def answered(self, peer: Peer, answer: Pulled) -> StreamKey | None:
        """The stream that the answer belongs to, or None if nobody waits for it."""
        for key, want in self._asked.items():
            if want.ask == answer.ask and want.peer == peer.public:
                return key
        return None

    def oldest(self, key: StreamKey) -> int:
        """What the pull under way leaves out as too old, unless the stream has begun meanwhile."""
        stream = self._state.streams.get(key)
        return 0 if stream and stream.tail else self._wants[key].not_before

    def postpone(self, key: StreamKey) -> None:
        """The answer came at a time when nothing could be taken in: ask again."""
        want = self._wants[key]
        self._release(key, want)
        self._plan(key, want, self._state.now.mono + self._state.settings.store_pause)

    def took(self, peer: Peer, key: StreamKey, last: int) -> None:
        """The answer was taken in up to `last`; a useless one (0) strikes the offer."""
        want = self._wants[key]
        if not last:
            self._strike(peer, key, want)
            self._fail(key, want, useless=True)
            return
        peer.failed.pop(key, None)
        self._release(key, want)
        want.last = last
        want.backoff = self._state.settings.pull_backoff[0]
        self._plan(key, want, self._state.now.mono)

    def stored(self, key: StreamKey) -> None:
        """The log took something of the stream in: ask for the rest now, if it waits."""
        want = self._wants.get(key)
        stream = self._state.streams.get(key)
        if want is None or stream is None or want.asked or not want.last:
            return
        if not stream.coming.covers(want.last, want.last):
            self.want(key)

    def _strike(self, peer: Peer, key: StreamKey, want: Want) -> None:
        offer = peer.offers.get(key)
        for low, high in want.asked or ():
            if offer:
                offer.discard(low, high)
        if not offer:
            peer.offers.pop(key, None)

    def _fail(self, key: StreamKey, want: Want, *, useless: bool = False) -> None:
        """Try again later; who answers without use is left alone longer and longer."""
        mono, settings = self._state.now.mono, self._state.settings
        if peer := self._state.peers.get(want.peer):
            failures = peer.failed.get(key, (0, 0.0))[0] + 1
            rests = useless and failures >= settings.tries
            rest = settings.pull_backoff[0] * 2 ** min(failures, 16)
            peer.failed[key] = failures, mono + min(rest, settings.rest) if rests else mono
        self._release(key, want)
        self._plan(key, want, mono + want.backoff)
        want.backoff = min(want.backoff * 2, self._state.settings.pull_backoff[1])
