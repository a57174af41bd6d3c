"""`notify-tui completion`: what a shell loads to complete the command's words."""

import click

from notify_tui.cli.call import Call
from notify_tui.cli.verb import verb
from notify_tui.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@verb("completion")
@click.argument("shell", metavar="bash|zsh|fish")
def command(_call: Call, shell: str) -> None:
    """Print the completion script of a shell; topics, peers and networks complete, too.

    \b
    eval "$(notify-tui completion bash)"            in ~/.bashrc
    eval "$(notify-tui completion zsh)"             in ~/.zshrc
    notify-tui completion fish | source             in ~/.config/fish/config.fish
    """
    if shell not in SHELLS:
        raise UsageError(f"completion for {shell!r}: the shells are {', '.join(SHELLS)}")
    from click.shell_completion import get_completion_class

    from notify_tui.cli.commands import COMMAND

    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(COMMAND, {}, "notify-tui", "_NOTIFY_TUI_COMPLETE").source())
