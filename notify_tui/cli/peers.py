"""`notify-tui peers`: who is on the network."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from notify_tui.cli.call import Call
from notify_tui.cli.table import make_table, print_table, table_console
from notify_tui.cli.verb import verb
from notify_tui.protocol.control import PeerView
from notify_tui.protocol.event import timestamp

if TYPE_CHECKING:
    from notify_tui.client import Client

LOOK_AROUND = 2.0
"""Seconds that a node which was started for this takes to meet the others."""
BETWEEN = 1.0
GLYPHS = {"alive": "●", "suspect": "◐", "lost": "○", "left": "○", "found": "·"}
HEADER = "_ name state id address >rtt >lacks version tags"


@verb("peers", node=True)
@click.option("--watch", is_flag=True, help="Keep them on screen.")
def command(call: Call, *, watch: bool) -> None:
    """List the peers: state, name, id, address, round trip, what they lack, version, tags.

    With no node running, it joins the network for 2 s.
    """
    with call.client("peers") as client:
        if client.is_node:
            time.sleep(LOOK_AROUND)
        if watch:
            _watch(call, client)
        else:
            _show(call, _sorted(client.peers()))


def _sorted(peers: Sequence[PeerView]) -> list[PeerView]:
    order = list(GLYPHS)
    return sorted(peers, key=lambda peer: (order.index(peer.state), peer.name, peer.id))


def _show(call: Call, peers: list[PeerView]) -> None:
    if call.json:
        call.paper().objects([_as_object(peer) for peer in peers])
        return
    if not peers:
        call.say("(no peer yet; on another machine of the LAN: notify-tui peer)")
    print_table(HEADER, [_row(peer) for peer in peers])


def _watch(call: Call, client: "Client") -> None:
    """Show them anew whenever something changes: in place on a terminal, else one below another."""
    if call.json or not sys.stdout.isatty():
        shown = None
        while True:
            if (peers := _sorted(client.peers())) != shown:
                _show(call, peers)
                sys.stdout.flush()
                shown = peers
            time.sleep(BETWEEN)
    from rich.live import Live

    with Live(console=table_console(), auto_refresh=False) as live:
        while True:
            rows = [_row(peer) for peer in _sorted(client.peers())]
            live.update(make_table(HEADER, rows), refresh=True)
            time.sleep(BETWEEN)


def _row(peer: PeerView) -> tuple[object, ...]:
    status = f" ({peer.status})" if peer.status else ""
    return (
        GLYPHS.get(peer.state, "?"),
        peer.name,
        peer.state + status,
        peer.id,
        peer.address,
        "" if peer.rtt is None else f"{peer.rtt * 1000:.1f} ms",
        f"{peer.lacks:,}" if peer.lacks else "",
        peer.version,
        " ".join(f"{key}={value}" for key, value in sorted(peer.tags.items())),
    )


def _as_object(peer: PeerView) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(peer)
    plain["seen"] = None if peer.seen is None else timestamp(peer.seen)
    return plain
