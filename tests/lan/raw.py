"""A rogue: `raw.py HOST:PORT SECONDS [SERVER PUBLIC SECRET]` prints how many bytes a port gave it.

Keys are Z85: the server's public key, and a pair of its own. It subscribes to everything and
greets, as a member would, over every kind of socket that might be listened to.
"""

import os
import sys
import time

import zmq

from notify_tui.protocol.wire import CHALLENGE_BYTES, VERSION, Greet, encode_message

KINDS = zmq.SUB, zmq.XSUB, zmq.DEALER, zmq.REQ, zmq.PULL


def dial(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, place: str, keys: list[bytes]
) -> zmq.Socket[bytes]:
    """A socket that connects with these keys, or with none, and has said what it can say."""
    socket: zmq.Socket[bytes] = context.socket(kind)
    socket.linger = 0
    if keys:
        socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = keys
    socket.connect(f"tcp://{place}")
    if kind == zmq.SUB:
        socket.subscribe(b"")
    elif kind == zmq.XSUB:
        socket.send(b"\x01")
    elif kind in (zmq.DEALER, zmq.REQ):
        socket.send(encode_message(Greet(1, VERSION, os.urandom(CHALLENGE_BYTES))))
    return socket


def take(place: str, seconds: float, keys: list[bytes]) -> int:
    """How many bytes come within that time."""
    taken = 0
    deadline = time.monotonic() + seconds
    with zmq.Context() as context:
        sockets = [dial(context, kind, place, keys) for kind in KINDS]
        poller = zmq.Poller()
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            for socket, _ in poller.poll(int(left * 1000) + 1):
                taken += sum(map(len, socket.recv_multipart()))
        for socket in sockets:
            socket.close()
    return taken


if __name__ == "__main__":
    print(take(sys.argv[1], float(sys.argv[2]), [key.encode() for key in sys.argv[3:]]))
