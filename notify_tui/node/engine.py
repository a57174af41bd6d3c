"""Engine: the node's thread. Poll, drain the sockets, feed, tick, drain the commands, execute.

It decides nothing and never touches a disk; other threads hand it what to do by its inbox.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final, cast

import zmq
from msgspec.structs import replace

from notify_tui.errors import ForkedError, NotifyError
from notify_tui.log.writer import Log
from notify_tui.node.control import Control
from notify_tui.node.discovery import Candidate, Finding, Hosts
from notify_tui.node.gate import Gate
from notify_tui.node.mailbox import Mailbox
from notify_tui.node.moving import Moving
from notify_tui.node.poll import Poll
from notify_tui.node.ready import STOPPED, TO_ALL
from notify_tui.node.transport import EVERYWHERE, Ports, Transport
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
from notify_tui.protocol.control import (
    AnyQuestion,
    Attached,
    Hold,
    Move,
    Publish,
    Refused,
    Status,
)
from notify_tui.protocol.node import NodeProtocol
from notify_tui.security.network import CurveKeys, Network

Letter = list[Outcome] | Finding | Callable[[], None]
"""What other threads put in the inbox: the log's outcomes, findings, or a function to call."""

LONGEST_SLEEP = 60.0
"""Seconds."""


class Engine:
    """One node's sockets and protocol; `run` is the node's thread.

    `failure` is why it ended by itself, `busy` the mono time at which a client last published.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        inbox: Mailbox[Letter],
        log: Log,
        protocol: NodeProtocol,
        network: Network,
        keys: CurveKeys,
    ) -> None:
        self.failure: NotifyError | None = None
        self.busy = 0.0
        self.figures: Callable[[], dict[str, Any]] = dict
        self._protocol: Final = protocol
        self._log = log
        self._network = network
        self._inbox = inbox
        self._now = moment()
        self._deadline = 0.0
        self._ending = False
        self._everywhere = True
        self._poll = Poll()
        self._poll.add_plain(inbox, self._open_letters)
        self._gate = Gate(context, keys.client_public)
        self._poll.add(self._gate.socket, self._gate.answer)
        self._control = Control(context, self._poll, self._question, self._gone)
        self.moving = Moving(network.name, self._control.clients, self._control.reply)
        self._transport = Transport(
            context, self._poll, keys, self._frame, self._message, self._gate.deny
        )
        self._execute: dict[type[Any], Callable[[Any], None]] = {
            Send: lambda send: self._transport.publish(send.frame),
            Transmit: lambda said: self._transport.transmit(said.link, said.frame),
            Connect: lambda dial: self._transport.connect(dial.link, dial.host, dial.port),
            Disconnect: lambda dial: self._transport.disconnect(dial.link),
            Listen: lambda feed: self._transport.listen(feed.host, feed.port),
            Unlisten: lambda feed: self._transport.unlisten(feed.host, feed.port),
            Interest: lambda interest: self._transport.interest(interest.prefixes),
            Reply: self._reply,
            Halt: self._halt,
        }

    def bind(
        self, control: str, hosts: tuple[str, ...], port: int | None, *, everywhere: bool
    ) -> Ports:
        """Listen: for peers on all addresses or on these alone, for clients at a path.

        Raises:
            NodeError: the port is taken, no pair is free, or the path cannot be used.
        """
        self._everywhere = everywhere
        ports = self._transport.bind(EVERYWHERE if everywhere else hosts, port)
        self._control.bind(control)
        self._protocol.start(moment(), hosts, *ports)
        return ports

    def run(self) -> None:
        """Live until a letter says `end` or the protocol says `Halt`."""
        self._carry_out()
        while not self._ending:
            self._turn()

    def end(self) -> None:
        """Leave `run` after this turn; as a letter."""
        self._ending = True

    def leave(self) -> None:
        """The clean end: what was asked is done and answered, the goodbye goes out last."""
        self._now = moment()
        self._control.take_all()
        self._carry_out()
        self._log.close()
        self._open_letters()
        self._carry_out(log=False)
        self._protocol.stop(self._now)
        self._carry_out(log=False)

    def close(self) -> None:
        """Tell the clients why, and close all sockets."""
        if self.failure:
            word = Refused(TO_ALL, type(self.failure).__name__, str(self.failure))
            self._control.close(word)
        else:
            stopped = Refused(TO_ALL, STOPPED, "the node has been stopped")
            self._control.close(self.moving.word or stopped)
        self._transport.close()
        self._gate.close()
        self._poll.close()

    @property
    def alone(self) -> threading.Event:
        """Set while no client is attached; for any thread."""
        return self._control.alone

    def probe(self) -> None:
        """Find out which clients are gone without a word; as a letter."""
        self._control.probe()

    def _turn(self) -> None:
        # Sockets are drained before timers are judged: nobody is thought silent who is not.
        ready = self._poll.wait(min(max(0.0, self._deadline - time.monotonic()), LONGEST_SLEEP))
        self._now = moment()
        for source in ready:
            self._poll.drain(source)
        if self._now.mono >= self._deadline:
            self._protocol.tick(self._now)
        self._carry_out()
        self._deadline = self._protocol.deadline

    def _carry_out(self, *, log: bool = True) -> None:
        jobs: list[Job] = []
        for command in self._protocol.drain():
            if execute := self._execute.get(type(command)):
                execute(command)
            else:
                jobs.append(cast("Job", command))
        if jobs and log:
            self._log.post(jobs)

    def _open_letters(self) -> None:
        for letter in self._inbox.take():
            match letter:
                case list():
                    self._protocol.on_outcomes(self._now, letter)
                case Candidate(peer, hosts, port):
                    self._protocol.on_found(self._now, peer, hosts, port)
                case Hosts(places):
                    if not self._everywhere:
                        self._transport.rebind(places.hosts)
                    self._protocol.on_hosts(self._now, places.hosts)
                case function:
                    function()

    def _frame(self, frame: bytes) -> None:
        self._protocol.on_frame(self._now, frame)

    def _message(self, link: int | bytes, frame: bytes) -> None:
        self._protocol.on_message(self._now, link, frame)

    def _question(self, client: bytes, question: AnyQuestion) -> None:
        if isinstance(question, Publish | Hold):
            self.busy = self._now.mono
        if isinstance(question, Move):
            self.moving.ask(client, question)
            return
        self._protocol.on_question(self._now, client, question)

    def _gone(self, client: bytes) -> None:
        self._protocol.on_gone(self._now, client)

    def _reply(self, command: Reply) -> None:
        reply = command.reply
        if isinstance(reply, Attached):
            reply = replace(reply, network=self._network.name, pid=os.getpid())
        elif isinstance(reply, Status):
            reply = replace(reply, figures={**reply.figures, **self._figures()})
        self._control.reply(command.client, reply)

    def _figures(self) -> dict[str, Any]:
        return {
            "network": self._network.name,
            "open": self._network.open,
            "pid": os.getpid(),
            "clients": sorted(self._control.clients.values()),
            **self.figures(),
        }

    def _halt(self, halt: Halt) -> None:
        self.failure = ForkedError(halt.reason)
        self._ending = True


def moment() -> Now:
    """This moment."""
    return Now(time.monotonic(), time.time_ns())
