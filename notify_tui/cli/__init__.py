"""The `notify-tui` command: stdout is data, stderr is for people."""

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from notify_tui.cli.exits import ExitCode
from notify_tui.cli.interrupt import INTERRUPT

if TYPE_CHECKING:
    import click

__all__ = ["ExitCode", "main", "run"]

_COMPLETING = "_NOTIFY_TUI_COMPLETE"


def main() -> NoReturn:
    """Run the command of `sys.argv` and end the process with its code."""
    gc.set_threshold(50_000, 20, 20)  # imports make no garbage, and looking for it takes 5 ms
    code: int = ExitCode.INTERRUPTED
    with suppress(KeyboardInterrupt):
        INTERRUPT.listen()
        _open_streams()
        code = run(sys.argv[1:])
    _flush()
    os._exit(code)  # everything is closed; taking the interpreter down takes 10 ms


def run(arguments: list[str]) -> int:
    """Run the command in this process; the exit code. What went wrong is said on stderr."""
    import click

    from notify_tui.cli.commands import COMMAND
    from notify_tui.cli.speech import complain
    from notify_tui.errors import NotifyError

    try:
        if _COMPLETING in os.environ:
            COMMAND.main(arguments, "notify-tui", _COMPLETING)
        with COMMAND.make_context("notify-tui", list(arguments)) as context:
            COMMAND.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, EOFError, click.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.DONE
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
    except NotifyError as error:
        complain(str(error))
        return error.exit_code
    except click.ClickException as error:
        complain(_sentence(error))
        return ExitCode.USAGE
    except OSError as error:
        complain(_what_failed(error))
        return ExitCode.FAILED
    return ExitCode.DONE


def _sentence(error: "click.ClickException") -> str:
    said = error.format_message().replace(". (D", " (d").rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f"; see '{context.command_path} --help'" if context else ""
    return said[:1].lower() + said[1:].replace("\n", " ") + hint


def _what_failed(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{error.filename}: {reason}" if error.filename else reason


def _open_streams() -> None:
    """Streams that the caller closed swallow what is written; data is UTF-8 everywhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # its reader is gone, or `run` has said what is wrong
            stream.flush()
