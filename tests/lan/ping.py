"""ICMP echo: `ping.py ADDRESS COUNT SECONDS` prints the round trips in ms that came in time."""

import select
import socket
import struct
import sys
import time

ECHO_REQUEST, ECHO_REPLY = 8, 0
BURST = 20


def checksum(packet: bytes) -> int:
    """RFC 1071, for an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def request(number: int) -> bytes:
    """An echo request that carries its number and the time."""
    body = struct.pack("!d", time.monotonic())
    bare = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, 77, number) + body
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum(bare), 77, number) + body


def ping(address: str, count: int, seconds: float) -> list[float]:
    """Round trips of the answers; a burst is sent for every answered one, or every 10 ms."""
    trips: list[float] = []
    deadline = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sent = 0
        while len(trips) < count and time.monotonic() < deadline:
            for number in range(sent, min(sent + BURST, count)):
                sock.sendto(request(number), (address, 0))
            sent = min(sent + BURST, count)
            while select.select([sock], [], [], 0.01)[0]:
                packet = sock.recv(2000)
                if packet[20] == ECHO_REPLY:
                    trips.append((time.monotonic() - struct.unpack("!d", packet[28:36])[0]) * 1000)
    return trips


if __name__ == "__main__":
    for trip in ping(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])):
        print(trip)
