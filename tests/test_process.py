"""A started command, watched as it runs."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import Process

ECHO = "import sys\nfor line in sys.stdin: print(line.strip() * 2, flush=True)"
SPEAKS = "import sys; print('to all'); print('to people', file=sys.stderr); sys.exit(7)"
WAITS = "import sys, signal; print('up', flush=True); signal.pause()"


@pytest.fixture
def started() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.kill9()


def python(started: list[Process], script: str, stdin: Path | None = None) -> Process:
    started.append(Process([sys.executable, "-c", script], os.environ, stdin))
    return started[-1]


def test_a_line_that_was_printed_before_is_found(started: list[Process], tmp_path: Path) -> None:
    (tmp_path / "in").write_text("a\nb\n")
    process = python(started, ECHO, tmp_path / "in")
    assert process.wait_for_line(lambda line: "b" in line) == "bb"
    assert process.wait_for_line(lambda line: "a" in line) == "aa"
    assert process.wait_for_count(2) == ["aa", "bb"]


def test_stdout_and_stderr_are_kept_apart(started: list[Process]) -> None:
    process = python(started, SPEAKS)
    assert process.wait() == 7
    assert (process.lines, process.errors) == (["to all"], ["to people"])


def test_waiting_for_a_line_fails_at_once_when_the_command_ends(started: list[Process]) -> None:
    process = python(started, SPEAKS)
    with pytest.raises(AssertionError, match="it ended before a line came"):
        process.wait_for_line(lambda line: "never" in line, timeout=30)


def test_waiting_for_a_line_fails_when_its_time_is_over(started: list[Process]) -> None:
    process = python(started, WAITS)
    with pytest.raises(AssertionError, match=r"0\.05 s were over"):
        process.wait_for_error(lambda line: "never" in line, timeout=0.05)


def test_a_frozen_command_goes_on_later(started: list[Process]) -> None:
    process = python(started, WAITS)
    process.wait_for_line("up".__eq__)
    process.sigstop()
    with pytest.raises(AssertionError, match="did not end"):
        process.stop(timeout=0.05)
    process.sigcont()
    assert process.wait() == -signal.SIGTERM
