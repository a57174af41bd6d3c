"""Client: a local program that publishes, waits for receipts and is woken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from notify_tui.protocol.control import (
    AnyReply,
    AskPeers,
    Await,
    Held,
    Hold,
    Peers,
    PeerView,
    Publish,
    Published,
    Widen,
    Woken,
)
from notify_tui.protocol.event import Content, encode_content
from tests.simulation.judge import Judge

if TYPE_CHECKING:
    from tests.simulation.host import Host

CLIENT = b"client"


@dataclass(slots=True)
class Pending:
    """A question that was not answered yet."""

    question: object
    texts: tuple[str, ...] = ()
    asked: float = 0.0


class Client:
    """Knows what it asked and checks what it is told."""

    def __init__(self, host: "Host", judge: Judge) -> None:
        self._host = host
        self._judge = judge
        self._asks = 0
        self._count = 0
        self.pending: dict[int, Pending] = {}
        self.peers: tuple[PeerView, ...] = ()

    def attach(self) -> None:
        """The node runs: wait for the log to grow."""
        self._wait(0)

    def detach(self) -> None:
        """The node is gone, and what was asked will not be answered."""
        self.pending.clear()

    def _ask(self, question: object, texts: tuple[str, ...] = ()) -> None:
        if self._host.node:
            asked = self._host.scheduler.now
            self.pending[self._asks] = Pending(question, texts, asked)
            self._host.node.feed("on_question", CLIENT, question)

    def _next(self) -> int:
        self._asks += 1
        return self._asks

    def publish(self, topic: str, count: int = 1) -> None:
        """Publish events with texts that nobody else uses."""
        texts = tuple(f"{self._host.name}{self._count + place}" for place in range(count))
        self._count += count
        wall = self._host.now.wall
        contents = [msgspec.Raw(encode_content(Content(wall, text))) for text in texts]
        self._ask(Publish(self._next(), topic, contents), texts)

    def _wait(self, position: int) -> None:
        self._ask(Await(self._next(), position))

    def widen(self, pattern: str) -> None:
        """Have the node keep another pattern."""
        self._ask(Widen(self._next(), (pattern,)))

    def look(self) -> None:
        """Ask who is there; the answer is in `peers`."""
        self.peers = ()
        self._ask(AskPeers(self._next()))

    def answered(self, reply: AnyReply) -> None:
        """An answer came: each question gets one."""
        pending = self.pending.pop(reply.ask, None)
        if pending is None:
            self._judge.fail(f"{self._host.name} answers {reply} to a question nobody asked")
            return
        match reply:
            case Published():
                self._published(reply, pending)
            case Held():
                self._judge.held(self._host, pending.question, reply)
            case Woken():
                self._judge.woken(self._host, reply)
                self._wait(reply.position)
            case Peers():
                self.peers = reply.peers

    def _published(self, reply: Published, pending: Pending) -> None:
        self._judge.acknowledged(self._host, reply, pending.texts)
        if self._host.rng.random() < 0.3:
            last = reply.first + reply.count - 1
            self._ask(Hold(
                self._next(), reply.epoch, reply.topic, last, self._host.rng.randint(1, 3), (),
                self._host.rng.random() < 0.2, 0.5, self._host.rng.uniform(0.5, 8.0),
            ))  # fmt: skip
