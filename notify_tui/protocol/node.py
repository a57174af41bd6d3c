"""NodeProtocol: inputs in, commands out. It never blocks, and reads no clock.

The shell feeds what came (`on_…`), calls `tick` when `deadline` has come, drains the commands
and carries them out in order.
"""

from collections.abc import Sequence

from notify_tui.errors import WireError
from notify_tui.protocol.clients import Clients
from notify_tui.protocol.command import (
    Command,
    Damaged,
    Note,
    Now,
    Outcome,
    Placed,
    Raise,
    Remember,
    Restored,
    Resume,
    Stored,
    StoreFailed,
)
from notify_tui.protocol.control import AnyQuestion
from notify_tui.protocol.dialling import Dialling
from notify_tui.protocol.event import peer_id
from notify_tui.protocol.exchange import Exchange
from notify_tui.protocol.fork import Forks
from notify_tui.protocol.gossip import Gossip
from notify_tui.protocol.greeting import Greeting
from notify_tui.protocol.intake import Intake
from notify_tui.protocol.news import News
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.presence import Presence
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.reads import Reads
from notify_tui.protocol.receipts import Receipts
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.settings import Settings
from notify_tui.protocol.state import Me, State
from notify_tui.protocol.stream import Stream

__all__ = ["Me", "NodeProtocol", "Settings"]


