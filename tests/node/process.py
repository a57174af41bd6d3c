"""A client, and the node that it becomes, in a process of its own: `tests/node/host.py`."""

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from notify_tui.config import Effective

ROOT = Path(__file__).parents[2]
PATIENCE = 20


class Host:
    """Answers calls as `tests/node/host.py` does: `host("publish", "builds.web", "done")`."""

    def __init__(self, effective: Effective, *, transient: bool = False) -> None:
        options = {"transient": transient, **effective.given}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.node.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.told = self.ask(str(effective.paths.home), options)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the process ended with {self._process.wait(PATIENCE)}"
        return json.loads(line)

    def ask(self, *words: object) -> Any:
        self.send(*words)
        return self.receive()

    def freeze(self) -> None:
        """Stop it where it is; it has stopped when this returns."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)

    def stop(self) -> int:
        """Close its stdin: it detaches and ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()


def feed(source: Host, ear: Host) -> None:
    """Publish, until what one node says reaches the other over its feed."""
    topic = f"feed.{source.pid}"
    for number in count(1):
        source.ask("publish", topic, str(number))
        if ear.ask("live", topic, number):
            return
