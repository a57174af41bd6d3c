"""Receipts: who holds what, said to whom waits for it."""

from collections import Counter

from msgspec import Struct

from notify_tui.protocol.batch import MAX_BYTES
from notify_tui.protocol.command import Now, Reply
from notify_tui.protocol.control import Held, Hold
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.state import State
from notify_tui.protocol.topic import in_interest
from notify_tui.protocol.wire import Confirm, Deliver, Receipt, Receipted


class Waiting(Struct):
    """A client that waits for peers to hold its event. Times are mono seconds."""

    client: bytes
    question: Hold
    key: StreamKey
    until: float
    asked: dict[bytes, tuple[float, bool]]
    """By peer: when it was last asked, and whether the batch went along."""


class Debt(Struct, frozen=True):
    """A receipt that a peer is owed as soon as the log has confirmed."""

    link: Link
    ask: int
    seq: int


class Receipts:
    """Gives receipts for what others sent, collects those for this node's own events."""

    DEBTS = 4096
    DEBTS_A_LINK = 256

    def __init__(self, state: State, publisher: Publisher) -> None:
        self._state = state
        self._publisher = publisher
        self._waiting: list[Waiting] = []
        self._debts: dict[StreamKey, list[Debt]] = {}
        self._owing: Counter[Link] = Counter()
        self._looked: Now | None = None

    @property
    def deadline(self) -> float:
        """When a client has waited long enough, or a peer is to be asked again.

        While a client waits, every input may bring what it waits for.
        """
        if not self._waiting:
            return float("inf")
        if self._looked != self._state.now:
            return self._state.now.mono
        repeat = self._state.settings.repeat_hold
        times = [waiting.until for waiting in self._waiting]
        for waiting in self._waiting:
            times += [asked + repeat for asked, _ in waiting.asked.values()]
            times.append(self._grace(waiting))
        return min((time for time in times if time > self._state.now.mono), default=float("inf"))

    def _grace(self, waiting: Waiting) -> float:
        question = waiting.question
        return self._state.started.mono + question.grace if question.everyone else 0.0

    def hold(self, client: bytes, question: Hold) -> None:
        """A client asks who holds its event."""
        key = self._state.own(question.topic)._replace(epoch=question.epoch)
        until = self._state.now.mono + question.timeout
        self._waiting.append(Waiting(client, question, key, until, {}))

    def tick(self) -> None:
        """Ask peers, answer clients."""
        self._looked = self._state.now
        if not self._waiting:
            return
        self._waiting = [waiting for waiting in self._waiting if not self._answer(waiting)]
        for waiting in self._waiting:
            for peer in self._able(waiting.key):
                if not peer.holds(waiting.key, waiting.question.seq):
                    self._ask(waiting, peer)

    def _able(self, key: StreamKey) -> list[Peer]:
        """Peers that are here and want the topic."""
        return [
            peer
            for peer in self._state.alive()
            if not peer.transient and in_interest(peer.interest, key.topic)
        ]

    def _answer(self, waiting: Waiting) -> bool:
        question, mono = waiting.question, self._state.now.mono
        holding = [
            peer for peer in self._state.peers.values() if peer.holds(waiting.key, question.seq)
        ]
        lacking = [peer for peer in self._able(waiting.key) if peer not in holding]
        absent = {name for name in question.require if not self._has(holding, name)}
        met = len(holding) >= question.count and not absent
        if question.everyone:
            early = [p for p in lacking if p.joined <= self._grace(waiting)]
            met = met and not early and mono >= self._grace(waiting)
        if not met and mono < waiting.until:
            return False
        names = tuple(sorted(peer.name for peer in holding))
        left = tuple(sorted({peer.name for peer in lacking} | absent))
        self._state.emit(Reply(waiting.client, Held(question.ask, met, names, left)))
        return True

    def _has(self, holding: list[Peer], word: str) -> bool:
        """Whether the peer of that id holds it, else all who are here under that name."""
        known = [peer for peer in self._state.peers.values() if peer.id == word]
        if not known:
            named = [peer for peer in self._state.peers.values() if peer.name == word]
            known = [peer for peer in named if peer.alive or peer in holding]
        return bool(known) and all(peer in holding for peer in known)

    def _ask(self, waiting: Waiting, peer: Peer) -> None:
        mono = self._state.now.mono
        when, delivered = waiting.asked.get(peer.public, (-1e9, False))
        if mono - when < self._state.settings.repeat_hold or not peer.links:
            return
        batch = self._publisher.recent(waiting.key, waiting.question.seq)
        fresh = self._state.settings.transient or mono - peer.joined < 2.0
        small = batch is not None and len(batch.frame) <= 2 * MAX_BYTES
        deliver = batch is not None and small and (fresh or (when > 0 and not delivered))
        waiting.asked[peer.public] = mono, deliver
        ask = self._state.next_ask()
        if deliver and batch is not None:
            self._state.transmit(peer.links[0], Deliver(ask, batch.frame))
        elif self._is_durable(waiting):
            key, seq = waiting.key, waiting.question.seq
            self._state.transmit(peer.links[0], Confirm(ask, key.epoch, key.topic, seq))

    def _is_durable(self, waiting: Waiting) -> bool:
        stream = self._state.streams.get(waiting.key)
        return stream is not None and stream.have.covers(waiting.question.seq, waiting.question.seq)

    def receipted(self, peer: Peer, receipt: Receipt) -> None:
        """A peer's receipt for an own event."""
        key = StreamKey(receipt.origin, receipt.epoch, receipt.topic)
        if key.origin == self._state.me.public and self._state.streams.get(key):
            peer.acked.setdefault(key, Intervals()).add(receipt.low, receipt.high)

    def owe(self, key: StreamKey, debt: Debt) -> None:
        """A peer wants a receipt: now if the event is durable here, else when it is."""
        stream = self._state.streams.get(key)
        if stream and stream.have.covers(debt.seq, debt.seq):
            self._pay(key, debt)
        elif self._owing[debt.link] < self.DEBTS_A_LINK and self._owing.total() < self.DEBTS:
            self._owing[debt.link] += 1
            self._debts.setdefault(key, []).append(debt)

    def stored(self, key: StreamKey) -> None:
        """Something of the stream is durable: pay what is owed for it."""
        stream, debts = self._state.streams.get(key), self._debts.get(key)
        if stream is None or debts is None:
            return
        del self._debts[key]
        for debt in debts:
            self._owing[debt.link] -= 1
            self.owe(key, debt)
        self._owing += Counter()

    def _pay(self, key: StreamKey, debt: Debt) -> None:
        state = self._state
        word = Receipt(
            state.boot, state.next_turn(), key.origin, key.epoch, key.topic, debt.seq, debt.seq
        )
        state.transmit(debt.link, Receipted(debt.ask, state.signed(word)))

    def gone(self, client: bytes) -> None:
        """A client detached."""
        self._waiting = [waiting for waiting in self._waiting if waiting.client != client]
