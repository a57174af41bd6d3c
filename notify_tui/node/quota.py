"""Quota: how much of the feed's subscriptions one address may hold. Who wants more is shown out.

A subscription costs the publisher memory for as long as its connection lasts. ZeroMQ reports
each prefix once, when the first subscriber brings it and when the last one drops it; so a
prefix is charged to the address that brought it.
"""

import os
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import zmq

PREFIXES = 4096
"""Of one address: a mesh of 60 nodes behind it, with as many patterns as a node may have."""


class Quota:
    """`deny` keeps an address from connecting again."""

    def __init__(self, deny: Callable[[str], None], limit: int = PREFIXES) -> None:
        self._deny = deny
        self._limit = limit
        self._bearers: dict[bytes, str] = {}
        self._counts: Counter[str] = Counter()

    def take(self, frame: zmq.Frame) -> None:
        """A subscription (1, prefix) or its end (0, prefix) has come in."""
        said = frame.bytes
        prefix = said[1:]
        if said[:1] == b"\0":
            self._drop(prefix)
        elif said[:1] == b"\1" and (address := _address(frame)):
            self._drop(prefix)
            self._bearers[prefix] = address
            self._counts[address] += 1
            if self._counts[address] > self._limit:
                self._deny(address)
                _hang_up(frame, address)

    def _drop(self, prefix: bytes) -> None:
        if bearer := self._bearers.pop(prefix, None):
            self._counts[bearer] -= 1
            if not self._counts[bearer]:
                del self._counts[bearer]


def _address(frame: zmq.Frame) -> str | None:
    with suppress(zmq.ZMQError):
        return str(frame.get("Peer-Address"))
    return None


def _hang_up(frame: zmq.Frame, address: str) -> None:
    """End the connection that a frame came over; ZeroMQ has no call for that."""
    with suppress(OSError, zmq.ZMQError):
        descriptor = os.dup(int(frame.get(zmq.SRCFD)))
        with socket.socket(fileno=descriptor) as connection:
            # The number may belong to another connection by now.
            if connection.getpeername()[0] == address:
                connection.shutdown(socket.SHUT_RDWR)
