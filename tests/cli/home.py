"""A home on loopback, and the installed command run in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from notify_tui.security.network import open_network, save_network
from tests.process import Process

COMMAND = Path(sys.executable).with_name("notify-tui")
PATIENCE = 30


class Done(NamedTuple):
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.out.splitlines()

    @property
    def objects(self) -> list[Any]:
        """stdout read as JSON Lines."""
        return [json.loads(line) for line in self.lines]


class Home:
    """The command's surroundings; `environ` may be changed.

    Homes of one test share a `network` that no other test's nodes are in.
    """

    def __init__(self, path: Path, runtime: Path, network: str) -> None:
        self.path = path
        self.network = network
        path.mkdir(mode=0o700)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(path),
            "LOGNAME": path.name,
            "TZ": "UTC",
            "NOTIFY_TUI_HOME": str(path),
            "NOTIFY_TUI_INTERFACE": "127.0.0.1",
            "NOTIFY_TUI_MULTICAST": "no",
            "XDG_RUNTIME_DIR": str(runtime),
        }
        self.processes: list[Process] = []

    def isolate(self) -> None:
        """Use the test's own network."""
        save_network(self.directory, open_network(self.network))
        self.environ["NOTIFY_TUI_NETWORK"] = self.network

    @property
    def directory(self) -> Path:
        """Where the network's log is."""
        return self.path / "networks" / self.network

    def run(self, *arguments: str | bytes, stdin: str | bytes = b"") -> Done:
        """Run the command to its end."""
        done = subprocess.run(
            [COMMAND, *arguments],
            env=self.environ,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def ok(self, *arguments: str, stdin: str | bytes = b"") -> Done:
        """Run the command; it succeeds."""
        done = self.run(*arguments, stdin=stdin)
        assert done.code == 0, done
        return done

    def start(self, *arguments: str, stdin: Path | None = None) -> Process:
        """Start the command; it is ended with the test."""
        process = Process([str(COMMAND), *arguments], self.environ, stdin)
        self.processes.append(process)
        return process

    def peer(self, *arguments: str) -> Process:
        """Start a node; it is ready."""
        process = self.start("peer", *arguments)
        process.wait_for_error(lambda line: line.startswith("ready"))
        return process

    def meets(self, other: Process, *arguments: str) -> Process:
        """Start a node that dials another one; they have met."""
        process = self.peer("--connect", reach(other), *arguments)
        process.wait_for_error(lambda line: line.endswith(" is here"))
        return process

    def end(self) -> None:
        """End what still runs."""
        for process in self.processes:
            process.kill9()


def reach(node: Process) -> str:
    """The address to dial a node at; its exchange's port ends its start line."""
    return f"127.0.0.1:{node.errors[0].split()[-1]}"
