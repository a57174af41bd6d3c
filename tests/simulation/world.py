"""World: builds what a storm describes, lets it rage, heal and settle, and asks the judge."""

from random import Random
from typing import Any

from notify_tui.protocol.settings import Settings
from tests.simulation import troubles
from tests.simulation.clock import SECOND
from tests.simulation.host import EXCHANGE, Host, Trace
from tests.simulation.judge import BrokenPromiseError, Judge
from tests.simulation.network import Network
from tests.simulation.promises import unkept
from tests.simulation.scheduler import Action, Scheduler
from tests.simulation.storm import Storm, storm_of

TOPICS = ("a.x", "a.y", "b.x", "b.y.z")
PATIENCE = 90.0
"""Simulated seconds after the storm, in which every promise must come to be kept."""
GLANCE = 1.0
REST = 15.0


class World:
    """One storm."""

    def __init__(self, storm: Storm, trace: Trace | None = None) -> None:
        self.storm = storm
        self.rng = Random(storm.seed)
        self.scheduler = Scheduler()
        self.judge = Judge()
        self.network = Network(self.scheduler, self.rng, storm.weather)
        self.moves = 0
        self.healed = False
        self._trace = trace
        everybody = [self._host(place) for place in range(storm.hosts + storm.newcomers)]
        self.hosts = everybody[: storm.hosts]
        self.newcomers = everybody[storm.hosts :]

    def _host(self, place: int) -> Host:
        storm = self.storm
        keep = ("a.>",) if place in storm.narrow else (">",)
        connect = () if storm.multicast or place == 0 else (("10.0.0.1", EXCHANGE),)
        host = Host(
            place, Settings(keep=keep, connect=connect), self.scheduler, self.network, self.rng,
            self.judge, self._trace,
        )  # fmt: skip
        host.firewalled = place in storm.firewalled
        self.network.firewalled[place] = host.firewalled
        host.clock.skew = int(self.rng.uniform(-storm.skew, storm.skew) * SECOND)
        host.clock.rate = self.rng.uniform(0.999, 1.001)
        return host

    def later(self, delay: float, action: Action, *arguments: Any) -> None:
        """Do something in a while."""
        self.scheduler.after(delay, action, *arguments)

    def pick_running(self) -> Host | None:
        """One of the hosts whose node runs."""
        running = [host for host in self.hosts if host.running]
        return self.rng.choice(running) if running else None

    def topic(self) -> str:
        """Where to publish; now and then directly, to somebody."""
        if self.rng.random() < 0.1:
            return "@" + self.rng.choice(self.hosts).id
        return self.rng.choice(TOPICS)

    def start(self, host: Host) -> None:
        """Start a host's node, if it is not dead or running, and let zeroconf tell of it."""
        if host.dead or host.running:
            return
        host.start()
        self._announce(host)
        for other in self.hosts:
            if other.running:
                self._tell(other, host)

    def announce_all(self, *, surely: bool = False) -> None:
        """Let zeroconf tell of everybody, to whom it reaches."""
        for host in self.hosts:
            if host.running and (surely or self.rng.random() < 0.7):
                self._announce(host, surely=surely)

    def _announce(self, host: Host, *, surely: bool = False) -> None:
        for other in self.hosts:
            self._tell(host, other, surely=surely)

    def _tell(self, found: Host, finder: Host, *, surely: bool = False) -> None:
        reaches = found is not finder and (surely or self.rng.random() < 0.9)
        if self.storm.multicast and reaches:
            self.later(self.rng.uniform(0.0, 0.3), self._find, found, finder)

    def _find(self, found: Host, finder: Host) -> None:
        lost = self.network.is_cut(found.place, finder.place)
        if finder.node and found.running and not lost:
            finder.node.feed("on_found", found.id, (found.address,), EXCHANGE)

    def run(self) -> None:
        """The whole story.

        Raises:
            BrokenPromiseError: a promise was broken, or is not kept in time.
        """
        storm = self.storm
        for host in self.hosts:
            self.later(self.rng.uniform(0, 0.5), self.start, host)
        for when, name in storm.troubles:
            self.later(when, self._befall, name)
        for _ in range(storm.publishes):
            self.later(self.rng.uniform(0.1, storm.seconds), self._publish)
        self.scheduler.run(storm.seconds)
        self._tell_of("heals")
        troubles.end(self)
        self._settle()

    def _tell_of(self, what: str, thing: Any = None) -> None:
        if self._trace:
            self._trace("world", what, thing)

    def _befall(self, name: str) -> None:
        self._tell_of("trouble", name)
        troubles.NAMED[name](self)

    def _publish(self) -> None:
        if host := self.pick_running():
            host.client.publish(self.topic(), self.rng.choice((1, 1, 1, 3)))

    def _settle(self) -> None:
        """Wait until every promise is kept, and a little longer."""
        end = self.scheduler.now + PATIENCE
        broken = ["nobody has looked yet"]
        while broken:
            if self.scheduler.now > end:
                raise BrokenPromiseError("; ".join(broken))
            self.scheduler.run(self.scheduler.now + GLANCE)
            broken = list(unkept(self.hosts, self.judge))
        if self.rng.random() < 0.1:
            self._rest()

    def _rest(self) -> None:
        """Nothing happens any more: promises stay kept, and nobody asks for what all have."""
        self.scheduler.run(self.scheduler.now + REST / 2)
        pulls = self._pulls()
        self.scheduler.run(self.scheduler.now + REST)
        if broken := list(unkept(self.hosts, self.judge)):
            raise BrokenPromiseError("kept, and broken again: " + "; ".join(broken))
        if self._pulls() != pulls:
            raise BrokenPromiseError("somebody keeps asking for what everybody has")

    def _pulls(self) -> int:
        nodes = [host.node for host in self.hosts if host.node]
        return sum(node.protocol._state.counts.get("pulls", 0) for node in nodes)


def run(seed: int, hosts: int | None = None) -> None:
    """Run the storm of a seed.

    Raises:
        AssertionError: with the storm's parameters, and how to see it again.
    """
    storm = storm_of(seed, hosts)
    try:
        World(storm).run()
    except Exception as error:
        again = f"python -m tests.simulation {seed}" + (f" --hosts {hosts}" if hosts else "")
        raise AssertionError(f"{error}\n{storm}\nto see it again: {again}") from error
