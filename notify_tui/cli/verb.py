"""Commands with the options that every command takes, and a group that imports them late."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import click

from notify_tui.cli.call import OWN, SETTINGS, Call
from notify_tui.errors import UsageError

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 88}


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(["--home"], metavar="DIR", help="Where the identity and the logs are kept."),
        click.Option(["--network"], metavar="NAME", help="The network to use."),
        click.Option(["--json"], is_flag=True, default=None, help="JSON Lines on stdout."),
        click.Option(["-q", "--quiet"], is_flag=True, default=None, help="Only errors on stderr."),
        click.Option(["-v", "--verbose"], count=True, default=None, help="More on stderr; ids."),
    ]


def _node_options() -> list[click.Parameter]:
    return [
        click.Option(["--name"], help="What this node calls itself (default: user@host)."),
        click.Option(
            ["--interface"],
            multiple=True,
            metavar="ADDRESS|NAME",
            help="Use these interfaces only (default: all of the LAN).",
        ),
        click.Option(["--port"], metavar="N", help="Listen on N and N+1."),
        click.Option(
            ["--connect"], multiple=True, metavar="HOST[:PORT]", help="A peer to find others by."
        ),
        click.Option(
            ["--no-multicast", "multicast"],
            is_flag=True,
            flag_value=False,
            default=None,
            help="Find peers without multicast.",
        ),
        click.Option(["--status"], metavar="TEXT", help="Shown to peers, as in 'away'."),
        click.Option(["--tag"], multiple=True, metavar="K=V", help="Shown to peers."),
    ]


class Verb(click.Command):
    """A command whose callback gets a `Call` first, then its own parameters.

    With `node`, it takes the options of a node, too, but those that its own stand for.
    """

    def __init__(self, name: str | None, *, node: bool = False, params: Any, **more: Any) -> None:
        taken = {word for parameter in params for word in parameter.opts}
        common = [
            option
            for option in _common_options() + (_node_options() if node else [])
            if taken.isdisjoint(option.opts)
        ]
        self.shared = {option.name for option in common}
        super().__init__(name, params=[*params, *common], context_settings=dict(_CONTEXT), **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Gather the common options from here and from before the verb, and run."""
        assert self.callback is not None
        return ctx.invoke(self.callback, _call(ctx, self), **_own(ctx, self))


def _own(ctx: click.Context, verb: Verb) -> dict[str, Any]:
    return {name: value for name, value in ctx.params.items() if name not in verb.shared}


def _call(ctx: click.Context, verb: Verb) -> Call:
    given: dict[str, Any] = {}
    scope: click.Context | None = ctx
    while scope is not None:
        shared = verb.shared if scope is ctx else {*OWN, *SETTINGS}
        for name, value in scope.params.items():
            if name in shared and value not in (None, ()):
                given.setdefault(name, value)
        scope = scope.parent
    return Call(given)


def verb(name: str, *, node: bool = False, **more: Any) -> Callable[[Callable[..., object]], Verb]:
    """Make a `Verb` of a function; its docstring is the help."""

    def decorated(function: Callable[..., object]) -> Verb:
        made: Verb = click.command(name, cls=Verb, node=node, **more)(function)
        return made

    return decorated


class Place(NamedTuple):
    """Where a command is found, and what it does in one line."""

    module: str
    attribute: str
    summary: str


class LateGroup(click.Group):
    """A group that imports a command when it is used; its list of commands needs none."""

    def __init__(self, name: str, places: dict[str, Place], params: Any = (), **more: Any) -> None:
        params = [*params, *_common_options()]
        super().__init__(name, params=params, context_settings=dict(_CONTEXT), **more)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The commands, in the order of the table."""
        return list(self.places)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's signature)
        cmd_name: str,
    ) -> click.Command | None:
        """The command, imported now."""
        place = self.places.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(import_module(place.module), place.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words name.

        Raises:
            UsageError: there is none; the sentence names the nearest.
        """
        word = args[0]
        if word not in self.places and not word.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(_no_such(word, list(self.places)))
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's signature)
        formatter: click.HelpFormatter,
    ) -> None:
        """The table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in self.places.items()])


def _no_such(word: str, known: list[str]) -> str:
    from notify_tui.config import nearest

    return f"there is no command {word!r}; {nearest(word, known)}"
