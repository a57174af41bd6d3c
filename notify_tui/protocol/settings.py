"""What a node may be tuned to; the defaults are for a LAN. Times in seconds unless named."""

from msgspec import Struct

DAY = 86_400 * 1_000_000_000


class Settings(Struct, frozen=True):
    """Everything that is a number or a wish, and no secret."""

    keep: tuple[str, ...] = (">",)
    transient: bool = False
    status: str = ""
    tags: dict[str, str] = {}
    connect: tuple[tuple[str, int], ...] = ()

    beat: float = 1.0
    """Between heartbeats; stretched to peers / `beat_peers` seconds in a large mesh."""
    beat_peers: int = 32
    suspect_after: int = 3
    lost_after: int = 10
    """Intervals without a sign of life."""

    greet_every: tuple[float, float] = (0.02, 1.0)
    """A greeting is repeated after the first, doubling up to the second."""
    dial_spacing: float = 0.25
    """Between the addresses of one peer."""
    dial_patience: float = 2.0
    redial: tuple[float, float] = (0.25, 10.0)
    dials: int = 64
    """Connections being dialled at once."""
    candidates: int = 1024
    peers: int = 1024
    """Identities known at once; who is not alive makes room."""
    strangers: int = 512
    """Accepted connections that have not said who they are."""

    pull_budget: int = 512 * 1024
    """Bytes asked for at once."""
    pulls: int = 16
    reads_per_link: int = 4
    """Pulls of one connection that wait for the log; more are dropped, and asked again."""
    tries: int = 3
    """Pulls without use, until what a peer offers no longer keeps a gap open."""
    rest: float = 60.0
    """At most so long a peer is not asked for what it did not give."""
    pull_patience: float = 2.0
    pull_backoff: tuple[float, float] = (0.25, 5.0)
    hole_patience: float = 0.05
    """From a hole to asking for it: a direct delivery may still fill it."""
    far_behind: int = 4096
    """Missing events beyond which live batches are left to the pulls."""
    gap_patience: float = 10.0
    """Without a live peer that offers it, until a gap is reported."""
    history: int = 7 * DAY
    """A newcomer's wish, ns back; 0 is everything."""

    ask_patience: float = 2.0
    repeat_hold: float = 0.5
    """Until an unanswered delivery is repeated."""
    store_pause: float = 1.0
    """After a failed commit, until batches of peers are taken again."""
    clock_step: int = 60_000_000_000
    """A clock that far (ns) behind a stream begins an epoch; that far ahead is not believed."""
    streams_per_origin: int = 4096
    clients: int = 4096
    """Unanswered questions of local clients."""
    recent_bytes: int = 4 * 1024 * 1024
    """Own batches kept at hand for direct delivery."""
