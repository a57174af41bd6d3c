"""Files and directories that nobody else on this machine may read or replace.

What the system answers becomes a sentence: `RefusedError` for a missing permission,
`StoreError` for the rest (disk full, read-only, a file where a directory should be).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from notify_tui.errors import RefusedError, StoreError

MAX_BYTES = 64 * 1024
"""Of a private file: keys and identities are small."""


@contextmanager
def told(action: str, path: Path, *passing: type[OSError]) -> Iterator[None]:
    """What the system refuses inside is said in a sentence: `cannot ACTION PATH: why`.

    The `passing` errors are left to a caller who knows what they mean.
    """
    try:
        yield
    except passing:
        raise
    except OSError as error:
        kind = RefusedError if isinstance(error, PermissionError) else StoreError
        raise kind(f"cannot {action} {path}: {(error.strerror or str(error)).lower()}") from None


def make_private_directory(path: Path) -> None:
    """Make a directory, with what is missing above it, that only its owner enters.

    One that exists is left as it is, unless others may write in it.

    Raises:
        RefusedError: no permission, or others may replace what is kept there.
        StoreError: it cannot be made, or is a file.
    """
    with told("make the directory", path):
        missing = [place for place in (path, *path.parents) if not place.is_dir()]
        try:
            for place in reversed(missing):
                place.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError as error:
            raise StoreError(f"{error.filename} is a file; it must be a directory") from None
        mode = path.stat().st_mode & 0o777
    if mode & 0o022:
        raise RefusedError(
            f"others may write in {path} (mode {mode:04o}); make it yours alone: chmod 700 {path}"
        )


def read_private(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        FileNotFoundError: there is none.
        RefusedError: no permission, or others may read it.
        StoreError: it cannot be read.
    """
    with told("read", path, FileNotFoundError), path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise RefusedError(
                f"others may read {path} (mode {mode:04o}); make it yours alone: chmod 600 {path}"
            )
        return file.read(MAX_BYTES)


def write_private(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write or replace a file as a whole: after a crash it is the old one or the new one.

    Raises:
        RefusedError: no permission.
        StoreError: it cannot be written.
    """
    with told("write", path):
        draft = _written_draft(path, data, mode)
        with _gone_on_failure(draft):
            draft.replace(path)
        _sync_directory(path.parent)


def create_private(path: Path, data: bytes) -> bool:
    """Write a file as a whole unless it exists; of several at once, one alone returns True.

    Raises:
        RefusedError: no permission.
        StoreError: it cannot be written.
    """
    with told("write", path):
        draft = _written_draft(path, data, 0o600)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        _sync_directory(path.parent)
    return True


def _written_draft(path: Path, data: bytes, mode: int) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with _gone_on_failure(draft), os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    return draft


@contextmanager
def _gone_on_failure(draft: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot sync a directory, and need not
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
