"""Who is the node of a home and network: `flock` decides, the file's content says who it is.

A socket file proves nothing (it survives, and binding over a live one succeeds). The kernel
drops the lock with the process, whatever ended it; a clean end empties the file as well.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from notify_tui.errors import NodeError

PROBE_PATIENCE = 0.1
"""Seconds that `take` gives others who only look: they hold the lock for microseconds."""


class LockInfo(Struct, frozen=True):
    """The node behind a lock: `socket` is its control socket, `options` what it began with."""

    host: str
    pid: Annotated[int, Meta(ge=1, lt=2**31)]
    socket: str
    options: dict[str, Any] = {}
    started: int = 0


class TakenError(NodeError):
    """Another process is the node already."""


class Lock:
    """The lock, held until `release` or the end of the process.

    `before` is the node that ended without letting go, if one did.
    """

    def __init__(self, descriptor: int, before: LockInfo | None) -> None:
        self._descriptor = descriptor
        self.before = before

    def release(self) -> None:
        """Empty the file and let go; harmless the second time."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1


def take(path: Path, info: LockInfo) -> Lock | None:
    """Become the node, or None when another process is.

    Raises:
        NodeError: the file cannot be used, or it names a node on another host.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NodeError(f"the lock file {path} cannot be opened: {error.strerror}") from None
    try:
        if not _locked(path, descriptor):
            os.close(descriptor)
            return None
        before = _content(descriptor)
        _refuse_other_host(path, before, info.host)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(info) + b"\n", 0)
    except NodeError:
        os.close(descriptor)
        raise
    except OSError as error:
        os.close(descriptor)
        raise NodeError(f"{path} cannot be written: {error.strerror}") from None
    return Lock(descriptor, before)


def read(path: Path) -> LockInfo | None:
    """The node that runs on this host, or None. Free of side effects and cheap."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _content(descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def host() -> str:
    """What a lock calls this machine."""
    return os.uname().nodename


def _locked(path: Path, descriptor: int) -> bool:
    deadline = time.monotonic() + PROBE_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            holder = _content(descriptor)
            if (holder and _lives(holder.pid)) or time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        except OSError as error:
            raise NodeError(
                f"{path} cannot be locked ({error.strerror}): "
                "put the home on a local disk (--home, NOTIFY_TUI_HOME)"
            ) from None


def _content(descriptor: int) -> LockInfo | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, 65_536, 0), type=LockInfo)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_other_host(path: Path, holder: LockInfo | None, own: str) -> None:
    if holder and holder.host != own:
        raise NodeError(
            f"{path} belongs to a node on {holder.host} (pid {holder.pid}): a home serves one "
            "machine. Choose another one (--home, NOTIFY_TUI_HOME), or delete the file if that "
            "node is gone"
        )
