"""Where a member can be reached: HOST or HOST:PORT, as in an invite or after `--connect`."""

from typing import NamedTuple

from notify_tui.errors import UsageError

MAX_ADDRESS = 255
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_ADDRESS = _NAME | frozenset(":%")


class Address(NamedTuple):
    """A host's name or IP address, and a port unless the usual one is meant."""

    host: str
    port: int | None


def read_address(text: str) -> Address:
    """Read `desk`, `desk:7792`, `10.0.0.7:7792`, `fe80::1%eth0` or `[fe80::1%eth0]:7792`.

    Raises:
        UsageError: it is none of these.
    """
    host, port = _split(text)
    allowed = _ADDRESS if ":" in host else _NAME
    if not host or len(text) > MAX_ADDRESS or not allowed.issuperset(host):
        raise _malformed(text)
    if port is None:
        return Address(host, None)
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise UsageError(f"address {text!r}: a port is a number from 1 to 65535")
    return Address(host, int(port))


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise _malformed(text)
        return host, rest[1:] if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _malformed(text: str) -> UsageError:
    return UsageError(
        f"address {text!r}: an address looks like desk, desk:7792, 10.0.0.7:7792 "
        "or [fe80::1%eth0]:7792"
    )
