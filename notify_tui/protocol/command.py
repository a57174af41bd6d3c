"""What the protocol asks its shell to do, and what the log says when it has.

The shell feeds inputs, drains these commands, carries them out and decides nothing.
"""

from typing import NamedTuple

from msgspec import Struct

from notify_tui.protocol.batch import Batch
from notify_tui.protocol.control import AnyReply
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals


class Now(NamedTuple):
    """A moment: `mono` seconds that never jump, `wall` ns since 1970 that may."""

    mono: float
    wall: int


class Store(Struct, frozen=True):
    """Commit a batch; `placed` gives it the next position, else it is held beyond a gap."""

    batch: Batch
    placed: bool
    repaired: bool
    late: bool
    received: int
    local_time: int


class Place(Struct, frozen=True):
    """Give a held batch its position; `missing` events before it are reported as lost."""

    key: StreamKey
    first: int
    missing: int = 0


class Raise(Struct, frozen=True):
    """Up to and including this sequence nothing of the stream is wanted any more."""

    key: StreamKey
    baseline: int


class Remember(Struct, frozen=True):
    """Keep where a peer was last met; `seen` is ns since 1970."""

    public: bytes
    name: str
    hosts: tuple[str, ...]
    exchange: int
    seen: int


class Note(Struct, frozen=True):
    """Keep a setting of the node beside its batches, in the same order."""

    name: str
    value: str


class Resume(Struct, frozen=True):
    """The failure has been taken in: stores posted after this one are valid again."""


class Read(Struct, frozen=True):
    """Read batches for a peer; answered by `Found` with the same token."""

    token: int
    key: StreamKey
    wanted: tuple[tuple[int, int], ...]
    budget: int
    not_before: int


class Send(Struct, frozen=True):
    """Publish a frame on the feed."""

    frame: bytes


class Listen(Struct, frozen=True):
    """Subscribe to a peer's feed."""

    host: str
    port: int


class Unlisten(Struct, frozen=True):
    """Drop the connection to a peer's feed."""

    host: str
    port: int


class Connect(Struct, frozen=True):
    """Dial a peer's exchange; the connection is called `link` from now on."""

    link: int
    host: str
    port: int


class Disconnect(Struct, frozen=True):
    """Give a dialled connection up."""

    link: int


class Transmit(Struct, frozen=True):
    """Send a message over a link: a number that was dialled, or the bytes that dialled us."""

    link: int | bytes
    frame: bytes


class Reply(Struct, frozen=True):
    """Answer a local client."""

    client: bytes
    reply: AnyReply


class Interest(Struct, frozen=True):
    """Subscribe the feed to these prefixes and no others."""

    prefixes: tuple[bytes, ...]


class Halt(Struct, frozen=True):
    """Stop this node; the reason is a sentence for its user."""

    reason: str


Job = Store | Place | Raise | Remember | Note | Resume | Read
"""What goes to the log."""
Command = (
    Job | Send | Listen | Unlisten | Connect | Disconnect | Transmit | Reply | Interest | Halt
)  # fmt: skip


class Stored(Struct, frozen=True):
    """Committed. `position` is 0 for a batch that is held beyond a gap."""

    batch: Batch
    position: int


class Placed(Struct, frozen=True):
    """A held batch has its position."""

    key: StreamKey
    first: int
    position: int


class Damaged(Struct, frozen=True):
    """What was stored of a stream here turned out to be damaged: it is lost until it is stored,
    late, once more."""

    key: StreamKey
    low: int
    high: int


class StoreFailed(Struct, frozen=True):
    """Not committed, and neither is anything posted after it until `Resume`."""

    batch: Batch
    reason: str


class Found(Struct, frozen=True):
    """What the log has of a `Read`, in sequence.

    `below` is the proof of the last batch that was left out as too old, or b"".
    """

    token: int
    batches: tuple[bytes, ...]
    below: bytes


Outcome = Stored | Placed | Damaged | StoreFailed | Found
"""What comes back from the log."""


class RestoredStream(NamedTuple):
    """A stream as the log holds it.

    `placed` is the last sequence that has a position or was given up, `digest` the header
    hash of the batch that ends there (zeros for none), `time` that batch's time; `lost` are
    the intervals at or below `placed` that were reported missing; `held` are the batches
    beyond it, by first sequence.
    """

    key: StreamKey
    baseline: int
    placed: int
    digest: bytes
    time: int
    lost: Intervals
    held: tuple[Batch, ...]


class Restored(NamedTuple):
    """What a log gives back to a node that starts."""

    streams: tuple[RestoredStream, ...] = ()
    peers: tuple[Remember, ...] = ()
    settings: dict[str, str] = {}  # noqa: RUF012 (read only)
    position: int = 0
