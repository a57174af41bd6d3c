"""Joins two interfaces, each frame some milliseconds late: `relay.py ONE OTHER MS`.

The kernel's own netem is missing from many machines; packet sockets are in all of them.
"""

import select
import socket
import sys
import time
from collections import deque

SOL_PACKET = 263
PACKET_VNET_HDR = 15  # frames that wait for segmentation or checksums pass as they are
PACKET_IGNORE_OUTGOING = 23
ALL_PROTOCOLS = 3
LARGEST = 70_000


def open_port(interface: str) -> socket.socket:
    """A socket that sees and sends whole frames of an interface."""
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    port.bind((interface, ALL_PROTOCOLS))
    return port


def relay(one: socket.socket, other: socket.socket, delay: float) -> None:
    """Pass frames both ways, `delay` seconds late, for ever."""
    towards = {one: other, other: one}
    waiting: deque[tuple[float, socket.socket, bytes]] = deque()
    while True:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for port in select.select([one, other], [], [], timeout)[0]:
            waiting.append((time.monotonic() + delay, towards[port], port.recv(LARGEST)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, port, frame = waiting.popleft()
            send(port, frame)


def send(port: socket.socket, frame: bytes) -> None:
    """Send a frame; where the link is down it is lost, as on a cable."""
    try:
        port.send(frame)
    except OSError:
        return


if __name__ == "__main__":
    ports = open_port(sys.argv[1]), open_port(sys.argv[2])
    print("ready", flush=True)
    relay(*ports, float(sys.argv[3]) / 1000)
