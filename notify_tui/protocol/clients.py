"""Clients: what local programs ask, and who waits for the log to grow."""

from collections import OrderedDict

from notify_tui.errors import TopicError
from notify_tui.protocol.command import Interest, Reply
from notify_tui.protocol.control import (
    VERSION,
    AnyQuestion,
    AskPeers,
    AskStatus,
    Attach,
    Await,
    Done,
    Hold,
    Peers,
    Publish,
    Refused,
    Status,
    Widen,
    Woken,
)
from notify_tui.protocol.gossip import Gossip
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.receipts import Receipts
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.state import State
from notify_tui.protocol.topic import check_pattern, covers, subscription
from notify_tui.protocol.view import attached, figures, view_peer
from notify_tui.protocol.wire import BEAT_PREFIX, MAX_PATTERNS


class Clients:
    """Owes each client as many answers as it has asked questions, and no more."""

    def __init__(
        self,
        state: State,
        publisher: Publisher,
        receipts: Receipts,
        repair: Repair,
        gossip: Gossip,
    ) -> None:
        self._state = state
        self._publisher = publisher
        self._receipts = receipts
        self._repair = repair
        self._gossip = gossip
        self._awaiting: OrderedDict[tuple[bytes, int], int] = OrderedDict()

    def _awaits(self, client: bytes, question: Await) -> None:
        """A client wants to know when the log has a position above the one it knows."""
        if question.position < self._state.position:
            self._state.emit(Reply(client, Woken(question.ask, self._state.position)))
            return
        self._awaiting[client, question.ask] = question.position
        if len(self._awaiting) > self._state.settings.clients:
            (client, ask), _ = self._awaiting.popitem(last=False)
            self._state.emit(Reply(client, Woken(ask, self._state.position)))

    def grown(self, position: int) -> None:
        """The log has a newer position."""
        if position <= self._state.position:
            return
        self._state.position = position
        for (client, ask), known in self._awaiting.items():
            if known < position:
                self._state.emit(Reply(client, Woken(ask, position)))
        self._awaiting = OrderedDict(
            (name, known) for name, known in self._awaiting.items() if known >= position
        )

    def asked(self, client: bytes, question: AnyQuestion) -> None:
        """A local client asks."""
        match question:
            case Attach():
                self._attach(client, question)
            case Publish():
                self._publisher.publish(client, question)
            case Await():
                self._awaits(client, question)
            case Hold():
                self._receipts.hold(client, question)
            case Widen():
                self._widen(client, question)
            case AskPeers():
                peers = tuple(view_peer(self._state, p) for p in self._state.peers.values())
                self._state.emit(Reply(client, Peers(question.ask, peers)))
            case AskStatus():
                status = figures(self._state, self._repair.pulling)
                self._state.emit(Reply(client, Status(question.ask, status)))
            case _:
                self.gone(client)
                self._state.emit(Reply(client, Done(question.ask)))

    def _attach(self, client: bytes, question: Attach) -> None:
        if question.version != VERSION:
            reason = "this command and the running node are of different releases: restart the node"
            self._state.emit(Reply(client, Refused(question.ask, "NodeError", reason)))
            return
        self._state.emit(Reply(client, attached(self._state, question.ask)))

    def gone(self, client: bytes) -> None:
        """A local client is gone."""
        for name in [name for name in self._awaiting if name[0] == client]:
            del self._awaiting[name]
        self._receipts.gone(client)

    def _widen(self, client: bytes, question: Widen) -> None:
        state = self._state
        try:
            new = [check_pattern(pattern) for pattern in question.patterns]
        except TopicError as error:
            state.emit(Reply(client, Refused(question.ask, "TopicError", str(error))))
            return
        interest = state.interest
        for pattern in new:
            if not any(covers(wide, pattern) for wide in interest):
                kept = (wide for wide in interest if not covers(pattern, wide))
                interest = (*kept, pattern)
        if len(interest) > MAX_PATTERNS:
            reason = (
                f"this node keeps {MAX_PATTERNS} patterns already; one like 'builds.>' is wider"
            )
            state.emit(Reply(client, Refused(question.ask, "TopicError", reason)))
            return
        state.emit(Reply(client, Done(question.ask)))
        if interest != state.interest:
            self._keep(interest)

    def _keep(self, interest: tuple[str, ...]) -> None:
        """Want more from now on: what was claimed before is asked for again."""
        self._state.interest = interest
        self.subscribe()
        for peer in self._state.peers.values():
            peer.version = 0
        for peer in self._state.alive():
            self._gossip.ask(peer)

    def subscribe(self) -> None:
        """Let the feed through that is within the interest."""
        prefixes = {subscription(pattern) for pattern in self._state.interest}
        self._state.emit(Interest((BEAT_PREFIX, b"@", *sorted(prefixes))))