class NodeProtocol:
    """One node of one network."""

    def __init__(
        self, me: Me, settings: Settings, restored: Restored, starts: int | None, now: Now
    ) -> None:
        """`starts` is the counter in the file beside the log; None if there is no file."""
        state = self._state = State(me, settings, now)
        self._greeting = Greeting(state)
        self._dialling = Dialling(state, self._greeting)
        self._publisher = Publisher(state)
        self._repair = Repair(state)
        self._news = News(state, self._publisher)
        self._reads = Reads(state)
        self._forks = Forks(state, self._publisher, self._reads, self._news)
        self._intake = Intake(state, self._forks)
        self._gossip = Gossip(state, self._repair, self._forks)
        self._receipts = Receipts(state, self._publisher)
        self._clients = Clients(state, self._publisher, self._receipts, self._repair, self._gossip)
        self._presence = Presence(
            state, self._greeting, self._dialling, self._gossip, self._repair, self._news
        )
        self._exchange = Exchange(
            state, self._greeting, self._presence, self._publisher, self._intake, self._repair,
            self._gossip, self._receipts, self._forks, self._reads,
        )  # fmt: skip
        self._judged = now.mono
        self._restore(restored, starts)

    @property
    def boot(self) -> int:
        """Orders this node's starts, even if all that counted them is lost."""
        return self._state.boot

    @property
    def epoch(self) -> int:
        """The epoch in which own events are published now."""
        return self._state.epoch

    @property
    def position(self) -> int:
        """The newest position of the log."""
        return self._state.position

    def _restore(self, restored: Restored, starts: int | None) -> None:
        state = self._state
        for row in restored.streams:
            state.streams.changed(state.streams.add(Stream.restored(row)).key)
        state.position = restored.position
        counted = int(restored.settings.get("boot", "0"))
        state.boot = max(counted + 1, (starts or 0) + 1, state.now.wall // 1_000_000_000)
        state.emit(Note("boot", str(state.boot)))
        state.epoch = int(restored.settings.get("epoch", "0"))
        if not state.epoch or starts != counted:
            self._publisher.begin_epoch()
        self._forks.restore(restored.settings)
        for peer in restored.peers[: state.settings.candidates // 2]:
            if peer.public == state.me.public or not peer.hosts:
                continue
            state.peers[peer.public] = Peer(peer.public, peer.name, peer.seen)
            self._dialling.found(peer_id(peer.public), peer.hosts, peer.exchange)

    def start(self, now: Now, hosts: tuple[str, ...], feed: int, exchange: int) -> None:
        """The sockets are bound at these addresses and ports."""
        state = self._state
        state.now = now
        state.hosts, state.feed, state.exchange = hosts, feed, exchange
        state.emit(Remember(state.me.public, state.me.name, hosts, exchange, now.wall))
        for host, port in state.settings.connect:
            self._dialling.found(None, (host,), port)
        self._clients.subscribe()
        for stream in list(state.streams):
            self._intake.place(stream)
            if stream.held:
                stream.gap_since = now.mono

    def stop(self, now: Now) -> None:
        """The node ends: say goodbye."""
        self._state.now = now
        self._publisher.flush()
        self._presence.leave()

    def drain(self) -> list[Command]:
        """What the shell is to do, in this order."""
        self._publisher.flush()
        out, self._state.out = self._state.out, []
        return out

    @property
    def deadline(self) -> float:
        """The mono time at which `tick` is to be called at the latest."""
        return min(
            self._presence.deadline,
            self._dialling.deadline,
            self._greeting.deadline,
            self._repair.deadline,
            self._receipts.deadline,
        )

    def tick(self, now: Now) -> None:
        """Let time pass: at the end of each turn, and when `deadline` has come.

        Feed what came before it, so that nobody is thought silent who is not.
        """
        self._state.now = now
        self._presence.tick()
        self._dialling.tick()
        self._greeting.tick()
        self._repair.tick()
        self._receipts.tick()
        if now.mono - self._judged >= self._state.settings.beat / 2:
            self._judged = now.mono
            self._judge_streams()

    def _judge_streams(self) -> None:
        """Place what waits; report gaps that nobody alive has offered to fill for a while."""
        state = self._state
        for stream in list(state.streams):
            if not stream.held:
                continue
            self._intake.place(stream)
            gap = stream.gap()
            if gap is None or stream.gap_since is None:
                continue
            if self._repair.is_offered(stream, gap):
                stream.gap_since = state.now.mono
            elif state.now.mono - stream.gap_since >= state.settings.gap_patience:
                self._give_up(stream, gap)

    def _give_up(self, stream: Stream, gap: tuple[int, int]) -> None:
        floors = (peer.floors.get(stream.key, 0) for peer in self._state.alive())
        if stream.tail == stream.baseline and max(floors, default=0) >= gap[1]:
            self._intake.raise_baseline(stream.key, gap[1], None)
            return
        lost = self._intake.give_up(stream)
        self._news.report("gap", f"{lost} events of {stream.key.topic} are lost")

    # What comes from the network.

    def on_found(self, now: Now, peer: str | None, hosts: tuple[str, ...], port: int) -> None:
        """A hint that a peer may be at one of these hosts; None where its id is not known."""
        self._state.now = now
        self._dialling.found(peer, hosts, port)

    def on_hosts(self, now: Now, hosts: tuple[str, ...]) -> None:
        """This machine's addresses changed."""
        self._state.now = now
        self._state.hosts = hosts

    def on_frame(self, now: Now, frame: bytes) -> None:
        """A frame came over a peer's feed."""
        self._state.now = now
        try:
            self._exchange.fed(frame)
        except WireError:
            self._state.count("faults on the feed")

    def on_message(self, now: Now, link: Link, frame: bytes) -> None:
        """A message came over the exchange."""
        self._state.now = now
        self._exchange.heard(link, frame)

    # What comes from the log.

    def on_outcomes(self, now: Now, outcomes: Sequence[Outcome]) -> None:
        """What the log did."""
        self._state.now = now
        for outcome in outcomes:
            match outcome:
                case Stored():
                    self._stored(outcome)
                case Placed():
                    self._placed(outcome)
                case Damaged():
                    self._damaged(outcome)
                case StoreFailed():
                    self._failed(outcome)
                case _:
                    self._reads.found(outcome)

    def _stored(self, outcome: Stored) -> None:
        batch = outcome.batch
        received = self._intake.settled(batch)
        stream = self._state.streams.get(batch.key)
        if stream is None or not stream.confirm(batch):
            return
        self._state.streams.changed(batch.key)
        if outcome.position:
            stream.settle(batch.last, batch.digest)
            self._clients.grown(outcome.position)
        if not received:
            self._publisher.stored(batch)
        self._receipts.stored(batch.key)
        self._repair.stored(batch.key)

    def _placed(self, outcome: Placed) -> None:
        if stream := self._state.streams.get(outcome.key):
            stream.settle_held(outcome.first)
        self._clients.grown(outcome.position)

    def _damaged(self, outcome: Damaged) -> None:
        """What the log had is lost: it is claimed no more, and peers are asked who holds it."""
        key, low, high = outcome.key, outcome.low, outcome.high
        stream = self._state.streams.get(key)
        if stream is None:
            return
        stream.lose(low, high)
        self._state.streams.changed(key)
        if key == self._state.own(key.topic):
            # An own batch that comes back unknown tells of a copied log; this one tells nothing.
            stream.refused.add(low, high)
        else:
            self._gossip.ask_again()

    def _failed(self, outcome: StoreFailed) -> None:
        """The log failed: all that was posted since is lost, not only this batch.

        So one `Resume` answers one failure, and what comes back later of the same one is known.
        """
        batch = outcome.batch
        self._intake.settled(batch)
        stream = self._state.streams.get(batch.key)
        if stream is None or batch.digest not in stream.unconfirmed:
            return
        lost = [stream for stream in self._state.streams if stream.unconfirmed or stream.placing]
        for stream in lost:
            stream.fail()
            stream.gap_since = self._state.now.mono if stream.held else None
        self._state.emit(Resume())
        self._note_again()
        self._intake.pause()
        for stream in lost:
            self._publisher.failed(stream.key, outcome.reason)

    def _note_again(self) -> None:
        """Before anything else is stored: what the log dropped without a word."""
        state = self._state
        state.emit(Note("boot", str(state.boot)))
        state.emit(Note("epoch", str(state.epoch)))
        for stream in state.streams:
            if stream.baseline:
                state.emit(Raise(stream.key, stream.baseline))

    # What comes from local clients.

    def on_question(self, now: Now, client: bytes, question: AnyQuestion) -> None:
        """A local client asks."""
        self._state.now = now
        self._clients.asked(client, question)

    def on_gone(self, now: Now, client: bytes) -> None:
        """A local client is gone."""
        self._state.now = now
        self._clients.gone(client)
