"""`notify-tui history`: what the log holds."""

import time
from contextlib import nullcontext

import click

from notify_tui.cli import complete
from notify_tui.cli.call import Call
from notify_tui.cli.start import moment_of
from notify_tui.cli.verb import verb
from notify_tui.errors import UsageError
from notify_tui.protocol.event import Priority
from notify_tui.protocol.topic import check_pattern


@verb("history")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...", shell_complete=complete.topics)
@click.option("--since", metavar="10m|TIME|ID|all", help="Nothing published before.")
@click.option("--until", metavar="10m|TIME|ID", help="Nothing published after.")
@click.option("--limit", type=int, default=100, metavar="N", help="The last N (default: 100).")
@click.option("--search", metavar="WORDS", help="Only events that hold all these words.")
@click.option("--from", "origin", metavar="NAME", shell_complete=complete.peers, help="Whose.")
@click.option("--priority", metavar="high", shell_complete=complete.priorities, help="At least.")
def command(
    call: Call,
    patterns: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    search: str | None,
    origin: str | None,
    priority: str | None,
) -> None:
    """What the log holds of the PATTERNs (of all topics), oldest first. It needs no running node.

    \b
    notify-tui history --since 1h
    notify-tui history 'builds.>' --priority high --limit 20
    notify-tui history --search "disk full" --from ops-2
    """
    checked = tuple(map(check_pattern, patterns)) or (">",)
    least = Priority.named(priority) if priority else None
    if limit < 1:
        raise UsageError(f"--limit {limit}: show at least one event")
    now = time.time_ns()
    with call.reader() or nullcontext() as reader:
        begin = moment_of(since, "--since", now, reader)
        end = moment_of(until, "--until", now, reader)
        events = reader.history(checked, begin, end, limit, search, origin, least) if reader else []
    if not events:
        call.say("(the log holds nothing of that)")
    call.paper().events(events)
