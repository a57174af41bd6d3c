"""A command that runs while the test goes on; what it prints is read as it comes."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Condition, Thread
from time import monotonic
from typing import IO

CHUNK = 1 << 16
TAIL = 15


class Output:
    """The lines of one stream so far."""

    def __init__(self, stream: IO[bytes], changed: Condition) -> None:
        self.lines: list[str] = []
        self.ended = False
        self._stream = stream
        self._changed = changed
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def join(self) -> None:
        """Wait until all of it was read, and close it."""
        self._reader.join()
        self._stream.close()

    def _read(self) -> None:
        rest = b""
        while chunk := os.read(self._stream.fileno(), CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            self._append(whole)
        self._append([rest] if rest else [], ended=True)

    def _append(self, lines: list[bytes], *, ended: bool = False) -> None:
        with self._changed:
            self.lines += [line.decode(errors="replace") for line in lines]
            self.ended = ended
            self._changed.notify_all()


class Process:
    """A started command. Waiting for a line never sleeps and fails at once when it ends."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], stdin: Path | None) -> None:
        self.argv = argv
        self._changed = Condition()
        with (stdin or Path(os.devnull)).open("rb") as source:
            self._process = subprocess.Popen(
                argv, env=env, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        assert self._process.stdout
        assert self._process.stderr
        self.started = monotonic()
        self._stdout = Output(self._process.stdout, self._changed)
        self._stderr = Output(self._process.stderr, self._changed)

    @property
    def pid(self) -> int:
        """Its process id: the command's own, whatever wraps it has exec'ed it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def lines(self) -> list[str]:
        """What it printed on stdout so far."""
        return self._stdout.lines

    @property
    def errors(self) -> list[str]:
        """What it printed on stderr so far."""
        return self._stderr.lines

    def wait_for_line(self, wanted: Callable[[str], object], timeout: float = 10) -> str:
        """The first line of stdout that is wanted, printed already or yet to come."""
        return self._wait_for(self._stdout, wanted, timeout)

    def wait_for_error(self, wanted: Callable[[str], object], timeout: float = 10) -> str:
        """The same for stderr."""
        return self._wait_for(self._stderr, wanted, timeout)

    def wait_for_count(self, count: int, timeout: float = 10) -> list[str]:
        """The lines of stdout, once there are that many."""
        lines = self.lines
        self._wait(self._stdout, lambda: len(lines) >= count, timeout, f"{count} lines")
        return lines

    def _wait_for(self, output: Output, wanted: Callable[[str], object], timeout: float) -> str:
        seen = 0
        found: list[str] = []

        def look() -> bool:
            nonlocal seen
            found.extend(line for line in output.lines[seen:] if wanted(line))
            seen = len(output.lines)
            return bool(found)

        self._wait(output, look, timeout, "a line")
        return found[0]

    def _wait(self, output: Output, met: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = monotonic() + timeout
        with self._changed:
            while not met():
                left = deadline - monotonic()
                if left <= 0 or output.ended:
                    why = "it ended" if output.ended else f"{timeout} s were over"
                    raise AssertionError(f"{why} before {what} came from {self}")
                self._changed.wait(left)

    def wait(self, timeout: float = 10) -> int:
        """Its exit code, once it has ended and all that it printed was read."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end in {timeout} s: {self}") from None
        self._stdout.join()
        self._stderr.join()
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        self._process.send_signal(number)

    def stop(self, timeout: float = 5) -> int:
        """End it as a user does (SIGTERM); its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill9(self) -> None:
        """End it without a last word."""
        self.signal(signal.SIGKILL)
        self.wait()

    def sigstop(self) -> None:
        """Freeze it; it is frozen."""
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def sigcont(self) -> None:
        """Let a frozen one go on."""
        self.signal(signal.SIGCONT)

    def __str__(self) -> str:
        state = "runs" if self.running else f"exit {self._process.returncode}"
        tails = [*self.lines[-TAIL:], "--- stderr", *self.errors[-TAIL:]]
        return "\n".join([f"{' '.join(self.argv)} ({state}), which printed:", *tails])
