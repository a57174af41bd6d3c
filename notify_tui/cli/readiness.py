"""systemd's readiness protocol: a datagram to the socket that NOTIFY_SOCKET names."""

import os
import socket


def tell_systemd(state: str) -> None:
    """Send `READY=1` or `STOPPING=1`; without NOTIFY_SOCKET, or if nobody listens, nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address)
    except OSError:
        return
