"""The lock: `flock` decides, the content says who."""

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from notify_tui.errors import NodeError
from notify_tui.node import lock
from notify_tui.node.lock import LockInfo

ME = LockInfo(lock.host(), os.getpid(), "/run/node.sock", {"interface": ["127.0.0.1"]}, 7)

HOLD = """
import sys
from pathlib import Path
from notify_tui.node import lock
path, host = sys.argv[1:]
import os
assert lock.take(Path(path), lock.LockInfo(host, os.getpid(), "/run/other.sock"))
print(flush=True)
sys.stdin.read()
"""


def held_elsewhere(path: Path, host: str = ME.host) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), host],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(lock.__file__).parents[2])},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "\n"
    return holder


def kill(holder: "subprocess.Popen[str]") -> None:
    with holder:
        holder.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "networks" / "lan" / "node.lock"


def test_who_takes_it_first_is_the_node_and_the_file_says_so(path: Path) -> None:
    first = lock.take(path, ME)
    assert first is not None
    assert lock.take(path, ME) is None
    assert lock.read(path) == ME
    first.release()


def test_without_a_file_nobody_is_the_node(path: Path) -> None:
    assert lock.read(path) is None


def test_a_released_lock_names_nobody_and_can_be_taken(path: Path) -> None:
    first = lock.take(path, ME)
    assert first is not None
    first.release()
    first.release()
    assert lock.read(path) is None
    assert path.read_bytes() == b""
    second = lock.take(path, ME)
    assert second is not None
    assert second.before is None
    second.release()


def test_another_process_holds_it_until_it_is_killed(path: Path) -> None:
    holder = held_elsewhere(path)
    seen = lock.read(path)
    taken_at_once = lock.take(path, ME)
    kill(holder)
    assert seen is not None
    assert (seen.pid, seen.socket) == (holder.pid, "/run/other.sock")
    assert taken_at_once is None
    assert lock.read(path) is None


def test_who_takes_it_after_a_kill_learns_what_was_left_behind(path: Path) -> None:
    kill(held_elsewhere(path))
    taken = lock.take(path, ME)
    assert taken is not None
    assert taken.before is not None
    assert taken.before.socket == "/run/other.sock"
    taken.release()


def test_a_lock_of_another_host_is_refused_and_kept(path: Path) -> None:
    kill(held_elsewhere(path, "nas"))
    content = path.read_bytes()
    with pytest.raises(NodeError, match="a node on nas"):
        lock.take(path, ME)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"\xff\0 nonsense", b'{"host":"nas","pid":99999999999999999999,"socket":""}']
)
def test_a_file_that_says_nothing_sensible_is_taken(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    taken = lock.take(path, ME)
    assert taken is not None
    assert lock.read(path) == ME
    taken.release()


def test_who_only_looks_keeps_nobody_from_taking_it(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    taken: list[lock.Lock | None] = []
    taker = threading.Thread(target=lambda: taken.append(lock.take(path, ME)))
    taker.start()
    os.close(looking)
    taker.join()
    assert taken[0] is not None
    taken[0].release()


def test_who_only_looks_at_a_dead_nodes_lock_delays_its_heirs_for_a_moment_only(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PROBE_PATIENCE", 0.01)
    kill(held_elsewhere(path))
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    assert lock.take(path, ME) is None
    os.close(looking)
    taken = lock.take(path, ME)
    assert taken is not None
    taken.release()


def test_a_holder_of_another_user_lives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_ours(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_ours)
    first = lock.take(path, ME)
    assert first is not None
    assert lock.take(path, ME) is None
    first.release()


def test_a_file_system_without_locks_is_an_error_with_a_way_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(fcntl, "flock", unsupported)
    with pytest.raises(NodeError, match=r"cannot be locked .* local disk"):
        lock.take(path, ME)
    assert lock.read(path) is None


def test_a_full_disk_is_an_error_and_leaves_the_lock_free(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(NodeError, match=r"node\.lock cannot be written: No space"):
            lock.take(path, ME)
    taken = lock.take(path, ME)
    assert taken is not None
    taken.release()


def test_of_many_that_take_it_at_once_one_becomes_the_node(path: Path) -> None:
    gate = threading.Barrier(16)
    taken: list[lock.Lock | None] = []

    def take() -> None:
        gate.wait()
        taken.append(lock.take(path, ME))

    takers = [threading.Thread(target=take) for _ in range(16)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    winners = [winner for winner in taken if winner]
    assert len(winners) == 1
    assert lock.read(path) == ME
    winners[0].release()


def test_a_place_where_no_file_can_be_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "node.lock").mkdir()
    with pytest.raises(NodeError, match=r"node\.lock cannot be opened"):
        lock.take(tmp_path / "node.lock", ME)
