"""Config: the keys, what each may be, and how it is read. One table row a key."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from notify_tui.config.retention import DEFAULT_RETENTION, Limit, read_retention
from notify_tui.errors import ConfigError, UsageError
from notify_tui.protocol.topic import check_pattern
from notify_tui.security.address import read_address
from notify_tui.security.network import check_network_name

MAX_WORD = 64
MAX_TAGS = 16
MAX_PATTERNS = 64
DEFAULT_NETWORK = "lan"
SHOWN = 60


class Config(Struct, frozen=True, kw_only=True):
    """What a node and its clients are told. Everything in it is valid.

    `interface` names addresses or interfaces, () is all that serve; `port` is the feed's (the
    exchange has the next one), None the usual ones; `connect` are HOST[:PORT]; `retention`
    ends with the limit of `>`. The tables belong to the screens and are read there.
    """

    name: str
    network: str = DEFAULT_NETWORK
    interface: tuple[str, ...] = ()
    port: int | None = None
    connect: tuple[str, ...] = ()
    multicast: bool = True
    keep: tuple[str, ...] = (">",)
    retention: tuple[Limit, ...] = DEFAULT_RETENTION
    tag: dict[str, str] = {}
    status: str = ""
    tui: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    notify: dict[str, Any] = {}


def _same(value: Any) -> Any:
    return value


def _word(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise UsageError("it has signs that cannot be seen")
    return text


def _interfaces(names: list[str]) -> tuple[str, ...]:
    if any(not name or any(map(str.isspace, name)) for name in names):
        raise UsageError("a name is empty or has white space")
    return tuple(names)


def _addresses(texts: list[str]) -> tuple[str, ...]:
    for text in texts:
        read_address(text)
    return tuple(texts)


def _patterns(texts: list[str]) -> tuple[str, ...]:
    return tuple(map(check_pattern, texts))


def _tags(pairs: list[str] | dict[str, str]) -> dict[str, str]:
    if isinstance(pairs, list):
        if odd := [pair for pair in pairs if "=" not in pair]:
            raise UsageError(f"{odd[0]!r} has no '='")
        pairs = dict(pair.split("=", 1) for pair in pairs)
    if len(pairs) > MAX_TAGS or not all(1 <= len(key) <= MAX_WORD for key in pairs):
        raise UsageError("there are too many tags, or one's name is empty or too long")
    if any(len(value) > MAX_WORD for value in pairs.values()):
        raise UsageError("a value is too long")
    return {_word(key): _word(value) for key, value in pairs.items()}


def _listed(text: str) -> list[str]:
    return [word for word in map(str.strip, text.split(",")) if word]


def _switch(text: str) -> bool:
    return {"true": True, "yes": True, "on": True, "1": True,
            "false": False, "no": False, "off": False, "0": False}[text.lower()]  # fmt: skip


class Key(NamedTuple):
    """How a key is read: its shape in TOML, a check that raises or gives the Config's value, and
    how its words are read in the environment (None: only TOML can say it)."""

    shape: Any
    allowed: str
    check: Callable[[Any], Any]
    worded: Callable[[str], Any] | None


_Name = Annotated[str, Meta(min_length=1, max_length=MAX_WORD)]
_Status = Annotated[str, Meta(max_length=MAX_WORD)]
_Port = Annotated[int, Meta(ge=1, le=65534)]
_Patterns = Annotated[list[str], Meta(min_length=1, max_length=MAX_PATTERNS)]
_TABLE = Key(dict[str, Any], "a table, written below its heading", _same, None)

KEYS = {
    "name": Key(_Name, f"a text of 1 to {MAX_WORD} visible signs", _word, str),
    "network": Key(str, "the name of a network, such as 'lan'", check_network_name, str),
    "interface": Key(
        list[str], "a list of addresses or interfaces, such as ['eth0']", _interfaces, _listed
    ),
    "port": Key(_Port, "a number from 1 to 65534", _same, int),
    "connect": Key(
        list[str], "a list of HOST or HOST:PORT, such as ['desk:7792']", _addresses, _listed
    ),
    "multicast": Key(bool, "true or false", _same, _switch),
    "keep": Key(
        _Patterns, f"a list of 1 to {MAX_PATTERNS} patterns, such as ['builds.>']", _patterns,
        _listed,
    ),
    "retention": Key(
        list[str], "a list of [PATTERN=]AGE and [PATTERN=]SIZE, such as ['30d', '2GiB', "
        "'builds.>=7d']", read_retention, _listed,
    ),
    "tag": Key(
        dict[str, str] | list[str], f"at most {MAX_TAGS} pairs of short texts, such as "
        "{ room = 'attic' } or room=attic", _tags, _listed,
    ),
    "status": Key(_Status, f"a text of at most {MAX_WORD} visible signs", _word, str),
    "tui": _TABLE,
    "keys": _TABLE,
    "notify": _TABLE,
}  # fmt: skip


def read_value(key: str, value: Any, label: str, *, worded: bool) -> Any:
    """The Config's value of a key of `KEYS`, whose source is called `label`.

    With `worded`, a text stands for what TOML has types for, lists separated by commas.

    Raises:
        ConfigError: naming the label, the value and what is allowed.
    """
    row = KEYS[key]
    try:
        if worded and isinstance(value, str):
            value = _from_words(row, value)
        return row.check(msgspec.convert(value, row.shape))
    except UsageError as error:
        raise _misfit(label, value, f"{row.allowed} ({error})") from None
    except (msgspec.ValidationError, ValueError, KeyError):
        raise _misfit(label, value, row.allowed) from None


def _from_words(row: Key, text: str) -> Any:
    if row.worded is None:
        raise UsageError("config.toml alone can say it")
    return row.worded(text)


def _misfit(label: str, value: Any, allowed: str) -> ConfigError:
    shown = repr(value)
    shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
    return ConfigError(f"{label} is {shown}; allowed is {allowed}")
