"""What a node says unasked: that it is ready, and that it ends."""

from typing import Final

from msgspec import Struct

INPROC: Final = "inproc://notify-tui.control"
"""Where clients in the node's own process find its control socket."""
OWNER: Final = b"owner"
"""The routing id of the client for which the node runs, in the same process."""
TO_ALL: Final = 0
"""The number of an answer that nobody asked for: every client is meant."""
STOPPED: Final = "stopped"
"""The error of a `Refused` to all when the node ends cleanly: what it has not answered, it has
not done."""


class Ready(Struct, frozen=True):
    """Its name and id, its network, where it can be reached and on which ports."""

    name: str
    id: str
    network: str
    open: bool
    hosts: tuple[str, ...]
    feed: int
    exchange: int
