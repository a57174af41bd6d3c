"""Peer: another node, as far as this one knows it."""

from notify_tui.protocol.event import StreamKey, peer_id
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.membership import Life

Link = int | bytes
"""A connection: the number of one that was dialled, or the routing id of who dialled us."""


class Peer:
    """What is known of one identity. Times are mono seconds, `seen` is ns since 1970."""

    __slots__ = (
        "acked", "asking", "asking_since", "boot", "exchange", "failed", "faults", "feed", "floors",
        "heard", "hosts", "id", "interest", "interval", "joined", "life", "links", "listening",
        "name", "offers", "offset", "public", "release", "rtt", "seen", "status", "tags",
        "transient", "turn", "version",
    )  # fmt: skip

    def __init__(self, public: bytes, name: str = "", seen: int = 0) -> None:
        self.public = public
        self.id = peer_id(public)
        self.name = name
        self.life = Life.FOUND
        self.boot = -1
        self.turn = -1
        self.hosts: tuple[str, ...] = ()
        self.feed = 0
        self.exchange = 0
        self.release: str | None = None
        self.interest: tuple[str, ...] = (">",)
        self.transient = False
        self.status = ""
        self.tags: dict[str, str] = {}
        self.interval = 1.0
        self.heard = 0.0
        self.joined = 0.0
        self.seen = seen
        self.rtt: float | None = None
        self.offset = 0
        self.faults = 0
        self.links: list[Link] = []
        self.listening: tuple[str, int] | None = None
        self.version = 0
        self.asking: int | None = None
        self.asking_since = 0.0
        self.offers: dict[StreamKey, Intervals] = {}
        self.floors: dict[StreamKey, int] = {}
        self.acked: dict[StreamKey, Intervals] = {}
        self.failed: dict[StreamKey, tuple[int, float]] = {}

    @property
    def alive(self) -> bool:
        """Whether it can be asked and told."""
        return self.life is Life.ALIVE

    @property
    def address(self) -> str | None:
        """Where its feed comes from, or where it says it is."""
        if self.listening:
            return self.listening[0]
        return self.hosts[0] if self.hosts else None

    def begin(self, boot: int) -> None:
        """It started anew: what it said of its state no longer holds."""
        self.boot = boot
        self.turn = -1
        self.version = 0
        self.asking = None
        self.offers.clear()
        self.floors.clear()
        self.acked.clear()
        self.failed.clear()

    def holds(self, key: StreamKey, seq: int) -> bool:
        """Whether it gave a receipt for that event of ours."""
        acked = self.acked.get(key)
        return acked is not None and acked.covers(seq, seq)
