"""Paths: where a home keeps its things, and where its control sockets are."""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from notify_tui.errors import ConfigError, RefusedError
from notify_tui.security.private import make_private_directory, told

APP = "notify-tui"
MAX_SOCKET = 100
"""Bytes in a socket's path; systems take 104 to 108."""
_USERS_RUN = Path("/run/user")
_TMP = Path("/tmp")  # noqa: S108  (whose directory it is there is checked)


class Paths:
    """The files of a home; `environ` tells where the user's runtime directory is."""

    __slots__ = ("_environ", "config_file", "home", "identity", "networks")

    def __init__(self, home: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.home = home
        self._environ = environ
        self.config_file = home / "config.toml"
        self.identity = home / "identity.key"
        self.networks = home / "networks"

    def network(self, name: str) -> Path:
        """A network's directory."""
        return self.networks / name

    def log(self, name: str) -> Path:
        """A network's events."""
        return self.networks / name / "log.db"

    def search(self, name: str) -> Path:
        """A network's index, which can be made anew from its log."""
        return self.networks / name / "search.db"

    def lock(self, name: str) -> Path:
        """The lock of the one node, which names it and its socket."""
        return self.networks / name / "node.lock"

    def starts(self, name: str) -> Path:
        """The start counter beside the log: an old copy of a log betrays itself by it."""
        return self.networks / name / "starts"

    def socket(self, name: str) -> Path:
        """The control socket of the node, in the runtime directory, which is made.

        Raises:
            RefusedError: the runtime directory is not this user's alone.
        """
        return runtime_dir(self._environ) / _socket_name(self.home, name)

    def prepare(self, name: str) -> Path:
        """Make the home and a network's directory, private both; returns the latter.

        Raises:
            RefusedError: no permission, or others may write there.
            StoreError: they cannot be made.
        """
        make_private_directory(self.home)
        make_private_directory(self.network(name))
        return self.network(name)


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The platform's user data directory for this program.

    Raises:
        ConfigError: this user has no home directory.
    """
    if sys.platform != "linux":
        from platformdirs import user_data_path  # noqa: PLC0415  (takes 10 ms)

        return user_data_path(APP, appauthor=False)
    base = Path(environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else _user_home(environ) / ".local" / "share") / APP


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The directory of this user's control sockets, made if need be, which nobody else enters.

    It is in the user's runtime directory, or in /tmp if there is none or its name is too long.

    Raises:
        RefusedError: somebody else owns the directory, or others may enter it.
        StoreError: it cannot be made.
    """
    for base in _runtime_bases(environ):
        directory = base / APP
        if _is_own(base) and len(os.fsencode(directory / _socket_name(base, ""))) < MAX_SOCKET:
            return _entered_alone(directory)
    return _entered_alone(_TMP / f"{APP}-{os.geteuid()}")


def _runtime_bases(environ: Mapping[str, str]) -> Iterator[Path]:
    if given := environ.get("XDG_RUNTIME_DIR"):
        yield Path(given)
    if sys.platform == "linux":
        yield _USERS_RUN / str(os.geteuid())
    else:
        from platformdirs import user_runtime_path  # noqa: PLC0415

        with suppress(OSError):
            yield user_runtime_path(APP, appauthor=False).parent


def _is_own(directory: Path) -> bool:
    try:
        found = directory.stat()
    except OSError:
        return False
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return own and not found.st_mode & 0o022 and directory.is_absolute()


def _entered_alone(directory: Path) -> Path:
    with told("make the directory", directory):
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise RefusedError(
            f"{directory} is not this user's directory; remove it, or set XDG_RUNTIME_DIR to one "
            "that is"
        )
    if found.st_mode & 0o077:
        raise RefusedError(
            f"others may enter {directory} (mode {found.st_mode & 0o777:04o}); make it yours "
            f"alone: chmod 700 {directory}"
        )
    return directory


def _socket_name(home: Path, network: str) -> str:
    named = os.fsencode(home.resolve()) + b"\0" + network.encode()
    return blake2b(named, digest_size=8, person=b"ntui.socket").hexdigest() + ".sock"


def _user_home(environ: Mapping[str, str]) -> Path:
    given = environ.get("HOME")
    try:
        return Path(given) if given else Path.home()
    except RuntimeError:
        raise ConfigError(
            "this user has no home directory; say where things are with --home or NOTIFY_TUI_HOME"
        ) from None
