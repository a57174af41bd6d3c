"""Every message between nodes but the batch itself, and its codec.

On the feed a heartbeat or goodbye is one `Signed` frame behind the prefix `\\x01\\0`, which no
topic begins with. On the exchange each message is one frame. Versions and sizes are checked
here, so that inside everything is already valid.
"""

from ipaddress import ip_address

import msgspec
from msgspec import Struct

from notify_tui.errors import TopicError, WireError
from notify_tui.protocol.batch import (
    DIGEST_BYTES,
    MAX_FRAME,
    MAX_NAME,
    SIGNATURE_BYTES,
    Sign,
    Verify,
)
from notify_tui.protocol.topic import SYSTEM, check_pattern, check_topic

VERSION = 1
BEAT_PREFIX = b"\x01\0"
CHALLENGE_BYTES = 16
MAX_BEAT = 32 * 1024
MAX_PAGE = 256 * 1024
MAX_ADDRESSES = 16
MAX_KNOWN = 64
MAX_PATTERNS = 64
MAX_INTERVALS = 64
TIP_BYTES = 8
CONTEXT = b"notify-tui word\0"


class Claim(Struct, frozen=True, array_like=True):
    """What a node holds of a stream: [low, high, low, high, …] above its baseline.

    An empty `origin` is the claiming node itself.
    """

    origin: bytes
    epoch: int
    topic: str
    baseline: int
    held: tuple[int, ...]
    tip: bytes = b""
    """Of an own stream: how the hash of its last header begins."""


class Word(Struct, frozen=True, array_like=True, tag_field="t"):
    """A thing said under signature; (boot, turn) orders what one identity says."""

    boot: int
    turn: int


class Heartbeat(Word, frozen=True, tag=1):
    """I live; here is what changed in what I hold, from state version `since` to `version`."""

    interval: float
    name: str
    status: str
    tags: dict[str, str]
    since: int
    version: int
    claims: tuple[Claim, ...]


class Goodbye(Word, frozen=True, tag=2):
    """I leave."""


class Known(Struct, frozen=True, array_like=True):
    """Peer exchange: somebody I am alive with, and where."""

    public: bytes
    hosts: tuple[str, ...]
    exchange: int


class Hello(Word, frozen=True, tag=3):
    """Who I am, answering both sides' challenges. Ports are the feed's and the exchange's."""

    challenges: bytes
    name: str
    release: str
    hosts: tuple[str, ...]
    feed: int
    exchange: int
    interest: tuple[str, ...]
    transient: bool
    wall: int
    status: str
    tags: dict[str, str]
    known: tuple[Known, ...]


class Receipt(Word, frozen=True, tag=4):
    """I hold low..high of this stream durably."""

    origin: bytes
    epoch: int
    topic: str
    low: int
    high: int


class Signed(Struct, frozen=True, array_like=True):
    """A word's bytes, whose they are, and the proof."""

    author: bytes
    word: bytes
    signature: bytes


class Message(Struct, frozen=True, array_like=True, tag_field="t"):
    """One frame on the exchange. `ask` numbers a question; its answer bears the same number."""

    ask: int


class Greet(Message, frozen=True, tag=1):
    """The first word on a connection."""

    version: int
    challenge: bytes


class Welcome(Message, frozen=True, tag=2):
    """Answers a greeting: my hello, and a challenge for yours."""

    challenge: bytes
    hello: Signed


class Introduce(Message, frozen=True, tag=3):
    """Answers a welcome: my hello."""

    hello: Signed


class Stranger(Message, frozen=True, tag=4):
    """`hello?`: you asked over a connection that I do not know; greet me again."""


class AskChanges(Message, frozen=True, tag=5):
    """What changed in what you hold since that state version of yours?"""

    since: int


class Changes(Message, frozen=True, tag=6):
    """A page of claims, complete up to `version`; more to ask for, or not."""

    version: int
    claims: tuple[Claim, ...]
    more: bool


class Pull(Message, frozen=True, tag=7):
    """Send me these intervals of a stream, at most `budget` bytes, nothing older than that."""

    origin: bytes
    epoch: int
    topic: str
    wanted: tuple[int, ...]
    budget: int
    not_before: int


