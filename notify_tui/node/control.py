"""Control: the socket of local clients, over ipc for other processes and inproc for this one."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import zmq

from notify_tui.errors import NodeError, WireError
from notify_tui.node.poll import Poll
from notify_tui.node.ready import INPROC, TO_ALL
from notify_tui.node.transport import MORE, routed
from notify_tui.protocol.control import (
    AnyQuestion,
    AnyReply,
    Attach,
    Detach,
    Done,
    Moved,
    Refused,
    decode_question,
    encode_control,
)

CLIENT_DEPTH = 1024
_OPTIONS = {
    zmq.LINGER: 500,
    zmq.ROUTER_MANDATORY: 1,
    zmq.MAXMSGSIZE: 128 * 1024 * 1024,
    zmq.SNDHWM: CLIENT_DEPTH,
    zmq.RCVHWM: CLIENT_DEPTH,
}


class Control:
    """Used from the node's thread alone.

    `clients` are the labels of those who attached and did not leave; `alone`, for any thread,
    is set while there are none.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        poll: Poll,
        on_question: Callable[[bytes, AnyQuestion], None],
        on_gone: Callable[[bytes], None],
    ) -> None:
        self._poll = poll
        self._on_question = on_question
        self._on_gone = on_gone
        self.clients: dict[bytes, str] = {}
        self.alone = threading.Event()
        self.alone.set()
        self._socket = context.socket(zmq.ROUTER)
        for option, value in _OPTIONS.items():
            self._socket.set(option, value)
        self._source = poll.add(self._socket, self._take)

    def bind(self, path: str) -> None:
        """Listen at a path that belongs to this user alone.

        Raises:
            NodeError: it cannot be used.
        """
        try:
            self._socket.bind(INPROC)
            self._socket.bind(f"ipc://{path}")
            Path(path).chmod(0o600)
        except (zmq.ZMQError, OSError) as error:
            raise NodeError(f"the control socket {path} cannot be made: {error.strerror}") from None

    def reply(self, client: bytes, reply: AnyReply) -> None:
        """Answer a client; one that is gone is reported, one that does not read is not awaited."""
        try:
            self._socket.send(client, MORE)
            self._socket.send(encode_control(reply), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH and client in self.clients:
                self._forget(client)
                self._on_gone(client)
        self._poll.touch(self._source)

    def probe(self) -> None:
        """Say something meaningless to every client, to learn which of them are gone."""
        for client in list(self.clients):
            self.reply(client, Done(TO_ALL))

    def close(self, word: Refused | Moved) -> None:
        """Tell every client why it is left alone, and close."""
        for client in list(self.clients):
            self.reply(client, word)
        self._poll.pause(self._source)
        self._socket.close()

    def take_all(self) -> None:
        """Take what clients have asked by now."""
        if self._source.speaks():
            self._poll.drain(self._source)

    def _take(self) -> None:
        client, frame = routed(self._socket)
        with suppress(WireError):  # a local program of another make; it gets no answer
            self._question(client, decode_question(frame))

    def _question(self, client: bytes, question: AnyQuestion) -> None:
        match question:
            case Attach(label=label):
                self.clients[client] = label
                self.alone.clear()
            case Detach():
                self._forget(client)
        self._on_question(client, question)

    def _forget(self, client: bytes) -> None:
        self.clients.pop(client, None)
        if not self.clients:
            self.alone.set()
