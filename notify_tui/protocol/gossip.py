"""Gossip: what this node holds, told in heartbeats as changes of a state version.

A heartbeat carries the changes since the one before. Whoever missed one sees that the
versions do not join, and asks for the changes since the version it knows, page by page.
"""

from notify_tui.protocol.fork import Forks
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.state import State
from notify_tui.protocol.stream import Stream
from notify_tui.protocol.topic import SYSTEM
from notify_tui.protocol.wire import (
    MAX_BEAT,
    MAX_INTERVALS,
    MAX_PAGE,
    TIP_BYTES,
    AskChanges,
    Changes,
    Claim,
    Heartbeat,
)

CLAIM_BYTES = 72
"""Of a claim, beside its topic and intervals."""


class Gossip:
    """Says what is held, hears what others hold."""

    def __init__(self, state: State, repair: Repair, forks: Forks) -> None:
        self._state = state
        self._forks = forks
        self._repair = repair
        self._told = 0

    def heartbeat(self) -> Heartbeat:
        """The next heartbeat: presence, and what changed since the one before."""
        state = self._state
        since, self._told = self._told, state.streams.version
        version, claims, more = self.page(since, MAX_BEAT - 1024)
        if more:
            since, version, claims = self._told, self._told, ()
        return Heartbeat(
            state.boot, state.next_turn(), state.interval(), state.me.name,
            state.settings.status, state.settings.tags, since, version, claims,
        )  # fmt: skip

    def page(self, since: int, limit: int) -> tuple[int, tuple[Claim, ...], bool]:
        """(version reached, claims, whether there is more) after a state version."""
        claims: list[Claim] = []
        reached, size = since, 0
        for version, stream in self._state.streams.changes(since):
            claim = self._claim(stream)
            size += CLAIM_BYTES + 4 * len(claim.topic) + 9 * len(claim.held)
            if size > limit:
                return reached, tuple(claims), True
            if not stream.key.topic.startswith(SYSTEM):
                claims.append(claim)
            reached = version
        return max(reached, self._state.streams.version), tuple(claims), False

    def _claim(self, stream: Stream) -> Claim:
        key = stream.key
        origin = b"" if key.origin == self._state.me.public else key.origin
        pairs = list(stream.have)[:MAX_INTERVALS]
        held = tuple(number for pair in pairs for number in pair)
        ends = not origin and stream.have.high == stream.placed
        tip = (stream.placed_digest or b"")[:TIP_BYTES] if ends else b""
        return Claim(origin, key.epoch, key.topic, stream.baseline, held, tip)

    def answer(self, link: Link, question: AskChanges) -> None:
        """Tell a peer what changed."""
        version, claims, more = self.page(question.since, MAX_PAGE)
        self._state.transmit(link, Changes(question.ask, version, claims, more))

    def beaten(self, peer: Peer, beat: Heartbeat) -> None:
        """A peer's heartbeat: take its changes, or ask if they do not join what is known."""
        if beat.version <= peer.version:
            return
        if beat.since <= peer.version:
            self._apply(peer, beat.claims)
            peer.version = beat.version
        elif peer.asking is None:
            self.ask(peer)

    def ask(self, peer: Peer) -> None:
        """Ask a peer for what changed since the version that is known of it."""
        if not peer.links:
            return
        peer.asking = self._state.next_ask()
        peer.asking_since = self._state.now.mono
        self._state.transmit(peer.links[0], AskChanges(peer.asking, peer.version))

    def changed(self, peer: Peer, answer: Changes) -> None:
        """A page of a peer's changes."""
        if answer.ask != peer.asking:
            return
        peer.asking = None
        if answer.version <= peer.version:
            return
        self._apply(peer, answer.claims)
        peer.version = answer.version
        if answer.more:
            self.ask(peer)

    def ask_again(self) -> None:
        """Ask all peers for all that they hold, at their next heartbeats: what they said of
        events that this node had was not kept."""
        for peer in self._state.alive():
            peer.version, peer.asking = 0, None

    def tick(self) -> None:
        """Repeat what was not answered."""
        patience = self._state.settings.ask_patience
        for peer in self._state.peers.values():
            if peer.asking is None or not peer.alive:
                continue
            if self._state.now.mono - peer.asking_since >= patience:
                self.ask(peer)

    def _apply(self, peer: Peer, claims: tuple[Claim, ...]) -> None:
        for claim in claims:
            self._forks.claimed(peer, claim)
            self._repair.claim(peer, claim)
