"""`status`, `peers`, `config`, `completion`, `--version` and the bare command."""

import os
import pty
import re
import signal
import subprocess

import pytest

from notify_tui import __version__
from tests.cli.conftest import HomeOf
from tests.cli.home import COMMAND, Home, reach


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


def test_status_tells_whether_a_node_runs(home: Home) -> None:
    home.ok("publish", "chat", "hello")
    assert home.ok("status", "--json").objects[0]["running"] is False
    node = home.peer("--name", "ana")
    figures = home.ok("status", "--json").objects[0]
    wanted = {
        "running": True,
        "name": "ana",
        "network": home.network,
        "open": True,
        "pid": node.pid,
    }
    assert wanted.items() <= figures.items()
    assert figures["events"] == 1
    assert re.search(r"^open +yes$", home.ok("status").out, re.MULTILINE)


def test_peers_shows_who_is_here(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ana.peer("--name", "ana", "--status", "away", "--tag", "room=attic")
    ben.meets(node)
    peer = ben.ok("peers", "--json").objects[0]
    wanted = {"name": "ana", "state": "alive", "status": "away", "tags": {"room": "attic"},
              "address": "127.0.0.1", "version": __version__}  # fmt: skip
    assert wanted.items() <= peer.items()
    header, row = ben.ok("peers").lines
    assert header.split()[:3] == ["name", "state", "id"]
    assert row.startswith("●  ana")


def test_peers_with_no_node_joins_for_a_while(home_of: HomeOf) -> None:
    node = home_of("ana").peer("--name", "ana")
    done = home_of("ben").ok("peers", "--json", "--connect", reach(node))
    assert [peer["name"] for peer in done.objects] == ["ana"]


def test_peers_watch_prints_what_changes(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ben.peer()
    watch = ben.start("peers", "--watch", "--json")
    ana.meets(node, "--name", "ana")
    watch.wait_for_line(lambda line: '"name":"ana"' in line)
    assert watch.stop(timeout=1) == 130


def test_config_tells_each_value_and_its_source(fresh: Home) -> None:
    (fresh.path / "config.toml").write_text('name = "ana"\nport = 9000\n')
    fresh.environ["NOTIFY_TUI_PORT"] = "9100"
    rows = {row["key"]: row for row in fresh.ok("config", "--no-multicast", "--json").objects}
    assert rows["name"] == {"key": "name", "value": "ana", "source": "config.toml"}
    assert rows["port"] == {"key": "port", "value": 9100, "source": "NOTIFY_TUI_PORT"}
    assert rows["multicast"] == {"key": "multicast", "value": False, "source": "--no-multicast"}
    assert rows["network"] == {"key": "network", "value": "lan", "source": "default"}
    assert rows["interface"]["value"] == ["127.0.0.1"]
    assert re.search(r"^port +9100 +NOTIFY_TUI_PORT$", fresh.ok("config").out, re.MULTILINE)


def test_common_options_stand_before_or_behind_the_verb(home: Home) -> None:
    before = home.ok("--json", "--network", "lan", "config").objects
    assert before == home.ok("config", "--json", "--network", "lan").objects


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(home: Home, shell: str) -> None:
    assert "_NOTIFY_TUI_COMPLETE" in home.ok("completion", shell).out


def completed(home: Home, *words: str) -> list[str]:
    line = " ".join(("notify-tui", *words))
    home.environ |= {
        "_NOTIFY_TUI_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words)),
    }  # fmt: skip
    offered = [word.split(",")[1] for word in home.run().lines if word]
    del home.environ["_NOTIFY_TUI_COMPLETE"]
    return offered


def test_verbs_topics_networks_and_priorities_complete(home: Home) -> None:
    home.ok("publish", "builds.web", "x")
    home.ok("network", "open", "lab")
    assert completed(home, "pe") == ["peer", "peers"]
    assert completed(home, "publish", "bu") == ["builds.web"]
    assert completed(home, "network", "use", "la") == ["lab", "lan"]
    assert completed(home, "publish", "t", "x", "--priority", "u") == ["urgent"]


def test_a_completion_that_fails_offers_nothing(home: Home) -> None:
    assert completed(home, "publish", "--network", "none", "b") == []
    assert completed(home, "subscribe", "--home", "/dev/null", "b") == []


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


def test_an_interrupted_command_exits_130_in_silence(home: Home) -> None:
    command = home.start("peers")
    while not (home.directory / "node.lock").exists():
        assert command.running
    command.signal(signal.SIGINT)
    assert command.wait(1) == 130
    assert command.errors == []
