"""Room: space on the disk, of which the log leaves some while it still can.

On a full disk even deleting fails, and so does moving what was committed to its place. So the
log stops taking events while `reserve` bytes are left, and keeps a ballast file whose bytes
it gives up if others have filled the disk to the brim.
"""

import os
from contextlib import suppress
from pathlib import Path

from notify_tui.errors import StoreError
from notify_tui.log.schema import PRIVATE

RESERVE = 32 * 1024 * 1024
BALLAST = 1024 * 1024
MIB = 1024 * 1024


class Room:
    """The space around the log at `path`; the ballast lies beside it."""

    def __init__(self, path: Path, reserve: int = RESERVE, ballast: int = BALLAST) -> None:
        self._directory = path.parent
        self._ballast = path.with_suffix(".ballast")
        self._reserve = reserve
        self._size = ballast
        self._laid = False

    def free(self) -> int:
        """Bytes that are left for this user.

        Raises:
            OSError: the directory is gone.
        """
        stat = os.statvfs(self._directory)
        return stat.f_bavail * stat.f_frsize

    def check(self) -> None:
        """See whether there is room for events.

        Raises:
            StoreError: only the reserve is left.
            OSError: the directory is gone.
        """
        if (free := self.free()) < self._reserve:
            raise StoreError(
                f"the disk that holds {self._directory} is nearly full ({free / MIB:.1f} MiB left, "
                f"{self._reserve / MIB:.1f} are kept to clean up with); make room, and publishing "
                "goes on"
            )

    def lay(self) -> None:
        """Have the ballast in its place, if there is room for it beside the reserve."""
        if self._laid:
            return
        with suppress(OSError):
            if self._ballast.exists() and self._ballast.stat().st_size == self._size:
                self._laid = True
            elif self.free() >= self._reserve + self._size:
                self._write()
                self._laid = True

    def release(self) -> None:
        """Give the ballast up."""
        self._laid = False
        with suppress(OSError):
            self._ballast.unlink(missing_ok=True)

    def _write(self) -> None:
        """Bytes that no file system can compress away."""
        descriptor = os.open(self._ballast, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE)
        with open(descriptor, "wb") as file:  # noqa: PTH123  (made private first)
            file.write(os.urandom(self._size))
