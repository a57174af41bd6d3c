"""Greeting: both ends of a connection prove over fresh challenges who they are.

    dialler                          accepter
      Greet(a)            ──────▶
                          ◀──────   Welcome(b, hello signed over a+b)
      Introduce(hello signed over b+a) ──────▶

A question over a connection that nobody introduced is answered `Stranger`, and the dialler
greets again: so a restart of either end mends itself.
"""

from collections import OrderedDict

from msgspec import Struct

from notify_tui.errors import WireError
from notify_tui.protocol.peer import Link
from notify_tui.protocol.state import State
from notify_tui.protocol.wire import (
    CHALLENGE_BYTES,
    MAX_ADDRESSES,
    MAX_KNOWN,
    VERSION,
    Greet,
    Hello,
    Introduce,
    Known,
    Signed,
    Stranger,
    Welcome,
    open_word,
)


class Door(Struct):
    """A connection: what was asked over it, and who answered. Times are mono seconds."""

    mine: bytes
    theirs: bytes = b""
    author: bytes | None = None
    greeted: float = 0.0
    again: float = 0.0
    pause: float = 0.0
    renewing: bool = False


class Introduction(Struct, frozen=True):
    """Somebody proved who it is over a link."""

    link: Link
    author: bytes
    hello: Hello
    rtt: float | None


class Greeting:
    """Keeps the handshakes of all connections, bounded."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._dialled: dict[int, Door] = {}
        self._accepted: dict[bytes, Door] = {}
        self._strangers: OrderedDict[bytes, None] = OrderedDict()

    @property
    def deadline(self) -> float:
        """When a greeting is repeated."""
        return min(
            (door.again for door in self._dialled.values() if door.author is None),
            default=float("inf"),
        )

    def author(self, link: Link) -> bytes | None:
        """Who is at the other end, once proved."""
        door = self._door(link)
        return door.author if door else None

    def dial(self, link: int) -> None:
        """A connection is being made: greet until somebody answers."""
        door = self._dialled[link] = Door(self._state.me.entropy(CHALLENGE_BYTES))
        door.pause = self._state.settings.greet_every[0]
        self._greet(link, door)

    def renew(self, link: int) -> None:
        """Greet again over a connection that is known: hellos go stale, other ends forget."""
        door = self._dialled.get(link)
        if door is not None and door.author is not None:
            door.mine, door.renewing = self._state.me.entropy(CHALLENGE_BYTES), True
            self._greet(link, door)

    def hang_up(self, link: Link) -> None:
        """The connection is given up."""
        if isinstance(link, int):
            self._dialled.pop(link, None)
        else:
            self._accepted.pop(link, None)
            self._strangers.pop(link, None)

    def tick(self) -> None:
        """Repeat greetings that nobody answered."""
        for link, door in self._dialled.items():
            if door.author is None and door.again <= self._state.now.mono:
                door.pause = min(door.pause * 2, self._state.settings.greet_every[1])
                self._greet(link, door)

    def _greet(self, link: int, door: Door) -> None:
        door.greeted = self._state.now.mono
        door.again = door.greeted + door.pause
        self._state.transmit(link, Greet(0, VERSION, door.mine))

    def greeted(self, link: Link, message: Greet) -> None:
        """Somebody dialled: say who we are, and ask who it is."""
        if isinstance(link, int):
            return
        if message.version != VERSION:
            raise WireError(f"a peer that speaks protocol {message.version}, not {VERSION}")
        door = self._accepted.get(link)
        if door is None or door.theirs != message.challenge:
            known = door.author if door else None
            door = Door(self._state.me.entropy(CHALLENGE_BYTES), message.challenge, known)
            self._accepted[link] = door
            if known is None:
                self._bound(link)
        hello = self._hello(door.theirs + door.mine)
        self._state.transmit(link, Welcome(0, door.mine, hello))

    def _bound(self, link: bytes) -> None:
        """Strangers make room for strangers, never who has been introduced."""
        self._strangers[link] = None
        self._strangers.move_to_end(link)
        while len(self._strangers) > self._state.settings.strangers:
            oldest, _ = self._strangers.popitem(last=False)
            del self._accepted[oldest]

    def welcomed(self, link: Link, message: Welcome) -> Introduction | None:
        """The dialled end says who it is: prove who we are."""
        door = self._dialled.get(link) if isinstance(link, int) else None
        if door is None or (door.author is not None and not door.renewing):
            return None
        hello = self._open(message.hello, door.mine + message.challenge)
        door.author, door.renewing = message.hello.author, False
        door.theirs = message.challenge
        self._state.transmit(link, Introduce(0, self._hello(door.theirs + door.mine)))
        rtt = self._state.now.mono - door.greeted
        return Introduction(link, door.author, hello, rtt)

    def introduced(self, link: Link, message: Introduce) -> Introduction | None:
        """The dialling end proves who it is."""
        door = self._accepted.get(link) if isinstance(link, bytes) else None
        if door is None or isinstance(link, int):
            self._state.transmit(link, Stranger(0))
            return None
        hello = self._open(message.hello, door.mine + door.theirs)
        door.author = message.hello.author
        self._strangers.pop(link, None)
        return Introduction(link, door.author, hello, None)

    def estranged(self, link: Link) -> None:
        """The dialled end does not know us any more: greet anew."""
        door = self._dialled.get(link) if isinstance(link, int) else None
        if door is not None and isinstance(link, int):
            self.dial(link)

    def is_own(self, hello: Hello) -> bool:
        """Whether a hello under this node's own name is its own echo."""
        mine = {door.mine for door in self._accepted.values()}
        mine |= {door.mine for door in self._dialled.values()}
        first, second = hello.challenges[:CHALLENGE_BYTES], hello.challenges[CHALLENGE_BYTES:]
        return first in mine and second in mine

    def _door(self, link: Link) -> Door | None:
        if isinstance(link, int):
            return self._dialled.get(link)
        return self._accepted.get(link)

    def _open(self, signed: Signed, challenges: bytes) -> Hello:
        word = open_word(signed, self._state.me.network, self._state.me.verify)
        if not isinstance(word, Hello) or word.challenges != challenges:
            raise WireError("a hello that does not answer its challenge")
        return word

    def _hello(self, challenges: bytes) -> Signed:
        state, settings = self._state, self._state.settings
        known = tuple(
            Known(peer.public, peer.hosts[:MAX_ADDRESSES], peer.exchange)
            for peer in state.alive()
            if peer.hosts and not peer.transient
        )
        return state.signed(Hello(
            state.boot, state.next_turn(), challenges, state.me.name, state.me.release,
            state.hosts[:MAX_ADDRESSES], state.feed, state.exchange, state.interest,
            settings.transient, state.now.wall, settings.status, settings.tags, known[:MAX_KNOWN],
        ))  # fmt: skip
