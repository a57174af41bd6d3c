"""`notify-tui status`: how the node and its log are."""

import sys
from contextlib import nullcontext
from typing import Any

from notify_tui.cli.call import Call
from notify_tui.cli.ink import ink_for
from notify_tui.cli.line import json_text
from notify_tui.cli.networks import network_here
from notify_tui.cli.table import print_table
from notify_tui.cli.verb import verb
from notify_tui.cli.visible import cells, visible
from notify_tui.errors import UnknownError

_NAMES = frozenset({"pid", "boot", "epoch", "feed_port", "exchange_port", "position"})
"""Numbers that name something: they are shown as they are said elsewhere."""


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
    _print(figures)


def _print(figures: dict[str, Any]) -> None:
    """The figures, then what the node has counted since it began."""
    counts = figures.pop("counts", {})
    ink = ink_for(sys.stdout)
    rows = [(_label(name), _shown(name, value), _style(name, value))
            for name, value in figures.items()]  # fmt: skip
    widest = max(cells(label) for label, _, _ in rows)
    for label, shown, style in rows:
        name = ink.paint("dim", label.ljust(widest))
        sys.stdout.write(f"{name}  {ink.paint(style, shown)}\n")
    if counts:
        sys.stdout.write("\n")
        print_table("counted >since_it_began", [(what, f"{n:,}") for what, n in counts.items()])


def _label(name: str) -> str:
    return visible(name.removesuffix("_s").replace("_", " "))


def _style(name: str, value: object) -> str:
    if not value:
        return ""
    return {"open": "warn", "trouble": "alarm"}.get(name, "")


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


def _shown(name: str, value: object) -> str:
    match value:
        case True if name == "open":
            return "yes: everybody on the LAN may join"
        case bool():
            return "yes" if value else "no"
        case None | "" | [] | () | {}:
            return "-"
        case list() | tuple():
            return visible(", ".join(map(str, value)))
        case dict():
            return json_text(value)
        case int() | float() if name.endswith("_s"):
            return _span(value)
        case float():
            return f"{value:.4g}"
        case int() if name not in _NAMES:
            return f"{value:,}"
    return visible(str(value))


def _span(seconds: float) -> str:
    """Two units at the most: `5 s`, `2 h 3 min`, `9 d 4 h`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2])
