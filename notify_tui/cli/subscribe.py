"""`notify-tui subscribe`: follow topics as events come."""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import click

from notify_tui.cli import complete
from notify_tui.cli.call import Call
from notify_tui.cli.choice import chosen
from notify_tui.cli.moment import duration
from notify_tui.cli.moves import across_moves
from notify_tui.cli.start import LIVE, Skip, Start, start_of
from notify_tui.cli.verb import verb
from notify_tui.errors import SilenceError, UsageError
from notify_tui.protocol.event import Event, Priority
from notify_tui.protocol.topic import check_pattern

if TYPE_CHECKING:
    from notify_tui.client import Client


@verb("subscribe", node=True)
@click.argument(
    "patterns", nargs=-1, required=True, metavar="PATTERN...", shell_complete=complete.topics
)
@click.option("--since", metavar="10m|TIME|ID|all", help="From what was received then on.")
@click.option("--count", type=int, metavar="N", help="End after N events.")
@click.option("--timeout", metavar="30s", help="End then; exit code 4 if too little came.")
@click.option("--priority", metavar="high", shell_complete=complete.priorities, help="At least.")
@click.option("--from", "origin", metavar="NAME", shell_complete=complete.peers, help="Whose.")
def command(
    call: Call,
    patterns: tuple[str, ...],
    since: str | None,
    count: int | None,
    timeout: str | None,
    priority: str | None,
    origin: str | None,
) -> None:
    """Follow the topics that the PATTERNs take, as events come: live ones, or --since then.

    `*` stands for one segment of a topic, a final `>` for one or more.

    \b
    notify-tui subscribe 'builds.>'
    notify-tui subscribe '>' --since 10m --json
    notify-tui subscribe deploys --count 1 --timeout 5m || echo "no deploy came"
    """
    wanted = tuple(map(check_pattern, patterns))
    choice = chosen(Priority.named(priority) if priority else None, origin)
    if count is not None and count < 1:
        raise UsageError(f"--count {count}: wait for at least one event")
    seconds = duration(timeout, "--timeout") if timeout else None
    start = _start(call, since) if since else LIVE
    with call.client("subscribe", transient=False) as client:
        begin = partial(_begin, call, client, wanted, start, _deadline(seconds))
        _print(call, filter(choice, across_moves(client, begin)), count, timeout)


def _start(call: Call, since: str) -> Start:
    with call.reader() or nullcontext() as reader:
        return start_of(since, time.time_ns(), reader)


def _deadline(seconds: float | None) -> float:
    return math.inf if seconds is None else time.monotonic() + seconds


def _begin(
    call: Call,
    client: "Client",
    wanted: tuple[str, ...],
    start: Start,
    deadline: float,
    began: int | None,
) -> Iterator[Event]:
    """Where the command was told to begin, or live on the network that the node moved to."""
    left = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
    if began is None:
        return filter(Skip(start), client.subscribe(wanted, since=start.position, timeout=left))
    call.say(f"the node has moved: following the network {client.info.network}")
    return client.subscribe(wanted, began=began, timeout=left)


def _print(call: Call, events: Iterator[Event], count: int | None, timeout: str | None) -> None:
    """Print `count` events, or all that come until the time is over.

    Raises:
        SilenceError: it was over before.
    """
    paper, printed = call.paper(), 0
    try:
        for event in events:
            paper.event(event)
            printed += 1
            if printed == count:
                return
    except SilenceError:
        if count is None and printed:
            return
        came = f"{printed} of {count} events" if count and printed else "nothing"
        raise SilenceError(f"{came} came within {timeout}") from None
