"""stdout: colour and control characters on a terminal and in a pipe."""

import os
import pty
import subprocess

from tests.cli.home import COMMAND, Home


def on_a_terminal(home: Home, *arguments: str, **environ: str) -> str:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [COMMAND, *arguments], env={**home.environ, "TERM": "xterm", "COLUMNS": "80", **environ},
        stdin=follower, stdout=follower, stderr=follower,
    ) as process:  # fmt: skip
        os.close(follower)
        output = b""
        while chunk := _read(leader):
            output += chunk
        assert process.wait(10) == 0
    os.close(leader)
    return output.decode()


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65_536)
    except OSError:  # a pty whose other end is closed
        return b""


def test_colour_is_for_terminals_and_no_color_is_obeyed(home: Home) -> None:
    home.ok("publish", "chat", "down", "--priority", "urgent")
    assert "\x1b[1;31mdown" in on_a_terminal(home, "history")
    assert "\x1b" not in on_a_terminal(home, "history", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(home, "topics", NO_COLOR="1")
    assert "\x1b" not in home.ok("history").out


def test_json_on_a_terminal_holds_no_control_characters(home: Home) -> None:
    home.ok("publish", "chat", "\x1b[2J\x9b1m")
    shown = on_a_terminal(home, "history", "--json")
    assert "\\u001b[2J\\u009b1m" in shown
    assert "\x1b" not in shown
