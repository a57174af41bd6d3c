"""Exchange: what peers say over connections, and what is taken from any channel."""

from notify_tui.errors import WireError
from notify_tui.protocol.batch import Batch, decode_batch, is_signed, split_contents
from notify_tui.protocol.command import Found, Read
from notify_tui.protocol.event import StreamKey, peer_id
from notify_tui.protocol.gossip import Gossip
from notify_tui.protocol.greeting import Greeting, Introduction
from notify_tui.protocol.intake import Intake, Verdict
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.presence import Presence
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.receipts import Debt, Receipts
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.state import State
from notify_tui.protocol.wire import (
    AnyMessage,
    AskChanges,
    Changes,
    Confirm,
    Deliver,
    Greet,
    Introduce,
    Pull,
    Pulled,
    Receipt,
    Receipted,
    Stranger,
    Welcome,
    decode_message,
    open_word,
)


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
    ) -> None:
        self._state = state
        self._greeting = greeting
        self._presence = presence
        self._publisher = publisher
        self._intake = intake
        self._repair = repair
        self._gossip = gossip
        self._receipts = receipts
        self._reads: dict[int, tuple[Link, int] | StreamKey] = {}

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
            case Stranger():
                self._greeting.estranged(link)
        if introduction:
            self._presence.introduced(introduction)

    def _answer(self, peer: Peer, link: Link, message: AnyMessage) -> None:
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
                verdict, batch = self.take(message.batch, repaired=False)
                if verdict in (Verdict.NEW, Verdict.HELD, Verdict.KNOWN):
                    self._receipts.owe(batch.key, Debt(link, message.ask, batch.last))
            case Confirm():
                key = StreamKey(peer.public, message.epoch, message.topic)
                self._receipts.owe(key, Debt(link, message.ask, message.seq))
            case Receipted():
                word = open_word(message.receipt, self._state.me.network, self._state.me.verify)
                if isinstance(word, Receipt) and message.receipt.author == peer.public:
                    self._receipts.receipted(peer, word)

    def take(self, frame: bytes, *, repaired: bool) -> tuple[Verdict, Batch]:
        """Take a batch in, and see to what it shows.

        Raises:
            WireError: it breaks the format, or its origin did not sign it.
        """
        verdict, batch = self._intake.receive(frame, repaired=repaired)
        if verdict is Verdict.FOREIGN:
            self._begin_epoch(batch)
            verdict, batch = self._intake.receive(frame, repaired=repaired)
        match verdict:
            case Verdict.HELD:
                self._repair.hole(batch.key, batch.first)
            case Verdict.LEFT:
                self._repair.hole(batch.key, batch.last + 1)
            case Verdict.FORKED:
                origin = peer_id(batch.key.origin)
                what = f"{origin} published {batch.key.topic} twice under the same numbers"
                self._presence.report("conflict", f"{what}: the first is kept")
        return verdict, batch

    def _begin_epoch(self, foreign: Batch) -> None:
        """The log turned out not to be whole: what it published since may be contested."""
        published = self._publisher.published(foreign.key)
        self._publisher.begin_epoch()
        if published:
            self._read_log(foreign.key, foreign.key, (published,), 0)
        self._presence.report("conflict", "this log is an old copy: events begin anew")

    def _read(self, link: Link, pull: Pull) -> None:
        key = StreamKey(pull.origin, pull.epoch, pull.topic)
        wanted = tuple(zip(pull.wanted[::2], pull.wanted[1::2], strict=True))
        budget = min(max(pull.budget, 0), self._state.settings.pull_budget)
        self._read_log((link, pull.ask), key, wanted, pull.not_before, budget)

    def _read_log(
        self,
        then: tuple[Link, int] | StreamKey,
        key: StreamKey,
        wanted: tuple[tuple[int, int], ...],
        not_before: int,
        budget: int = 0,
    ) -> None:
        token = self._state.next_ask()
        self._reads[token] = then
        budget = budget or self._state.settings.pull_budget
        self._state.emit(Read(token, key, wanted, budget, not_before))

    def _pulled(self, peer: Peer, answer: Pulled) -> None:
        key = self._repair.answered(peer, answer)
        last = 0
        for frame in answer.batches:
            verdict, batch = self.take(frame, repaired=True)
            if batch.key == key and verdict in (Verdict.NEW, Verdict.HELD, Verdict.KNOWN):
                last = max(last, batch.last)
        if key and answer.below:
            last = max(last, self._raise(key, answer.below))
        if key:
            self._repair.took(peer, key, last)

    def _raise(self, key: StreamKey, proof: bytes) -> int:
        """Where what is too old for this node ends, proved by the origin."""
        batch = decode_batch(proof, whole=False)
        oldest = self._state.now.wall - self._state.settings.history
        if batch.key != key or not is_signed(batch, self._state.me.verify):
            raise WireError("a proof of another stream, or one that its origin did not sign")
        if batch.header.time > oldest + self._state.settings.clock_step:
            return 0
        self._intake.raise_baseline(key, batch.last, batch.digest)
        return batch.last

    def found(self, found: Found) -> None:
        """The log has read what a peer, or this node itself, wanted."""
        then = self._reads.pop(found.token, None)
        if isinstance(then, StreamKey):
            self._publish_again(found)
        elif then is not None:
            link, ask = then
            self._state.transmit(link, Pulled(ask, found.batches, found.below))

    def _publish_again(self, found: Found) -> None:
        for frame in found.batches:
            batch = decode_batch(frame)
            self._publisher.again(batch.key.topic, split_contents(batch))
