"""Host: a machine with a clock, a disk, an identity and at most one running node."""

from collections.abc import Callable
from random import Random
from typing import Any

from notify_tui.protocol.command import (
    Connect,
    Disconnect,
    Halt,
    Interest,
    Job,
    Listen,
    Now,
    Outcome,
    Reply,
    Send,
    Transmit,
    Unlisten,
)
from notify_tui.protocol.event import peer_id
from notify_tui.protocol.node import Me, NodeProtocol
from notify_tui.protocol.settings import Settings
from tests.protocol.signature import key_of, signer, verify
from tests.simulation.client import Client
from tests.simulation.clock import Clock
from tests.simulation.disk import Disk, Image
from tests.simulation.judge import Judge, name_of
from tests.simulation.network import FEED_BACKLOG, Link, Network
from tests.simulation.scheduler import Scheduler

FEED, EXCHANGE = 7791, 7792
NETWORK = bytes(range(16))

Trace = Callable[[str, str, Any], None]
"""(who, what happened, the thing itself), to be printed or thrown away."""


class Host:
    """One machine of the simulated LAN."""

    def __init__(
        self,
        place: int,
        settings: Settings,
        scheduler: Scheduler,
        network: Network,
        rng: Random,
        judge: Judge,
        trace: Trace | None,
    ) -> None:
        self.place = place
        self.name = name_of(place)
        self.public = key_of(self.name)
        self.id = peer_id(self.public)
        self.address = f"10.0.0.{place + 1}"
        self.settings = settings
        self.clock = Clock()
        self.disk = Disk(scheduler, rng, self._inspect)
        self.starts: int | None = None
        self.backup: tuple[Image, int | None] | None = None
        self.node: Node | None = None
        self.client = Client(self, judge)
        self.turn_delay = 0.0
        self.stopped = False
        self.dead = False
        self.firewalled = False
        self.interest = settings.keep
        self.scheduler, self.network, self.rng = scheduler, network, rng
        self.judge, self.trace = judge, trace
        network.addresses[self.address] = place

    def _inspect(self, image: Image, job: Job) -> None:
        self.judge.commits(self, image, job)

    @property
    def now(self) -> Now:
        """What its clocks show."""
        return self.clock.at(self.scheduler.now)

    @property
    def running(self) -> bool:
        """Whether its node runs."""
        return self.node is not None

    def tell(self, what: str, thing: Any = None) -> None:
        """A line of the trace, if somebody reads it."""
        if self.trace:
            self.trace(self.name, what, thing)

    def start(self) -> None:
        """Start the node on what the disk holds."""
        self.tell("starts")
        self.stopped, self.interest = False, self.settings.keep
        Node(self)
        self.client.attach()

    def crash(self) -> None:
        """kill -9, or the power fails."""
        if self.node:
            self.tell("crashes")
            self.node.end()
            self.disk.crash()
            self.client.detach()
            self.judge.crashed(self)

    def stop(self) -> None:
        """End the node in order, with a goodbye."""
        if self.node:
            self.tell("stops")
            self.node.leave()
            self.disk.close()
            self.client.detach()

    def save(self) -> None:
        """Take a backup of the home."""
        self.backup = self.disk.image.copy(), self.starts

    def restore(self, image: Image, starts: int | None) -> None:
        """Put another image in the place of the disk's, while the node is off."""
        self.tell("is restored")
        self.disk.image = image
        self.starts = starts
        self.judge.restored(self)


