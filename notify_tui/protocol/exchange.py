"""Exchange: what peers say over connections, and what is taken from any channel."""

from collections import Counter

from notify_tui.errors import WireError
from notify_tui.protocol.batch import Batch, decode_batch, is_signed
from notify_tui.protocol.command import Found
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.fork import Forks
from notify_tui.protocol.gossip import Gossip
from notify_tui.protocol.greeting import Greeting, Introduction
from notify_tui.protocol.intake import Intake, Verdict
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.presence import Presence
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.reads import Reads
from notify_tui.protocol.receipts import Debt, Receipts
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.state import State
from notify_tui.protocol.wire import (
    BEAT_PREFIX,
    AskChanges,
    AskFeed,
    Changes,
    Confirm,
    Deliver,
    Fed,
    Greet,
    Introduce,
    Pull,
    Pulled,
    Receipt,
    Receipted,
    Stranger,
    Welcome,
    decode_beat,
    decode_message,
    open_word,
)

AnySpeech = AskChanges | Changes | Pull | Pulled | Deliver | Confirm | Receipted | AskFeed | Fed
"""What is said once both ends know each other."""
FEED_INTERVALS = 4
"""For so long a feed goes over a connection after it was asked for."""


class Exchange:
    """Hands each message to the part that it is for."""

    def __init__(
        self,
        state: State,
        greeting: Greeting,
        presence: Presence,
        publisher: Publisher,
        intake: Intake,
        repair: Repair,
        gossip: Gossip,
        receipts: Receipts,
        forks: Forks,
        reads: Reads,
    ) -> None:
        self._state = state
        self._greeting = greeting
        self._presence = presence
        self._publisher = publisher
        self._intake = intake
        self._repair = repair
        self._gossip = gossip
        self._receipts = receipts
        self._forks = forks
        self._reads = reads
        self._supplying: Counter[Link] = Counter()

    def heard(self, link: Link, frame: bytes) -> None:
        """A message came over a connection; what breaks the protocol is counted."""
        author = self._greeting.author(link)
        peer = self._state.peers.get(author) if author else None
        try:
            message = decode_message(frame)
            if isinstance(message, Greet | Welcome | Introduce | Stranger):
                self._handshake(link, message)
            elif peer is None:
                self._state.transmit(link, Stranger(message.ask))
            else:
                self._presence.heard(peer)
                self._answer(peer, link, message)
        except WireError:
            self._state.count("faults on the exchange")
            if peer:
                peer.faults += 1

    def _handshake(self, link: Link, message: Greet | Welcome | Introduce | Stranger) -> None:
        introduction: Introduction | None = None
        match message:
            case Greet():
                self._greeting.greeted(link, message)
            case Welcome():
                introduction = self._greeting.welcomed(link, message)
            case Introduce():
                introduction = self._greeting.introduced(link, message)
            case _:
                self._greeting.estranged(link)
        if introduction:
            self._introduce(introduction)

    def _introduce(self, introduction: Introduction) -> None:
        try:
            peer = self._presence.introduced(introduction)
        except WireError:
            self._greeting.hang_up(introduction.link)
            raise
        if peer:
            self._forks.met(introduction.author)

    def _answer(self, peer: Peer, link: Link, message: AnySpeech) -> None:
        match message:
            case AskChanges():
                self._gossip.answer(link, message)
            case Changes():
                self._gossip.changed(peer, message)
            case Pull():
                self._read(link, message)
            case Pulled():
                self._pulled(peer, message)
            case Deliver():
                self._delivered(link, message)
            case Confirm():
                key = StreamKey(peer.public, message.epoch, message.topic)
                self._receipts.owe(key, Debt(link, message.ask, message.seq))
            case Receipted():
                word = open_word(message.receipt, self._state.me.network, self._state.me.verify)
                if isinstance(word, Receipt) and message.receipt.author == peer.public:
                    self._receipts.receipted(peer, word)
            case AskFeed():
                until = self._state.now.mono + FEED_INTERVALS * self._state.interval()
                self._state.followers[link] = until
            case _:
                self.fed(message.frame)

    def _delivered(self, link: Link, message: Deliver) -> None:
        verdict, batch = self.take(message.batch, repaired=False)
        debt = Debt(link, message.ask, batch.last)
        stream = self._state.streams.get(batch.key)
        if verdict in (Verdict.NEW, Verdict.HELD):
            self._receipts.owe(batch.key, debt)
        elif verdict is Verdict.KNOWN and stream:
            if stream.coming.touches(batch.first, batch.last) or stream.digest == batch.digest:
                self._receipts.owe(batch.key, debt)
            else:
                self._compare(batch, debt)

    def _compare(self, batch: Batch, debt: Debt) -> None:
        """What is held under these numbers may be another batch: only the log can tell."""

        def told(found: Found) -> None:
            if batch.frame in found.batches:
                self._receipts.owe(batch.key, debt)

        self._reads.ask(told, batch.key, ((batch.first, batch.last),))

    def fed(self, frame: bytes) -> None:
        """A frame of a peer's feed.

        Raises:
            WireError: it breaks the protocol.
        """
        if frame.startswith(BEAT_PREFIX):
            self._presence.beat(decode_beat(frame))
        else:
            self.take(frame, repaired=False)

    def take(self, frame: bytes, *, repaired: bool) -> tuple[Verdict, Batch]:
        """Take a batch in, and see to what it shows.

        Raises:
            WireError: it breaks the format, or its origin did not sign it.
        """
        verdict, batch = self._intake.receive(frame, repaired=repaired)
        if verdict is Verdict.FOREIGN:
            self._forks.mend(batch.key, batch.first)
            verdict, batch = self._intake.receive(frame, repaired=repaired)
        match verdict:
            case Verdict.OWN:
                self._forks.compare(batch)
            case Verdict.HELD:
                self._repair.hole(batch.key, batch.first)
            case Verdict.LEFT:
                self._repair.hole(batch.key, batch.last + 1)
            case Verdict.FORKED:
                self._forks.contradicted(batch)
        return verdict, batch

    def _read(self, link: Link, pull: Pull) -> None:
        key = StreamKey(pull.origin, pull.epoch, pull.topic)
        wanted = tuple(zip(pull.wanted[::2], pull.wanted[1::2], strict=True))
        budget = min(max(pull.budget, 0), self._state.settings.pull_budget)
        if self._supplying[link] < self._state.settings.reads_per_link:
            self._supplying[link] += 1
            self._reads.ask(
                lambda found: self._supply(link, pull.ask, found),
                key, wanted, not_before=pull.not_before, budget=budget,
            )  # fmt: skip

    def _supply(self, link: Link, ask: int, found: Found) -> None:
        self._supplying[link] -= 1
        if not self._supplying[link]:
            del self._supplying[link]
        self._state.transmit(link, Pulled(ask, found.batches, found.below))

    def _pulled(self, peer: Peer, answer: Pulled) -> None:
        key = self._repair.answered(peer, answer)
        try:
            last, left = self._pulled_batches(key, answer)
        except WireError:
            if key:
                self._repair.took(peer, key, 0)
            raise
        if key and left and not last:
            self._repair.postpone(key)
        elif key:
            self._repair.took(peer, key, last)

    def _pulled_batches(self, key: StreamKey | None, answer: Pulled) -> tuple[int, bool]:
        """The last sequence that the answer brought, and whether some of it was left."""
        last, left = 0, False
        for frame in answer.batches:
            verdict, batch = self.take(frame, repaired=True)
            left = left or verdict is Verdict.LEFT
            if batch.key == key and verdict in (Verdict.NEW, Verdict.HELD, Verdict.KNOWN):
                last = max(last, batch.last)
        if key and answer.below and (oldest := self._repair.oldest(key)):
            last = max(last, self._raise(key, answer.below, oldest))
        return last, left

    def _raise(self, key: StreamKey, proof: bytes, oldest: int) -> int:
        """Where what is too old for this node ends, proved by the origin."""
        batch = decode_batch(proof, whole=False)
        if batch.key != key or not is_signed(batch, self._state.me.verify):
            raise WireError("a proof of another stream, or one that its origin did not sign")
        if batch.header.time >= oldest:
            return 0
        self._intake.raise_baseline(key, batch.last, batch.digest)
        return batch.last
