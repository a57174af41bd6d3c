"""config.toml as a text: read, and changed in one place so that its comments stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from notify_tui.config.paths import Paths
from notify_tui.config.schema import read_value
from notify_tui.errors import ConfigError
from notify_tui.security.private import make_private_directory, told, write_private

Value = str | int | bool | list[str] | dict[str, str]


class _Statement(NamedTuple):
    """A top-level `key = value` of the text, from its first sign to its line's end."""

    start: int
    end: int
    says: dict[str, Any]


def read_toml(path: Path) -> dict[str, Any]:
    """What the file says; nothing if there is none.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    return _parsed(path, _text_of(path))


def set_config_value(paths: Paths, key: str, value: Value) -> None:
    """Change one key of `KEYS` in config.toml, or add it; every other line stays as it was.

    Raises:
        ConfigError: the value is not allowed, or the file cannot be read or changed so.
        RefusedError, StoreError: the file cannot be written.
    """
    path = paths.config_file
    read_value(key, value, f"{path}: {key}", worded=False)
    text = _text_of(path)
    wanted = _parsed(path, text) | {key: value}
    changed = _changed(text, key, f"{key} = {_toml(value)}")
    if _says(changed) != wanted:
        raise ConfigError(f"{path}: {key} is written in an unusual way; change it in an editor")
    make_private_directory(paths.home)
    _replace(path, changed)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or '').lower()}") from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    if not text:
        return {}
    import tomllib  # noqa: PLC0415  (a home without config.toml need not load it)

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # int() refuses 5,000 digits in its own way
        raise ConfigError(f"{path} is no TOML: {error}; texts stand in quotes") from None


def _says(text: str) -> dict[str, Any] | None:
    """What a text says as TOML, None if it is none."""
    import tomllib  # noqa: PLC0415

    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _changed(text: str, key: str, line: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    end = 0
    for statement in _statements(text):
        if key in statement.says:
            old = text[statement.start : statement.end]
            return text[: statement.start] + line + _comment(old) + text[statement.end :]
        end = statement.end
    before, after = text[:end], text[end:]
    if end:
        return before + newline + line + (after or newline)
    return line + newline + (newline + after if after else "")


def _statements(text: str) -> Iterator[_Statement]:
    """The statements above the first heading: each is the shortest run of lines that is TOML."""
    start = end = 0
    lines = text.split("\n")
    for line in lines:
        end += len(line)
        run = text[start:end].rstrip("\r")
        says = _says(run)
        if says is not None:
            if run.lstrip().startswith("["):
                return
            if says:
                yield _Statement(start, start + len(run), says)
            start = end + 1
        end += 1


def _comment(statement: str) -> str:
    """What follows the value, with the white space before it."""
    says = _says(statement)
    for at, sign in enumerate(statement):
        if sign == "#" and _says(statement[:at]) == says:
            return statement[len(statement[:at].rstrip()) :]
    return ""


def _toml(value: Value) -> str:
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{_toml(key)} = {_toml(said)}" for key, said in value.items()) + " }"
        )
    # JSON's texts, lists, numbers and switches are TOML's, but for DEL.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _replace(path: Path, text: str) -> None:
    """Write the file that the path leads to: a link into somebody's dotfiles stays one."""
    with told("write", path):
        target = path.resolve()
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    write_private(target, text.encode(), mode)
