"""Stage: one node, a clock that is told, a log that answers at once, peers played by hand.

A test reads as a transcript: what is given to the node, and the commands that follow.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from notify_tui.protocol.batch import NO_PREVIOUS, Batch, decode_contents, make_batch
from notify_tui.protocol.command import (
    Command,
    Connect,
    Job,
    Now,
    Outcome,
    Read,
    Reply,
    Send,
    Store,
    Transmit,
)
from notify_tui.protocol.control import AnyQuestion, AnyReply
from notify_tui.protocol.event import Content, StreamKey, encode_content, peer_id
from notify_tui.protocol.node import Me, NodeProtocol
from notify_tui.protocol.settings import Settings
from notify_tui.protocol.wire import (
    BEAT_PREFIX,
    AnyMessage,
    AnyWord,
    Claim,
    Goodbye,
    Greet,
    Heartbeat,
    Hello,
    Introduce,
    Known,
    Signed,
    Welcome,
    decode_beat,
    decode_message,
    encode_beat,
    encode_message,
    open_word,
    sign_word,
)
from tests.protocol.signature import key_of, signer, verify
from tests.simulation.disk import Image

NETWORK = bytes(range(16))
MORNING = 1_700_000_000_000_000_000
CLIENT = b"client"
FEED, EXCHANGE = 7791, 7792
ROUTE = b"\0route"
"""The routing id of who dials the node, where a test has only one."""

Kind = TypeVar("Kind")


def only(commands: Iterable[Any], kind: type[Kind]) -> list[Kind]:
    """The commands of a kind."""
    return [command for command in commands if isinstance(command, kind)]


def messages(commands: Iterable[Command], link: int | bytes | None = None) -> list[AnyMessage]:
    """What goes out on the exchange, decoded; on one link or on all."""
    return [
        decode_message(command.frame)
        for command in commands
        if isinstance(command, Transmit) and link in (None, command.link)
    ]


def replies(commands: Iterable[Command]) -> list[AnyReply]:
    """What local clients are answered."""
    return [command.reply for command in only(commands, Reply)]


def beats(commands: Iterable[Command]) -> list[AnyWord]:
    """The heartbeats and goodbyes on the feed."""
    frames = [command.frame for command in only(commands, Send)]
    return [
        open_word(decode_beat(frame), NETWORK, verify)
        for frame in frames
        if frame.startswith(BEAT_PREFIX)
    ]


class Puppet:
    """A peer whose words are written by the test."""

    def __init__(self, name: str, boot: int = 1) -> None:
        self.name = name
        self.public = key_of(name)
        self.id = peer_id(self.public)
        self.boot = boot
        self.turn = 0
        self.version = 0
        self.place = "10.0.0.9"
        self._chain: dict[StreamKey, tuple[int, bytes]] = {}

    def said(self, word: AnyWord) -> Signed:
        """The word under the puppet's signature."""
        return sign_word(word, NETWORK, self.public, signer(self.public))

    def _next(self) -> int:
        self.turn += 1
        return self.turn

    def hello(self, challenges: bytes, **fields: Any) -> Signed:
        """A hello that answers both challenges."""
        about: dict[str, Any] = {
            "name": self.name, "release": "1", "hosts": (self.place,), "feed": FEED,
            "exchange": EXCHANGE, "interest": (">",), "transient": False, "wall": MORNING,
            "status": "", "tags": {}, "known": (),
        } | fields  # fmt: skip
        return self.said(Hello(self.boot, self._next(), challenges, **about))

    def knows(self, *others: "Puppet") -> tuple[Known, ...]:
        """Peer exchange: the others, where they are."""
        return tuple(Known(other.public, (other.place,), EXCHANGE) for other in others)

    def heartbeat(self, *claims: Claim, since: int | None = None, **fields: Any) -> bytes:
        """The frame of the next heartbeat; its claims are a new state version."""
        before = self.version if since is None else since
        self.version += bool(claims)
        about: dict[str, Any] = {
            "interval": 1.0,
            "name": self.name,
            "status": "",
            "tags": {},
        } | fields
        word = Heartbeat(
            self.boot, self._next(), about["interval"], about["name"], about["status"],
            about["tags"], before, self.version, claims,
        )  # fmt: skip
        return encode_beat(self.said(word))

    def goodbye(self) -> bytes:
        """The frame of a goodbye."""
        return encode_beat(self.said(Goodbye(self.boot, self._next())))

    def key(self, topic: str, epoch: int = 5) -> StreamKey:
        """One of the puppet's streams."""
        return StreamKey(self.public, epoch, topic)

    def batch(
        self,
        topic: str,
        *texts: str,
        epoch: int = 5,
        time: int = MORNING,
        fork: bool = False,
        name: str = "",
    ) -> Batch:
        """The stream's next batch; with `fork`, another one in the place of the last."""
        key = self.key(topic, epoch)
        first, previous = self._chain.get(key, (1, NO_PREVIOUS))
        if fork:
            first, previous = 1, NO_PREVIOUS
        contents = [encode_content(Content(time, text)) for text in texts or (f"{topic} {first}",)]
        sign = signer(self.public)
        batch = make_batch(NETWORK, key, first, time, previous, contents, sign, name)
        self._chain[key] = batch.last + 1, batch.digest
        return batch

    def claim(self, topic: str, *held: int, epoch: int = 5, baseline: int = 0) -> Claim:
        """What the puppet says that it holds of its own stream."""
        return Claim(b"", epoch, topic, baseline, held)

    def claim_of(self, key: StreamKey, *held: int, baseline: int = 0) -> Claim:
        """What the puppet says that it holds of somebody's stream."""
        return Claim(key.origin, key.epoch, key.topic, baseline, held)


