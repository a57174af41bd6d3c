"""`notify-tui peer`: a node in the foreground."""

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from notify_tui.cli import complete
from notify_tui.cli.call import Call
from notify_tui.cli.moves import across_moves
from notify_tui.cli.paper import Paper
from notify_tui.cli.readiness import tell_systemd
from notify_tui.cli.verb import verb
from notify_tui.errors import NodeError
from notify_tui.protocol.event import Event
from notify_tui.protocol.topic import DIRECT, SYSTEM, check_pattern

if TYPE_CHECKING:
    from notify_tui.client import Client
    from notify_tui.node.ready import Ready

PRESENCE = "_peers"


@verb("peer", node=True)
@click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="PATTERN",
    shell_complete=complete.topics,
    help="Keep and print these topics only.",
)
def command(call: Call, *, topics: tuple[str, ...]) -> None:
    """Be a node of the network in the foreground, until Ctrl-C or SIGTERM.

    Says `ready …` on stderr, then prints every event that it receives as a line. Peers that come
    and go are told on stderr. Other commands of this home use this node while it runs. It
    goes along when `notify-tui network` makes another network the active one.
    """
    if topics:
        call.settings["keep"] = tuple(map(check_pattern, topics))
    patterns = call.effective().config.keep
    with call.client("peer", transient=False) as client:
        if client.node is None:
            raise NodeError(
                f"a node of this home runs already (pid {client.info.pid}); "
                "`notify-tui subscribe '>'` shows what it receives"
            )
        wanted = (*patterns, f"{DIRECT}{client.info.peer}", PRESENCE)
        try:
            _print(call, across_moves(client, partial(_begin, call, client, wanted)))
        finally:
            tell_systemd("STOPPING=1")


def _begin(
    call: Call, client: "Client", wanted: tuple[str, ...], began: int | None
) -> Iterator[Event]:
    """The node is ready, at first or on another network."""
    assert client.node is not None
    events = client.subscribe(wanted, began=began)
    call.say(_start_line(client.node.ready))
    tell_systemd("READY=1")
    return events


def _print(call: Call, events: Iterable[Event]) -> None:
    """Events are data; who comes and goes is for people."""
    paper, aside = call.paper(), Paper(as_json=False, stream=sys.stderr)
    for event in events:
        if not event.topic.startswith(SYSTEM):
            paper.event(event)
        elif not call.quiet:
            aside.aside(event)


def _start_line(ready: "Ready") -> str:
    state = " (open)" if ready.open else ""
    return (
        f"ready  {ready.name}  {ready.id}  network {ready.network}{state}  "
        f"ports {ready.feed} {ready.exchange}"
    )
