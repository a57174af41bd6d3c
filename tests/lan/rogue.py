"""An outsider on the LAN: `rogue.py SECONDS NETWORK ADDRESS [PEER…]`.

For that long it floods mDNS with invented nodes of the (opaque) network, forges records and
goodbyes of the named peers, and holds connections to ADDRESS that stall or talk nonsense.
"""

import os
import select
import socket
import struct
import sys
import time
from base64 import b32encode
from collections.abc import Iterator
from contextlib import suppress

SERVICE = "_notify-tui._tcp.local"
RESPONSE = 0x8400
A, PTR, TXT, SRV = 1, 12, 16, 33
GROUP = ("224.0.0.251", 5353)
NOWHERE = "10.77.0.250"
PORTS = 7791, 7792
CONNECTIONS = 100
GREETING = b"\xff" + bytes(8) + b"\x7f\x03"
MINUTES = 4500
PACE = 0.001


def encoded(name: str) -> bytes:
    """A domain name as DNS writes it."""
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def record(name: str, kind: int, ttl: int, data: bytes) -> bytes:
    """A resource record of the Internet class."""
    return encoded(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def forged(peer: str, network: str, ttl: int) -> bytes:
    """What a node would announce, but leading nowhere; a `ttl` of 0 takes it back."""
    name, server = f"{peer}.{SERVICE}", f"{peer}.local"
    text = b"".join(bytes([len(entry)]) + entry for entry in (b"v=1", b"n=" + network.encode()))
    service = struct.pack("!3H", 0, 0, PORTS[1]) + encoded(server)
    records = [
        record(SERVICE, PTR, ttl, encoded(name)),
        record(name, SRV, ttl, service),
        record(name, TXT, ttl, text),
        record(server, A, ttl, socket.inet_aton(NOWHERE)),
    ]
    return struct.pack("!6H", 0, RESPONSE, 0, len(records), 0, 0) + b"".join(records)


def lies(network: str, peers: list[str]) -> Iterator[bytes]:
    """Forgeries without end."""
    while True:
        for peer in peers:
            yield forged(peer, network, MINUTES)
            yield forged(peer, network, 0)
        for _ in range(20):
            yield forged(b32encode(os.urandom(10)).decode().lower(), network, MINUTES)


def connections(address: str) -> Iterator[socket.socket]:
    """Connections to every port that stall, stall inside the handshake, or talk nonsense."""
    for number in range(CONNECTIONS):
        for port in PORTS:
            with suppress(OSError):
                connection = socket.create_connection((address, port), timeout=1)
                connection.sendall((b"", GREETING, os.urandom(2000))[number % 3])
                yield connection


def misbehave(seconds: float, network: str, address: str, peers: list[str]) -> None:
    """All of it at once; connections are made anew when they were used up."""
    deadline = time.monotonic() + seconds
    speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    speaker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    speaker.bind(("", GROUP[1]))
    held: list[socket.socket] = []
    fresh = connections(address)
    for number, lie in enumerate(lies(network, peers)):
        if time.monotonic() > deadline:
            return
        speaker.sendto(lie, GROUP)
        if number % 5 == 0:
            held += [connection for connection in [next(fresh, None)] if connection]
        if number == CONNECTIONS:
            print("busy", flush=True)
        if len(held) == CONNECTIONS:
            held.clear()
            fresh = connections(address)
        select.select([], [], [], PACE)


if __name__ == "__main__":
    misbehave(float(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
