"""Dialling: from a hint that somebody may be there to a connection that proved who it is.

Hints (zeroconf, the log's memory, peer exchange, `--connect`) are bounded and share one
budget of dials; all addresses of a candidate are tried, a little apart, and the winner stays.
"""

from msgspec import Struct

from notify_tui.protocol.command import Connect, Disconnect
from notify_tui.protocol.event import peer_id
from notify_tui.protocol.greeting import Greeting
from notify_tui.protocol.state import State
from notify_tui.protocol.wire import MAX_ADDRESSES

Place = tuple[str, int]
"""An address and the exchange's port there."""


class Candidate(Struct):
    """Somebody who may be there; `id` is None where only an address was given."""

    id: str | None
    places: tuple[Place, ...]
    due: float
    pause: float
    links: dict[int, Place]
    next_place: int = 0
    next_at: float = 0.0
    until: float = 0.0
    public: bytes | None = None
    proved: Place | None = None
    """Where it was met last."""
    failures: int = 0

    @property
    def busy(self) -> bool:
        """Whether it is being dialled or connected."""
        return bool(self.links) or self.next_at > 0


class Dialling:
    """Keeps one dialled connection to every candidate, as far as the budget goes."""

    def __init__(self, state: State, greeting: Greeting) -> None:
        self._state = state
        self._greeting = greeting
        self._candidates: dict[str | Place, Candidate] = {}
        self._links: dict[int, Candidate] = {}
        self._next = 0

    @property
    def deadline(self) -> float:
        """When something is to be dialled or given up."""
        times = [self._when(candidate) for candidate in self._candidates.values()]
        return min(times, default=float("inf"))

    def _when(self, candidate: Candidate) -> float:
        if candidate.public is not None:
            return float("inf")
        if not candidate.busy:
            return candidate.due
        return min(candidate.next_at or candidate.until, candidate.until)

    def found(self, peer: str | None, hosts: tuple[str, ...], port: int) -> None:
        """A hint: who is not connected is tried there, too, at once; the others when they are lost.

        It never touches a connection that proved who it is, nor the address where it did.
        """
        if peer == peer_id(self._state.me.public) or not hosts:
            return
        places = tuple((host, port) for host in hosts[:MAX_ADDRESSES])
        candidate = self._candidates.get(peer or places[0])
        if candidate is None:
            self._add(peer, places)
        else:
            self._refresh(candidate, places)

    def moved(self, public: bytes, hosts: tuple[str, ...], port: int) -> None:
        """A peer says under its signature where it is."""
        candidate = self._candidates.get(peer_id(public))
        if candidate and candidate.proved and candidate.proved[1] != port:
            candidate.proved = None
            self.redial(public)
        self.found(peer_id(public), hosts, port)

    def _add(self, peer: str | None, places: tuple[Place, ...]) -> None:
        state = self._state
        if peer and len(self._candidates) >= state.settings.candidates:
            state.count("candidates refused")
            if not self._evict():
                return
        pause = state.settings.redial[0]
        self._candidates[peer or places[0]] = Candidate(peer, places, state.now.mono, pause, {})

    def _evict(self) -> bool:
        """Make room: whoever never answered goes, the one that was tried most often first."""
        idle = [
            (candidate.failures, key)
            for key, candidate in self._candidates.items()
            if candidate.id and not candidate.proved and not candidate.busy
        ]
        if idle:
            del self._candidates[max(idle, key=lambda row: row[0])[1]]
        return bool(idle)

    def _refresh(self, candidate: Candidate, places: tuple[Place, ...]) -> None:
        first = (candidate.proved,) if candidate.proved else ()
        merged = dict.fromkeys((*first, *places, *candidate.places))
        candidate.places = tuple(merged)[:MAX_ADDRESSES]
        if not candidate.busy and candidate.public is None:
            candidate.pause = self._state.settings.redial[0]
            candidate.due = min(candidate.due, self._state.now.mono)

    def tick(self) -> None:
        """Dial what is due, address by address; give up what did not answer."""
        mono = self._state.now.mono
        for candidate in self._candidates.values():
            if candidate.public is not None:
                continue
            if not candidate.busy and candidate.due <= mono:
                self._start(candidate)
            if candidate.next_at and candidate.next_at <= mono:
                self._dial_next(candidate)
            if candidate.busy and candidate.until <= mono:
                self._give_up(candidate)

    def _start(self, candidate: Candidate) -> None:
        settings = self._state.settings
        mono = self._state.now.mono
        if len(self._links) - self._connected() >= settings.dials:
            candidate.due = mono + settings.dial_spacing
            return
        candidate.next_place = 0
        candidate.next_at = mono
        spread = settings.dial_spacing * (len(candidate.places) - 1)
        candidate.until = mono + spread + settings.dial_patience

    def _connected(self) -> int:
        return sum(1 for candidate in self._candidates.values() if candidate.public)

    def _dial_next(self, candidate: Candidate) -> None:
        place = candidate.places[candidate.next_place]
        candidate.next_place += 1
        more = candidate.next_place < len(candidate.places)
        candidate.next_at = self._state.now.mono + self._state.settings.dial_spacing if more else 0
        self._next += 1
        candidate.links[self._next] = place
        self._links[self._next] = candidate
        self._state.emit(Connect(self._next, *place))
        self._greeting.dial(self._next)

    def _give_up(self, candidate: Candidate) -> None:
        for link in list(candidate.links):
            self.hang_up(link)
        candidate.next_at = 0
        candidate.failures += 1
        candidate.due = self._state.now.mono + candidate.pause
        candidate.pause = min(candidate.pause * 2, self._state.settings.redial[1])

    def answered(self, link: int, author: bytes) -> str | None:
        """Who answers a dialled link: the host, if it is who was meant and the first to answer.

        Otherwise the link is given up.
        """
        candidate = self._links.get(link)
        if candidate is None:
            return None
        if candidate.public == author:
            return candidate.links[link][0]
        meant = candidate.id in (None, peer_id(author))
        if not meant or candidate.public is not None:
            self.reject(link)
            return None
        keep = not self._has(author)
        candidate.public, candidate.next_at = author, 0
        candidate.proved, candidate.failures = candidate.links[link], 0
        candidate.pause = self._state.settings.redial[0]
        for other in [other for other in candidate.links if not keep or other != link]:
            self.hang_up(other)
        return candidate.proved[0] if keep else None

    def reject(self, link: int) -> None:
        """Somebody else answered than was meant, or this node itself."""
        candidate = self._links.get(link)
        self.hang_up(link)
        if candidate and not candidate.busy and candidate.public is None:
            self._give_up(candidate)

    def _has(self, author: bytes) -> bool:
        return any(
            candidate.public == author and candidate.links
            for candidate in self._candidates.values()
        )

    def hang_up(self, link: int) -> None:
        """Give a dialled connection up."""
        candidate = self._links.pop(link, None)
        if candidate is not None:
            candidate.links.pop(link, None)
            self._greeting.hang_up(link)
            self._state.emit(Disconnect(link))

    def redial(self, public: bytes, *, after: float = 0.0) -> None:
        """A peer's connections are to be made anew."""
        for candidate in self._candidates.values():
            if candidate.public == public:
                for link in list(candidate.links):
                    self.hang_up(link)
                candidate.public = None
                candidate.due = self._state.now.mono + after
                candidate.pause = self._state.settings.redial[0]

    def forget(self, public: bytes) -> None:
        """A peer left: it is not dialled until there is a new hint, unless it was asked for."""
        self.redial(public, after=self._state.settings.redial[1])
        self._candidates.pop(peer_id(public), None)
