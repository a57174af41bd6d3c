"""Network: the feed and the exchange, over weather that a test would not wish on anybody.

The feed is PUB/SUB: a subscriber gets what matches its prefixes from the moment its
connection is up. The exchange is DEALER/ROUTER: whoever dials goes on with its link when the
other end restarts, under a new routing id that the new process has never seen; what is sent
to an end that is not there vanishes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from msgspec import Struct

from tests.simulation.forger import forged
from tests.simulation.scheduler import Scheduler

FEED_BACKLOG = 64
PATIENCE = 5.0
"""Seconds after which a connection that reaches nobody is given up (TCP_MAXRT)."""

Link = int | bytes
Call = tuple["Process", int, tuple[str, int] | None]
"""What names a connection: its dialler, its link and, for a feed, its address."""


class Weather(Struct, frozen=True):
    """What happens to a frame: probabilities, and seconds of delay."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    replay: float = 0.0
    forge: float = 0.0
    delay: float = 0.001
    jitter: float = 0.001


CALM = Weather()


class Process(Protocol):
    """A running node, as the network sees it."""

    @property
    def place(self) -> int:
        """The number of its host."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""

    @property
    def prefixes(self) -> tuple[bytes, ...]:
        """What its feed subscribes to."""

    def hear(self, frame: bytes) -> None:
        """A frame of the feed."""

    def receive(self, link: Link, frame: bytes) -> None:
        """A message of the exchange."""


@dataclass(slots=True, eq=False)
class Connection:
    """One that a process dialled: to a feed (`link` is 0) or to an exchange."""

    dialler: Process
    link: int
    address: tuple[str, int]
    other: Process | None = None
    route: bytes = b""
    open: bool = True
    last: float = 0.0
    last_back: float = 0.0


class Network:
    """All connections between all hosts."""

    def __init__(self, scheduler: Scheduler, rng: Random, weather: Weather) -> None:
        self.weather = weather
        self.addresses: dict[str, int] = {}
        self.firewalled: dict[int, bool] = {}
        self._scheduler = scheduler
        self._rng = rng
        self._listening: dict[tuple[int, int], Process] = {}
        self._cut: dict[tuple[int, int], bool] = {}
        self._subscribers: dict[int, list[Connection]] = {}
        self._routes: dict[bytes, Connection] = {}
        self._dialled: dict[Call, Connection] = {}
        self._overheard: list[bytes] = []
        self._route = 0

    def listen(self, process: Process, *ports: int) -> None:
        """A process binds its ports: who dials it, gets through from now on."""
        for port in ports:
            self._listening[process.place, port] = process
        self._subscribers[process.place] = []
        self._retry_all()

    def end(self, process: Process) -> None:
        """A process is gone, and its ends of all connections with it."""
        for place, listener in list(self._listening.items()):
            if listener is process:
                del self._listening[place]
        for call, connection in list(self._dialled.items()):
            if process in (connection.dialler, connection.other):
                self._break(connection)
            if connection.dialler is process:
                connection.open = False
                del self._dialled[call]

    def subscribe(self, process: Process, address: tuple[str, int]) -> None:
        """Connect to a feed."""
        self._open((process, 0, address), Connection(process, 0, address))

    def unsubscribe(self, process: Process, address: tuple[str, int]) -> None:
        """Drop the connection to a feed."""
        self._close((process, 0, address))

    def dial(self, process: Process, link: int, address: tuple[str, int]) -> None:
        """Connect to an exchange."""
        self._open((process, link, None), Connection(process, link, address))

    def hang_up(self, process: Process, link: int) -> None:
        """Close a link."""
        self._close((process, link, None))

    def _open(self, call: Call, connection: Connection) -> None:
        self._close(call)
        self._dialled[call] = connection
        self._try(connection)

    def _close(self, call: Call) -> None:
        if connection := self._dialled.pop(call, None):
            connection.open = False
            self._break(connection)

    def _try(self, connection: Connection) -> None:
        """A handshake takes a while; who is not there is tried again when the world changes."""
        if connection.open and connection.other is None:
            delay = 3 * self.weather.delay + self._rng.random() * self.weather.jitter
            self._scheduler.after(delay, self._establish, connection)

    def _establish(self, connection: Connection) -> None:
        host, port = connection.address
        place = self.addresses.get(host, -1)
        listener = self._listening.get((place, port))
        mine = connection.dialler.place
        blocked = self.firewalled.get(place) and place != mine
        if listener is None or blocked or self.is_cut(mine, place) or self.is_cut(place, mine):
            return
        if not connection.open or connection.other is not None:
            return
        connection.other = listener
        if connection.link:
            self._route += 1
            connection.route = self._route.to_bytes(5, "big")
            self._routes[connection.route] = connection
        else:
            self._subscribers[place].append(connection)

    def _break(self, connection: Connection) -> None:
        if connection.other is None:
            return
        if connection.link:
            self._routes.pop(connection.route, None)
        else:
            subscribers = self._subscribers[connection.other.place]
            if connection in subscribers:
                subscribers.remove(connection)
        connection.other = None

    def _retry_all(self) -> None:
        for connection in self._dialled.values():
            if connection.other is None:
                delay = self._rng.uniform(0.02, 0.5)
                self._scheduler.after(delay, self._try, connection)

    def is_cut(self, source: int, target: int) -> bool:
        """Whether nothing gets through in that direction."""
        return self._cut.get((source, target), False)

    def cut(self, source: int, target: int) -> None:
        """Nothing gets through from one host to the other; after a while TCP gives up."""
        self._cut[source, target] = True
        self._scheduler.after(PATIENCE, self._give_up, source, target)

    def _give_up(self, source: int, target: int) -> None:
        if self.is_cut(source, target):
            self.reset(lambda one, other: {one, other} == {source, target})

    def reset(self, between: Callable[[int, int], bool]) -> None:
        """Break the connections between some hosts; they are made anew where that works."""
        for connection in self._dialled.values():
            other = connection.other
            if other and between(connection.dialler.place, other.place):
                self._break(connection)
        self._retry_all()

    def move(self, place: int, address: str) -> None:
        """A host changes its address."""
        for known in [known for known, where in self.addresses.items() if where == place]:
            del self.addresses[known]
        self.addresses[address] = place
        self.reset(lambda one, other: place in (one, other))

    def mend(self, source: int, target: int) -> None:
        """The direction works again."""
        self._cut[source, target] = False
        self._retry_all()

    def heal(self) -> None:
        """Everything gets through, in good weather; firewalls stay."""
        self.weather = CALM
        self._cut.clear()
        self._retry_all()

    def publish(self, process: Process, frame: bytes) -> None:
        """Send a frame to whoever subscribes to it."""
        for connection in self._subscribers[process.place]:
            if frame.startswith(connection.dialler.prefixes):
                self._carry(connection, frame, back=True)

    def transmit(self, process: Process, link: Link, frame: bytes) -> None:
        """Send a message over a link."""
        if isinstance(link, bytes):
            connection = self._routes.get(link)
            if connection and connection.other is process:
                self._carry(connection, frame, back=True)
            return
        dialled = self._dialled.get((process, link, None))
        if dialled and dialled.other is not None:
            self._carry(dialled, frame, back=False)

    def _carry(self, connection: Connection, frame: bytes, *, back: bool) -> None:
        """Put a frame on the way: towards the dialler if `back`, else away from it."""
        weather, random = self.weather, self._rng.random
        other = connection.other
        assert other is not None
        ends = connection.dialler.place, other.place
        source, target = reversed(ends) if back else ends
        if self.is_cut(source, target) or random() < weather.drop:
            return
        if weather.corrupt and not connection.link and random() < weather.corrupt:
            frame = self._corrupt(frame)
        times = 2 if weather.duplicate and random() < weather.duplicate else 1
        for _ in range(times):
            delay = weather.delay + random() * weather.jitter
            if weather.reorder and random() < weather.reorder:
                delay += 5 * weather.jitter
            else:
                delay = self._in_order(connection, delay, back=back)
            self._scheduler.after(delay, self._arrive, connection, other, back, frame)
        if not connection.link:
            self._interfere(connection, frame)

    def _in_order(self, connection: Connection, delay: float, *, back: bool) -> float:
        arrival = self._scheduler.now + delay
        if back:
            arrival = connection.last_back = max(arrival, connection.last_back)
        else:
            arrival = connection.last = max(arrival, connection.last)
        return arrival - self._scheduler.now

    def _corrupt(self, frame: bytes) -> bytes:
        broken = bytearray(frame)
        broken[self._rng.randrange(len(broken))] ^= self._rng.randrange(1, 256)
        return bytes(broken[: self._rng.choice((len(broken), self._rng.randrange(len(broken))))])

    def _interfere(self, connection: Connection, frame: bytes) -> None:
        """Somebody says again what passed on the feeds, to anybody, or alters it."""
        weather, hear = self.weather, connection.dialler.hear
        if weather.replay and self._rng.random() < weather.replay and self._overheard:
            self._scheduler.after(weather.delay, hear, self._rng.choice(self._overheard))
        if weather.replay and len(self._overheard) < 200:
            self._overheard.append(frame)
        forges = weather.forge and self._rng.random() < weather.forge
        if forges and (false := forged(frame, self._rng.randrange(2))):
            self._scheduler.after(weather.delay, hear, false)

    def _arrive(self, connection: Connection, other: Process, back: bool, frame: bytes) -> None:
        if connection.other is not other:
            return
        if not connection.link:
            connection.dialler.hear(frame)
        elif back:
            connection.dialler.receive(connection.link, frame)
        else:
            other.receive(connection.route, frame)