class Node:
    """A running process: the shell around one `NodeProtocol`, as `node/runtime` is."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.place = host.place
        self.alive = True
        self.prefixes: tuple[bytes, ...] = ()
        self._inbox: list[tuple[str, tuple[Any, ...]]] = []
        self._frames = 0
        self._turning = False
        self._timer = 0
        self._timer_at = float("inf")
        host.node = self
        restored = host.disk.open(self._outcomes)
        me = Me(
            host.public, host.name, "sim", NETWORK, signer(host.public), verify,
            host.rng.randbytes,
        )  # fmt: skip
        self.protocol = NodeProtocol(me, host.settings, restored, host.starts, host.now)
        host.starts = self.protocol.boot
        host.network.listen(self, FEED, EXCHANGE)
        self.protocol.start(host.now, (host.address,), FEED, EXCHANGE)
        self._finish_turn(host.now)

    def end(self) -> None:
        """It is gone, without a word."""
        self.alive = False
        self.host.node = None
        self.host.network.end(self)

    def leave(self) -> None:
        """It says goodbye and ends."""
        now = self.host.now
        self.protocol.stop(now)
        self._execute(self.protocol.drain())
        self.end()

    # What comes in.

    def hear(self, frame: bytes) -> None:
        """A frame of the feed; more than a backlog of them are dropped."""
        if self._frames < FEED_BACKLOG:
            self._frames += 1
            self.feed("on_frame", frame)

    def receive(self, link: Link, frame: bytes) -> None:
        """A message of the exchange."""
        self.feed("on_message", link, frame)

    def _outcomes(self, outcomes: list[Outcome]) -> None:
        self.feed("on_outcomes", outcomes)

    def feed(self, what: str, *arguments: Any) -> None:
        """Give the node an input; a node that is not slow takes its turn at once."""
        if not self.alive:
            return
        self._inbox.append((what, arguments))
        if self._turning:
            return
        if self.host.turn_delay or self.host.stopped:
            self._turning = True
            self.host.scheduler.after(self.host.turn_delay, self.turn)
        else:
            self.turn()

    def turn(self) -> None:
        """Feed, tick, drain, execute."""
        if not self.alive or self.host.stopped:
            self._turning = False
            return
        self._turning = True
        now = self.host.now
        while self._inbox:
            inbox, self._inbox, self._frames = self._inbox, [], 0
            for what, arguments in inbox:
                if self.host.trace:
                    self.host.tell(what, arguments)
                getattr(self.protocol, what)(now, *arguments)
        self._finish_turn(now)
        self._turning = False
        if self._inbox:
            self.feed_later()

    def feed_later(self) -> None:
        """Take another turn as soon as possible."""
        self._turning = True
        self.host.scheduler.after(self.host.turn_delay, self.turn)

    def _finish_turn(self, now: Now) -> None:
        self.protocol.tick(now)
        self._execute(self.protocol.drain())
        self._set_timer(now)

    def _set_timer(self, now: Now) -> None:
        deadline = self.protocol.deadline
        if deadline <= now.mono:
            self.host.judge.spins(self.host, now.mono)
            deadline = now.mono + 0.001
        if deadline == self._timer_at or deadline == float("inf"):
            return
        self._timer_at = deadline
        self._timer += 1
        delay = self.host.clock.until(deadline, self.host.scheduler.now)
        self.host.scheduler.after(max(delay, 0.0) + 1e-6, self._ring, self._timer)

    def _ring(self, timer: int) -> None:
        if timer == self._timer and self.alive:
            self._timer_at = float("inf")
            if not self._turning:
                self.turn()

    # What goes out.

    def _execute(self, commands: list[Any]) -> None:
        jobs: list[Job] = []
        for command in commands:
            if self.host.trace:
                self.host.tell("commands", command)
            carry_out = _CARRY_OUT.get(type(command))
            if carry_out:
                carry_out(self, command)
            else:
                jobs.append(command)
        if jobs:
            self.host.disk.post(jobs)

    def _send(self, command: Send) -> None:
        self.host.judge.sends(self.host, command.frame)
        self.host.network.publish(self, command.frame)

    def _transmit(self, command: Transmit) -> None:
        self.host.judge.transmits(self.host, command.frame)
        self.host.network.transmit(self, command.link, command.frame)

    def _listen(self, command: Listen) -> None:
        self.host.network.subscribe(self, (command.host, command.port))

    def _unlisten(self, command: Unlisten) -> None:
        self.host.network.unsubscribe(self, (command.host, command.port))

    def _connect(self, command: Connect) -> None:
        self.host.network.dial(self, command.link, (command.host, command.port))

    def _disconnect(self, command: Disconnect) -> None:
        self.host.network.hang_up(self, command.link)

    def _reply(self, command: Reply) -> None:
        self.host.client.answered(command.reply)

    def _interest(self, command: Interest) -> None:
        self.prefixes = command.prefixes

    def _halt(self, command: Halt) -> None:
        self.host.judge.halts(self.host, command.reason)


_CARRY_OUT: dict[type, Callable[[Node, Any], None]] = {
    Send: Node._send,
    Transmit: Node._transmit,
    Listen: Node._listen,
    Unlisten: Node._unlisten,
    Connect: Node._connect,
    Disconnect: Node._disconnect,
    Reply: Node._reply,
    Interest: Node._interest,
    Halt: Node._halt,
}
