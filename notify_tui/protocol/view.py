"""View: the node's state as local clients see it."""

from typing import Any

from notify_tui.protocol.control import Attached, PeerView
from notify_tui.protocol.event import peer_id
from notify_tui.protocol.peer import Peer
from notify_tui.protocol.state import State


def attached(state: State, ask: int) -> Attached:
    """Who the node is. The network's and process's names are the shell's to fill in."""
    return Attached(ask, peer_id(state.me.public), state.me.name, "", 0, state.position)


def view_peer(state: State, peer: Peer) -> PeerView:
    """A peer as `peers` shows it."""
    lacks = 0
    for stream in state.streams:
        if stream.key.origin == state.me.public and not stream.key.topic.startswith("_"):
            lacking = stream.have.copy()
            lacking.discard(1, peer.floors.get(stream.key, 0))
            for low, high in peer.acked.get(stream.key, ()):
                lacking.discard(low, high)
            lacks += lacking.total()
    offers = 0
    for key, offer in peer.offers.items():
        known = state.streams.get(key)
        offers += (known.lacking(offer) if known else offer).total()
    return PeerView(
        peer.id, peer.name, peer.life.value, peer.address, peer.rtt, lacks, offers,
        peer.release, peer.status, peer.tags, peer.transient, peer.seen or None, peer.faults,
    )  # fmt: skip


def figures(state: State, pulling: int) -> dict[str, Any]:
    """Named figures of the node, for `status`."""
    return {
        "name": state.me.name,
        "id": peer_id(state.me.public),
        "boot": state.boot,
        "epoch": state.epoch,
        "hosts": list(state.hosts),
        "feed_port": state.feed,
        "exchange_port": state.exchange,
        "interest": list(state.interest),
        "uptime_s": round(state.now.mono - state.started.mono, 3),
        "peers": len(state.peers),
        "peers_alive": len(state.alive()),
        "streams": len(state.streams),
        "position": state.position,
        "pulling": pulling,
        "counts": dict(sorted(state.counts.items())),
    }
