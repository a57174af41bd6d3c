"""State: what the parts of a node share, and the outbox they all write to."""

from collections.abc import Callable
from typing import NamedTuple

from notify_tui.protocol.batch import Sign, Verify
from notify_tui.protocol.command import Command, Now, Send, Transmit
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.settings import Settings
from notify_tui.protocol.stream import Streams
from notify_tui.protocol.topic import in_interest
from notify_tui.protocol.wire import AnyMessage, AnyWord, Fed, Signed, encode_message, sign_word

SLOWEST = 8.0
"""So many times the usual interval between heartbeats at the most, however many peers."""


class Me(NamedTuple):
    """This node's identity and its network; `entropy(n)` gives n unguessable bytes."""

    public: bytes
    name: str
    release: str
    network: bytes
    sign: Sign
    verify: Verify
    entropy: Callable[[int], bytes]


class State:
    """One node's state. Inputs set `now`, parts read it and append commands to `out`."""

    def __init__(self, me: Me, settings: Settings, now: Now) -> None:
        self.me = me
        self.settings = settings
        self.now = now
        self.started = now
        self.boot = 0
        self.epoch = 0
        self.position = 0
        self.interest: tuple[str, ...] = settings.keep
        self.hosts: tuple[str, ...] = ()
        self.feed = 0
        self.exchange = 0
        self.streams = Streams()
        self.peers: dict[bytes, Peer] = {}
        self.out: list[Command] = []
        self.counts: dict[str, int] = {}
        self.followers: dict[Link, float] = {}
        """Connections over which the feed goes, too, and until when (mono seconds)."""
        self._turn = 0
        self._ask = 0

    def emit(self, command: Command) -> None:
        """Ask the shell for something."""
        self.out.append(command)

    def transmit(self, link: Link, message: AnyMessage) -> None:
        """Send a message over a link."""
        self.out.append(Transmit(link, encode_message(message)))

    def send(self, frame: bytes) -> None:
        """Put a frame on the feed, and on the connections of those who cannot dial it."""
        self.out.append(Send(frame))
        for link, until in list(self.followers.items()):
            if until < self.now.mono:
                del self.followers[link]
            else:
                self.transmit(link, Fed(0, frame))

    def next_turn(self) -> int:
        """Orders what this boot says."""
        self._turn += 1
        return self._turn

    @property
    def turn(self) -> int:
        """The turn of the last word."""
        return self._turn

    def next_ask(self) -> int:
        """Numbers a question."""
        self._ask += 1
        return self._ask

    def signed(self, word: AnyWord) -> Signed:
        """A word under this node's signature."""
        return sign_word(word, self.me.network, self.me.public, self.me.sign)

    def wants(self, key: StreamKey) -> bool:
        """Whether a stream is in the node's interest; own and direct ones always are."""
        mine = key.origin == self.me.public
        return mine or in_interest(self.interest, key.topic)

    def own(self, topic: str) -> StreamKey:
        """This node's own stream of a topic in the running epoch."""
        return StreamKey(self.me.public, self.epoch, topic)

    def alive(self) -> list[Peer]:
        """The peers that can be asked and told."""
        return [peer for peer in self.peers.values() if peer.alive]

    def count(self, what: str, number: int = 1) -> None:
        """Count what happened, for `status`."""
        self.counts[what] = self.counts.get(what, 0) + number

    def interval(self) -> float:
        """Seconds between this node's heartbeats."""
        settings = self.settings
        return settings.beat * min(max(1.0, len(self.alive()) / settings.beat_peers), SLOWEST)
