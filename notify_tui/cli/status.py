"""`notify-tui status`: how the node and its log are."""

import sys
from contextlib import nullcontext
from typing import Any

from notify_tui.cli.call import Call
from notify_tui.cli.ink import ink_for
from notify_tui.cli.line import json_text
from notify_tui.cli.networks import network_here
from notify_tui.cli.verb import verb
from notify_tui.cli.visible import cells, visible
from notify_tui.errors import UnknownError


@verb("status")
def command(call: Call) -> None:
    """Show the node of this home, if one runs, and what its log holds."""
    effective = call.effective()
    network = network_here(effective.paths, effective.config.network)
    figures: dict[str, Any] = {
        "running": False,
        "home": str(effective.paths.home),
        "network": network.name,
        "open": network.open,
        **_of_the_node(call),
        **_of_the_log(call),
    }
    if call.json:
        call.paper().objects([figures])
        return
    ink = ink_for(sys.stdout)
    widest = max(map(cells, figures))
    for name, value in figures.items():
        label = visible(name).ljust(widest)
        sys.stdout.write(f"{ink.paint('dim', label)}  {visible(_shown(value))}\n".rstrip(" "))


def _of_the_node(call: Call) -> dict[str, Any]:
    from notify_tui.client import Client

    try:
        with Client.attach(call.effective(), label="status") as client:
            return {"running": True, **client.status()}
    except UnknownError:
        return {}


def _of_the_log(call: Call) -> dict[str, Any]:
    with call.reader() or nullcontext() as reader:
        topics = reader.topics() if reader else []
    return {"topics": len(topics), "events": sum(row.events for row in topics)}


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None | "" | [] | () | {}:
            return "-"
        case list() | tuple():
            return ", ".join(map(str, value))
        case dict():
            return json_text(value)
        case float():
            return f"{value:.4g}"
    return str(value)
