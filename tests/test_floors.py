"""The floors hold when the program runs, not only when its imports are read."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import Process

PROJECT = tomllib.loads(Path(__file__).parent.with_name("pyproject.toml").read_text())
LAYERS = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
FLOORS = [layer.strip("()") for layer in LAYERS]
PACKAGE = Path(__file__).parents[1] / "notify_tui"

WORLD = {
    "asyncio", "click", "logging", "multiprocessing", "nacl", "random", "secrets", "selectors",
    "socket", "sqlite3", "ssl", "subprocess", "tempfile", "textual", "threading", "zeroconf", "zmq",
}  # fmt: skip

LOAD = """
import importlib, pkgutil, sys
floor = importlib.import_module("notify_tui." + sys.argv[1])
for module in pkgutil.walk_packages(getattr(floor, "__path__", ()), floor.__name__ + "."):
    importlib.import_module(module.name)
print(*sys.modules, sep="\\n")
"""

RUN = """
import sys
for name in sys.argv[1].split():
    sys.modules[name] = None  # importing it raises
from notify_tui.cli import run
sys.exit(run(sys.argv[2:]))
"""

HELP = """
import sys
sys.modules["textual"] = None
import click
from notify_tui.cli import run
from notify_tui.cli.commands import COMMAND

def paths(command, context, path):
    yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from paths(command.get_command(context, name), context, [*path, name])

for path in list(paths(COMMAND, click.Context(COMMAND), [])):
    assert run([*path, "--help"]) == 0, path
    print("helped:", *path)
"""


def python(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-c", script, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def loaded_by(floor: str) -> set[str]:
    done = python(LOAD, floor)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_loads_none_above_it(floor: str) -> None:
    if not (PACKAGE / floor).is_dir() and not (PACKAGE / f"{floor}.py").is_file():
        assert f"({floor})" in LAYERS, f"{floor} is not optional"
        return
    above = {f"notify_tui.{other}" for other in FLOORS[: FLOORS.index(floor)]}
    assert not above & loaded_by(floor)


@pytest.mark.parametrize("floor", ["protocol", "errors"])
def test_the_protocol_loads_nothing_that_reaches_the_world(floor: str) -> None:
    assert not WORLD & loaded_by(floor)


def test_the_package_itself_loads_nothing_until_a_name_is_asked_for() -> None:
    done = python("import sys, notify_tui; print(*sys.modules)")
    ours = {name for name in done.stdout.split() if name.startswith("notify_tui")}
    assert ours == {"notify_tui"}


def test_no_help_of_any_command_needs_textual() -> None:
    done = python(HELP)
    assert done.returncode == 0, done.stderr
    assert "helped: publish" in done.stdout


COMMANDS = [
    "--version", "config", "status", "publish chat hi", "history", "topics", "network list",
    "subscribe chat --since all --count 1", "peers", "completion bash",
]  # fmt: skip


def test_no_headless_command_needs_textual() -> None:
    for line in COMMANDS:
        done = python(RUN, "textual", *line.split())
        assert done.returncode == 0, f"{line}: {done.stderr}"


@pytest.fixture
def node() -> Iterator[Process]:
    process = Process([sys.executable, "-c", RUN, "textual", "peer"], os.environ, None)
    process.wait_for_error(lambda line: "ready" in line)
    yield process
    process.stop()


def test_a_publisher_loads_no_node_where_one_runs(node: Process) -> None:
    """Starting fast is a promise to scripts."""
    done = python(RUN, "textual asyncio nacl rich sqlite3 zeroconf", "publish", "chat", "hi")
    assert done.returncode == 0, done.stderr
    node.wait_for_line(lambda line: "hi" in line)