class Pulled(Message, frozen=True, tag=8):
    """Batches, in sequence. `below` proves where what is too old ends: a batch's proof, or ''."""

    batches: tuple[bytes, ...]
    below: bytes


class Deliver(Message, frozen=True, tag=9):
    """A batch, delivered directly; the answer is a receipt once it is stored."""

    batch: bytes


class Confirm(Message, frozen=True, tag=10):
    """Tell me as soon as you hold this event of mine durably."""

    epoch: int
    topic: str
    seq: int


class Receipted(Message, frozen=True, tag=11):
    """The answer to `Deliver` and `Confirm`."""

    receipt: Signed


class AskFeed(Message, frozen=True, tag=12):
    """I cannot dial you: for a while, send me your feed over this connection, too."""


class Fed(Message, frozen=True, tag=13):
    """A frame of my feed."""

    frame: bytes


AnyWord = Heartbeat | Goodbye | Hello | Receipt
AnyMessage = (
    Greet | Welcome | Introduce | Stranger | AskChanges | Changes
    | Pull | Pulled | Deliver | Confirm | Receipted | AskFeed | Fed
)  # fmt: skip

_encoder = msgspec.msgpack.Encoder()
_words = msgspec.msgpack.Decoder(AnyWord)
_signed = msgspec.msgpack.Decoder(Signed)
_messages = msgspec.msgpack.Decoder(AnyMessage)


def sign_word(word: AnyWord, network: bytes, author: bytes, sign: Sign) -> Signed:
    """Sign a word for one network."""
    encoded = _encoder.encode(word)
    return Signed(author, encoded, sign(CONTEXT + network + encoded))


def open_word(signed: Signed, network: bytes, verify: Verify) -> AnyWord:
    """The word, once its signature holds and its fields keep the limits.

    Raises:
        WireError: it does not.
    """
    if len(signed.author) != 32 or len(signed.signature) != SIGNATURE_BYTES:
        raise WireError("a signed word with a key or signature of a wrong size")
    if not verify(signed.author, CONTEXT + network + signed.word, signed.signature):
        raise WireError("a word whose signature does not hold")
    try:
        word: AnyWord = _words.decode(signed.word)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"a signed word that cannot be read: {error}") from None
    _check_word(word)
    return word


def encode_beat(signed: Signed) -> bytes:
    """The frame of a heartbeat or goodbye on the feed."""
    return BEAT_PREFIX + _encoder.encode(signed)


def decode_beat(frame: bytes) -> Signed:
    """The signed word of a feed frame.

    Raises:
        WireError: it cannot be read.
    """
    if len(frame) > 2 * MAX_BEAT:
        raise WireError(f"a heartbeat of {len(frame)} bytes")
    try:
        return _signed.decode(memoryview(frame)[len(BEAT_PREFIX) :])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"a heartbeat that cannot be read: {error}") from None


def encode_message(message: AnyMessage) -> bytes:
    """The frame of a message on the exchange."""
    return _encoder.encode(message)


def decode_message(frame: bytes) -> AnyMessage:
    """A message of the exchange, its fields within their limits.

    Raises:
        WireError: it cannot be read, or breaks a limit.
    """
    if len(frame) > MAX_FRAME:
        raise WireError(f"a message of {len(frame)} bytes; the limit is {MAX_FRAME}")
    try:
        message: AnyMessage = _messages.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"a message that cannot be read: {error}") from None
    _check_message(message)
    return message


def _check_word(word: AnyWord) -> None:
    if not (0 <= word.boot < 2**62 and 0 <= word.turn < 2**62):
        raise WireError("a word with a boot counter or turn out of range")
    match word:
        case Heartbeat():
            _check_presence(word.name, word.status, word.tags)
            _check_claims(word.claims)
            if not (0.01 <= word.interval <= 3600 and 0 <= word.since <= word.version < 2**62):
                raise WireError("a heartbeat with an interval or state version out of range")
        case Hello():
            _check_hello(word)
        case Receipt():
            _check_stream(word.origin, word.epoch, word.topic)
            if not 1 <= word.low <= word.high < 2**62:
                raise WireError("a receipt for an empty interval")


