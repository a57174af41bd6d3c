"""What a local client and its node say to each other over the control socket.

One msgpack frame a message; every question is numbered and gets one answer, at once unless
its docstring says when. So a client is owed at most as much as it has asked for.
"""

from typing import Any

import msgspec
from msgspec import Struct

from notify_tui.errors import WireError

VERSION = 1
MAX_PUBLISH = 256
"""Contents in one `Publish` at the most."""
WINDOW = 32
"""Unanswered `Publish`es that a client may have."""


class Question(Struct, frozen=True, array_like=True, tag_field="t"):
    """From a client; `ask` numbers it."""

    ask: int


class Attach(Question, frozen=True, tag=1):
    """The first question; `label` says who asks, for `status`."""

    version: int
    label: str


class Publish(Question, frozen=True, tag=2):
    """Encoded `Content`s for one topic; answered by `Published` when all are durable."""

    topic: str
    contents: list[msgspec.Raw]


class Await(Question, frozen=True, tag=3):
    """Answered by `Woken` once the log has a position above this one."""

    position: int


class Hold(Question, frozen=True, tag=4):
    """Who holds my event? Answered by `Held` when `count` peers and all of `require` do.

    With `everyone`, when all do that said hello within `grace` seconds of the node's start;
    in any case after `timeout` seconds.
    """

    epoch: int
    topic: str
    seq: int
    count: int
    require: tuple[str, ...]
    everyone: bool
    grace: float
    timeout: float


class Widen(Question, frozen=True, tag=5):
    """Keep these patterns, too."""

    patterns: tuple[str, ...]


class AskPeers(Question, frozen=True, tag=6):
    """Whom do you know? Answered by `Peers`."""


class AskStatus(Question, frozen=True, tag=7):
    """How are you? Answered by `Status`."""


class Detach(Question, frozen=True, tag=8):
    """I am done. Answered by `Done`."""


class Move(Question, frozen=True, tag=9):
    """Go to another network of the home. The shell's to answer, by `Done` when it goes."""

    network: str


class Answer(Struct, frozen=True, array_like=True, tag_field="t"):
    """To a client; `ask` is its question's number."""

    ask: int


class Attached(Answer, frozen=True, tag=1):
    """Who the node is. `position` is the log's newest."""

    peer: str
    name: str
    network: str
    pid: int
    position: int


class Published(Answer, frozen=True, tag=2):
    """Durable: `count` events of the node's stream from `first` on. (A publish whose contents
    fell into several batches is still numbered without holes.)"""

    origin: bytes
    epoch: int
    topic: str
    first: int
    count: int


class Refused(Answer, frozen=True, tag=3):
    """No, with a sentence; `error` names a class in `errors`."""

    error: str
    reason: str


class Woken(Answer, frozen=True, tag=4):
    """The log's newest position."""

    position: int


class Held(Answer, frozen=True, tag=5):
    """Names of the peers that hold the event durably, and of those alive that do not yet."""

    met: bool
    delivered: tuple[str, ...]
    waiting: tuple[str, ...]


class PeerView(Struct, frozen=True):
    """A peer as `peers` shows it; times are seconds, `seen` is ns since 1970."""

    id: str
    name: str
    state: str
    address: str | None
    rtt: float | None
    lacks: int
    """Events of this node's streams that the peer does not hold."""
    offers: int
    """Events that the peer holds and this node lacks."""
    version: str | None
    status: str
    tags: dict[str, str]
    transient: bool
    seen: int | None
    faults: int
    """Messages that broke the protocol."""


class Peers(Answer, frozen=True, tag=6):
    """Everybody the node knows."""

    peers: tuple[PeerView, ...]


class Status(Answer, frozen=True, tag=7):
    """Named figures; `status` shows them as they come."""

    figures: dict[str, Any]


class Done(Answer, frozen=True, tag=8):
    """Done."""


class Moved(Answer, frozen=True, tag=9):
    """Unasked: the node goes to another network; its owner is told before, all others after."""

    network: str


AnyQuestion = Attach | Publish | Await | Hold | Widen | AskPeers | AskStatus | Detach | Move
AnyReply = Attached | Published | Refused | Woken | Held | Peers | Status | Done | Moved

_encoder = msgspec.msgpack.Encoder()
_questions = msgspec.msgpack.Decoder(AnyQuestion)
_replies = msgspec.msgpack.Decoder(AnyReply)


def encode_control(message: AnyQuestion | AnyReply) -> bytes:
    """The frame of a question or an answer."""
    return _encoder.encode(message)


def decode_question(frame: bytes) -> AnyQuestion:
    """A client's question.

    Raises:
        WireError: it cannot be read.
    """
    question: AnyQuestion = _decoded(_questions, frame)
    return question


def decode_reply(frame: bytes) -> AnyReply:
    """A node's answer.

    Raises:
        WireError: it cannot be read.
    """
    reply: AnyReply = _decoded(_replies, frame)
    return reply


def _decoded(decoder: "msgspec.msgpack.Decoder[Any]", frame: bytes) -> Any:
    try:
        return decoder.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"a control message that cannot be read: {error}") from None
