"""The gate: who does not hold the network key gets not one byte of an event, nor gives one.

CURVE proves the key on both ends: a connecting socket expects the `server` key, and the ZAP
handler here admits the `client` key alone. ZeroMQ asks the handler at each handshake, over
inproc and within one context, so it lives in the node's own poll loop.
"""

from contextlib import suppress

import zmq
from zmq.utils import z85

from notify_tui.security.network import CurveKeys

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_VERSION = b"1.0"
DOMAIN = b"notify-tui"
HANDSHAKE_MS = 2000

_ADMITTED = (b"200", b"OK")
_DENIED = (b"400", b"not a member")


class Gate:
    """The ZAP handler of a context; its owner polls `socket` and calls `answer`.

    While nobody answers, or after `close`, nobody gets in.

    Args:
        context: the context of the guarded sockets.
        client_public: the key that is admitted, as Z85.

    Raises:
        zmq.ZMQError: the context has a handler already.
    """

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", client_public: bytes) -> None:
        self._admitted = z85.decode(client_public)
        self._denied: set[bytes] = set()
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        try:
            self.socket.bind(ZAP_ENDPOINT)
        except zmq.ZMQError:
            self.socket.close()
            raise

    def answer(self) -> None:
        """Answer one request, whatever was asked.

        Raises:
            zmq.Again: there is none.
        """
        request = self.socket.recv_multipart(zmq.NOBLOCK)
        if reply := self._reply(request):
            with suppress(zmq.ZMQError):
                self.socket.send_multipart(reply, zmq.NOBLOCK)

    def deny(self, address: str) -> None:
        """Admit nobody from this IP address any more; connections that exist stay."""
        self._denied.add(address.encode())

    def close(self) -> None:
        """Stop answering: from now on every handshake fails."""
        self.socket.close()

    def _reply(self, request: list[bytes]) -> list[bytes] | None:
        """The answer to a request; None if it is none, for which ZAP has no answer."""
        if len(request) < 4 or request[1] or request[2] != ZAP_VERSION:
            return None
        routing_id, delimiter, version, number = request[:4]
        code, reason = _ADMITTED if self._admits(request[4:]) else _DENIED
        return [routing_id, delimiter, version, number, code, reason, b"", b""]

    def _admits(self, asked: list[bytes]) -> bool:
        match asked:
            case [domain, address, _, b"CURVE", key]:
                known = domain == DOMAIN and key == self._admitted
                return known and address not in self._denied
        return False


def guard_server(socket: zmq.SyncSocket, keys: CurveKeys) -> None:
    """Let only members in; before the socket is bound."""
    socket.curve_server = True
    socket.curve_secretkey = keys.server_secret
    socket.curve_publickey = keys.server_public
    socket.zap_domain = DOMAIN
    # Without this, whoever knows the public server key is let in while the handler is missing.
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    socket.handshake_ivl = HANDSHAKE_MS


def guard_client(socket: zmq.SyncSocket, keys: CurveKeys) -> None:
    """Talk only to members; before the socket is connected."""
    socket.curve_serverkey = keys.server_public
    socket.curve_secretkey = keys.client_secret
    socket.curve_publickey = keys.client_public
    socket.handshake_ivl = HANDSHAKE_MS