def _check_presence(name: str, status: str, tags: dict[str, str]) -> None:
    if not 1 <= len(name) <= MAX_NAME or len(status) > MAX_NAME or len(tags) > 16:
        raise WireError("a peer with a name, status or tags beyond the limits")
    if any(len(key) > MAX_NAME or len(value) > MAX_NAME for key, value in tags.items()):
        raise WireError("a peer with tags beyond the limits")


def _check_hello(hello: Hello) -> None:
    _check_presence(hello.name, hello.status, hello.tags)
    if len(hello.challenges) != 2 * CHALLENGE_BYTES or len(hello.release) > MAX_NAME:
        raise WireError("a hello with challenges or a release of a wrong size")
    lists = (hello.hosts, MAX_ADDRESSES), (hello.known, MAX_KNOWN), (hello.interest, MAX_PATTERNS)
    if any(len(items) > limit for items, limit in lists):
        raise WireError("a hello with too many addresses, patterns or peers")
    if not 0 <= hello.wall < 2**63:
        raise WireError("a hello with a clock out of range")
    _check_place(hello.hosts, hello.feed, hello.exchange)
    for known in hello.known:
        if len(known.public) != 32 or len(known.hosts) > MAX_ADDRESSES:
            raise WireError("a hello that names a malformed peer")
        _check_place(known.hosts, known.exchange, known.exchange)
    for pattern in hello.interest:
        try:
            check_pattern(pattern)
        except TopicError as error:
            raise WireError(f"a hello with a bad pattern: {error}") from None


def _check_place(hosts: tuple[str, ...], *ports: int) -> None:
    for host in hosts:
        try:
            ip_address(host if len(host) <= MAX_NAME else "")
        except ValueError:
            raise WireError("an address that is no IP address") from None
    if any(not 1 <= port <= 65535 for port in ports):
        raise WireError("a port out of range")


def _check_message(message: AnyMessage) -> None:
    if not 0 <= message.ask < 2**62:
        raise WireError("a question with a number out of range")
    match message:
        case Greet(version=version) if not 0 <= version < 2**16:
            raise WireError("a greeting with a version out of range")
        case Greet(challenge=challenge) | Welcome(challenge=challenge):
            if len(challenge) != CHALLENGE_BYTES:
                raise WireError("a challenge of a wrong size")
        case AskChanges(since=version) | Changes(version=version):
            if not 0 <= version < 2**62:
                raise WireError("a state version out of range")
            _check_claims(message.claims if isinstance(message, Changes) else ())
        case Pull():
            _check_stream(message.origin, message.epoch, message.topic)
            _check_intervals(message.wanted)
            if not (0 <= message.budget < 2**62 and abs(message.not_before) < 2**63):
                raise WireError("a pull with a budget or time out of range")
        case Confirm():
            _check_stream(bytes(DIGEST_BYTES), message.epoch, message.topic)
            if not 1 <= message.seq < 2**62:
                raise WireError("a confirm for a number out of range")


def _check_claims(claims: tuple[Claim, ...]) -> None:
    for claim in claims:
        _check_stream(claim.origin or bytes(32), claim.epoch, claim.topic)
        _check_intervals(claim.held)
        if not 0 <= claim.baseline < 2**62 or len(claim.tip) not in (0, TIP_BYTES):
            raise WireError("a claim with a baseline or tip out of range")


def _check_stream(origin: bytes, epoch: int, topic: str) -> None:
    if len(origin) != 32 or not 0 <= epoch < 2**62:
        raise WireError("a stream with an origin or epoch out of range")
    try:
        valid = check_topic(topic) == topic and not topic.startswith(SYSTEM)
    except TopicError as error:
        raise WireError(f"a stream with a bad topic: {error}") from None
    if not valid:
        raise WireError("a stream with a topic that is reserved or denormalised")


def _check_intervals(flat: tuple[int, ...]) -> None:
    if len(flat) % 2 or len(flat) > 2 * MAX_INTERVALS:
        raise WireError("a list of intervals of a wrong length")
    edge = 0
    for low, high in zip(flat[::2], flat[1::2], strict=True):
        if not edge < low <= high < 2**62:
            raise WireError("intervals out of order")
        edge = high
