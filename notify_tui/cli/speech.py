"""stderr: sentences for people. What peers or users put into them is made visible."""

import sys

from notify_tui.cli.ink import ink_for
from notify_tui.cli.visible import visible


def say(sentence: str) -> None:
    """Say something."""
    sys.stderr.write(visible(sentence) + "\n")
    sys.stderr.flush()


def complain(sentence: str) -> None:
    """Say what went wrong, under the command's name."""
    stream = sys.stderr
    stream.write(f"{ink_for(stream).paint('alarm', 'notify-tui:')} {visible(sentence)}\n")
    stream.flush()
