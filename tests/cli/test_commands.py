"""The bare command, its version, its help."""

import re

from notify_tui import __version__
from tests.cli.home import Home


def test_the_bare_command_says_what_to_run(home: Home) -> None:
    done = home.ok()
    assert "notify-tui peer" in done.out
    assert "notify-tui publish chat" in done.out
    assert done.err == ""


def test_the_version_is_printed(home: Home) -> None:
    assert home.ok("--version").out == f"notify-tui {__version__}\n"


def test_the_help_lists_every_verb(home: Home) -> None:
    done = home.ok("--help")
    for verb in ("peer", "publish", "subscribe", "history", "topics", "peers", "status",
                 "network", "config", "completion"):  # fmt: skip
        assert re.search(rf"^  {verb} +[A-Z]", done.out, re.MULTILINE)
        assert home.ok(verb, "--help").out.startswith("Usage: notify-tui " + verb)