class Stage:
    """The node and its surroundings. `stalled` keeps the log from answering."""

    def __init__(
        self, *, image: Image | None = None, starts: int | None = None, **settings: Any
    ) -> None:
        self.image = image or Image()
        self.public = key_of("node")
        self.mono = 1000.0
        self.stalled = False
        self.jobs: list[Job] = []
        self._entropy = 0
        me = Me(self.public, "node", "1", NETWORK, signer(self.public), verify, self._bytes)
        self.node = NodeProtocol(me, Settings(**settings), self.image.restored(), starts, self.now)
        self.node.start(self.now, ("10.0.0.1",), FEED, EXCHANGE)
        self.started = self._turn()

    def _bytes(self, count: int) -> bytes:
        self._entropy += 1
        return self._entropy.to_bytes(count, "big")

    @property
    def now(self) -> Now:
        """What the node's clocks show."""
        return Now(self.mono, MORNING + int(self.mono * 1e9))

    def give(self, what: str, *arguments: Any) -> list[Command]:
        """Feed the node, and return all that follows at this moment."""
        getattr(self.node, what)(self.now, *arguments)
        return self._turn()

    def hear(self, frame: bytes) -> list[Command]:
        """A frame comes over the feed."""
        return self.give("on_frame", frame)

    def receive(self, message: AnyMessage, link: int | bytes = ROUTE) -> list[Command]:
        """A message comes over the exchange."""
        return self.give("on_message", link, encode_message(message))

    def ask(self, question: AnyQuestion, client: bytes = CLIENT) -> list[Command]:
        """A local client asks."""
        return self.give("on_question", client, question)

    def wait(self, seconds: float) -> list[Command]:
        """Let time pass, from deadline to deadline."""
        end, commands = self.mono + seconds, list[Command]()
        while self.node.deadline <= end:
            self.mono = max(self.node.deadline, self.mono + 1e-6)
            commands += self._turn()
        self.mono = end
        return commands + self._turn()

    def commit(self) -> list[Command]:
        """The log does what it was asked for, and says so."""
        jobs, self.jobs = self.jobs, []
        outcomes: list[Outcome] = []
        for job in jobs:
            outcome = self.image.find(job) if isinstance(job, Read) else self.image.apply(job)
            if outcome:
                outcomes.append(outcome)
        return self.give("on_outcomes", outcomes) if outcomes else []

    def _turn(self) -> list[Command]:
        self.node.tick(self.now)
        commands = self.node.drain()
        self.jobs += [command for command in commands if isinstance(command, Job)]
        if self.jobs and not self.stalled:
            commands += self.commit()
        return commands

    # Scenes that many plays begin with.

    def accept(self, puppet: Puppet, link: bytes = ROUTE, **fields: Any) -> list[Command]:
        """The puppet dials the node and proves who it is; what follows its hello."""
        challenge = link.ljust(16, b"\0")
        welcome = messages(self.receive(Greet(0, 1, challenge), link), link)[0]
        assert isinstance(welcome, Welcome)
        hello = puppet.hello(welcome.challenge + challenge, **fields)
        return self.receive(Introduce(0, hello), link)

    def reach(self, puppet: Puppet, **fields: Any) -> tuple[int, list[Command]]:
        """The node finds the puppet, dials it and is answered: the link, and what follows."""
        dialled = self.give("on_found", puppet.id, (puppet.place,), EXCHANGE)
        return self.answer(puppet, dialled, **fields)

    def answer(
        self, puppet: Puppet, dialled: Sequence[Command], **fields: Any
    ) -> tuple[int, list[Command]]:
        """The puppet answers the greeting that is among the commands."""
        link = only(dialled, Connect)[-1].link
        greet = messages(dialled, link)[0]
        assert isinstance(greet, Greet)
        challenge = puppet.public[:16]
        hello = puppet.hello(greet.challenge + challenge, **fields)
        return link, self.receive(Welcome(0, challenge, hello), link)

    def holds(self, key: StreamKey) -> list[tuple[int, int]]:
        """The intervals of a stream that are on disk."""
        return list(self.image.kept(key).have)

    def peer(self, puppet: Puppet) -> Any:
        """What the node knows of the puppet."""
        return self.node._state.peers[puppet.public]


def stored(commands: Iterable[Command]) -> list[Batch]:
    """The batches that are given to the log."""
    return [command.batch for command in only(commands, Store)]


def told(commands: Iterable[Command]) -> list[str]:
    """What the node tells its user in `_peers`."""
    batches = [batch for batch in stored(commands) if batch.key.topic == "_peers"]
    return [content.text for batch in batches for content in decode_contents(batch)]
