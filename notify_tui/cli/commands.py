"""The command and the table of its verbs."""

import click

from notify_tui import __version__
from notify_tui.cli.verb import LateGroup, Place


def _place(module: str, summary: str) -> Place:
    return Place(f"notify_tui.cli.{module}", "command", summary)


VERBS = {
    "peer": _place("peer", "A node in the foreground; every event it receives is a line."),
    "publish": _place("publish", "Publish an event."),
    "subscribe": _place("subscribe", "Follow topics, as events come."),
    "history": _place("history", "What the log holds; needs no running node."),
    "topics": _place("topics", "The topics that the log knows."),
    "peers": _place("peers", "Who is on the network."),
    "status": _place("status", "How the node and its log are."),
    "network": _place("network", "Create, join, leave and choose networks."),
    "config": _place("config", "The effective configuration, and where each value comes from."),
    "completion": _place("completion", "Completion for bash, zsh or fish."),
}

FIRST_STEPS = """\
notify-tui has no terminal app yet. What it has:

  notify-tui peer                     stay on the network, print what comes
  notify-tui publish chat "hello"     say something
  notify-tui subscribe '>'            follow every topic
  notify-tui history                  what was said
  notify-tui --help                   everything else
"""


def _version(ctx: click.Context, _option: click.Parameter, wanted: object) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"notify-tui {__version__}")
        ctx.exit()


def _alone(**_given: object) -> None:
    if click.get_current_context().invoked_subcommand is None:
        click.echo(FIRST_STEPS, nl=False)


COMMAND = LateGroup(
    "notify-tui",
    VERBS,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_version,
            help="The version.",
        )
    ],
    callback=_alone,
    invoke_without_command=True,
    help="Notifications and chat for everybody and everything on a LAN, with no server.",
)
