"""Options that every command takes, and commands that are imported late."""

import subprocess
import sys

from tests.cli.home import Home

LOADED = """
import sys
from notify_tui.cli import run
run(sys.argv[1:])
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
HEAVY = {"asyncio", "logging", "nacl", "rich", "sqlite3", "subprocess", "textual", "zeroconf"}


def loaded_by(home: Home, *arguments: str) -> set[str]:
    argv = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(argv, env=home.environ, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_common_options_stand_before_or_behind_the_verb(home: Home) -> None:
    before = home.ok("--json", "--network", "lan", "config").objects
    assert before == home.ok("config", "--json", "--network", "lan").objects


def test_publish_loads_nothing_heavy_while_a_node_runs(home: Home) -> None:
    home.peer()
    loaded = loaded_by(home, "publish", "chat", "hello")
    assert "zmq" in loaded
    assert not HEAVY & loaded


def test_the_version_and_the_help_load_no_client(home: Home) -> None:
    for arguments in (["--version"], ["--help"], []):
        assert not {"zmq", "msgspec", *HEAVY} & loaded_by(home, *arguments)


def test_each_verb_loads_itself_alone(home: Home) -> None:
    loaded = loaded_by(home, "config", "-q")
    assert "notify_tui.cli.config" in loaded
    assert not {f"notify_tui.cli.{word}" for word in ("publish", "peers", "network")} & loaded
