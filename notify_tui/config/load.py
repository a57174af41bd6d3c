"""How the effective configuration comes about: file < environment < options."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from notify_tui.config.nearest import nearest
from notify_tui.config.paths import Paths, default_home
from notify_tui.config.schema import DEFAULT_NETWORK, KEYS, MAX_WORD, Config, read_value
from notify_tui.config.toml import read_toml
from notify_tui.errors import ConfigError, UnknownError
from notify_tui.security.network import Network, load_network, open_network

_PREFIX = "NOTIFY_TUI_"
HOME = _PREFIX + "HOME"
EVENT_VARIABLES = tuple(
    _PREFIX + word
    for word in (
        "ID", "TOPIC", "ORIGIN", "ORIGIN_ID", "TIME", "KIND", "TITLE", "TEXT", "PRIORITY", "TAGS",
    )
)  # fmt: skip
"""What `--exec` tells its command; a notify-tui called by that command passes them by."""


class Effective(NamedTuple):
    """The configuration in force, where each value came from, and where things are.

    `sources` has every key of `config` and `home`: `default`, `config.toml`, a variable's or
    an option's name. `given` is what environment and options said, as JSON-shaped options
    for a later `load_config`.
    """

    config: Config
    sources: dict[str, str]
    paths: Paths
    given: dict[str, Any]

    def on(self, network: str) -> "Effective":
        """The same on another network, as if config.toml named it."""
        sources = {**self.sources, "network": self.paths.config_file.name}
        return self._replace(config=replace(self.config, network=network), sources=sources)


class _Said(NamedTuple):
    key: str
    value: Any
    source: str
    label: str


def load_config(
    home: Path | None, options: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> Effective:
    """The effective configuration of a home; it need not exist yet, and nothing is written.

    Args:
        home: the option `--home`; None leaves it to `NOTIFY_TUI_HOME` and the platform.
        options: by key, as typed values or as text; None and () were not given.
        environ: the environment.

    Raises:
        ConfigError: an unknown key, a value that is not allowed, or a file that cannot be read.
    """
    place, source = _find_home(home, environ)
    paths = Paths(place, environ)
    sources = dict.fromkeys(KEYS, "default") | {"home": source}
    values: dict[str, Any] = {"name": _default_name(environ)}
    for said in _from_file(paths.config_file):
        values[said.key] = read_value(said.key, said.value, said.label, worded=False)
        sources[said.key] = said.source
    given: dict[str, Any] = {}
    for said in (*_from_environment(environ), *_from_options(options)):
        values[said.key] = read_value(said.key, said.value, said.label, worded=True)
        sources[said.key] = said.source
        given[said.key] = list(said.value) if isinstance(said.value, tuple) else said.value
    return Effective(Config(**values), sources, paths, given)


def active_network(effective: Effective) -> Network:
    """The network that the configuration names; a fresh home has the open network `lan`.

    Raises:
        UnknownError: there is none of that name here.
        NotifyError: its key cannot be read.
    """
    name = effective.config.network
    try:
        return load_network(effective.paths.network(name))
    except UnknownError:
        if name == DEFAULT_NETWORK:
            return open_network(name)
        raise


def _find_home(home: Path | None, environ: Mapping[str, str]) -> tuple[Path, str]:
    variable = environ.get(HOME)
    if home is not None:
        place, source = home, "--home"
    elif variable is None:
        place, source = default_home(environ), "default"
    elif variable:
        place, source = Path(variable), HOME
    else:
        raise ConfigError(f"{HOME} is empty; allowed is a directory")
    # os.path, since it neither raises nor keeps '..'
    place = Path(os.path.abspath(os.path.expanduser(place)))  # noqa: PTH100, PTH111
    if os.path.exists(place) and not os.path.isdir(place):  # noqa: PTH110, PTH112
        raise ConfigError(f"{source} is {str(place)!r}, a file; allowed is a directory")
    return place, source


def _from_file(path: Path) -> Iterator[_Said]:
    for key, value in read_toml(path).items():
        if key not in KEYS:
            raise ConfigError(f"{path}: unknown key {key!r}; {nearest(key, KEYS)}")
        yield _Said(key, value, path.name, f"{path}: {key}")


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Said]:
    known = {key.upper(): key for key, row in KEYS.items() if row.worded}
    for name, text in environ.items():
        word = name.removeprefix(_PREFIX)
        if word == name or name in (HOME, *EVENT_VARIABLES):
            continue
        if word not in known:
            meant = nearest(word, ("HOME", *known), _PREFIX)
            raise ConfigError(f"unknown environment variable {name}; {meant}")
        yield _Said(known[word], text, name, name)


def _from_options(options: Mapping[str, Any]) -> Iterator[_Said]:
    for key, value in options.items():
        if key not in KEYS:
            raise ConfigError(f"unknown option {key!r}; {nearest(key, KEYS)}")
        option = "--no-multicast" if key == "multicast" and value is False else f"--{key}"
        if value is not None and value != ():
            yield _Said(key, value, option, option)


def _default_name(environ: Mapping[str, str]) -> str:
    user = environ.get("LOGNAME") or environ.get("USER") or _account_name()
    host = os.uname().nodename.partition(".")[0]
    name = f"{user}@{host}" if host else user
    return "".join(filter(str.isprintable, name)).strip()[:MAX_WORD] or "somebody"


def _account_name() -> str:
    import pwd  # noqa: PLC0415  (only where no variable names the user: cron, services)

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid{os.geteuid()}"
