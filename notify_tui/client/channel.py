"""Channel: a client's questions and the node's answers, over the control socket.

It notices when the node has ended (its lock is free, or it said so) and when it is stopped: a
node that lives answers at once, since its thread never waits for a disk.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import zmq

from notify_tui import errors
from notify_tui.errors import MovedError, NodeError, NotifyError
from notify_tui.node.ready import STOPPED, TO_ALL
from notify_tui.protocol.control import (
    AnyQuestion,
    AnyReply,
    AskStatus,
    Moved,
    Refused,
    decode_reply,
    encode_control,
)

LOOK = (0.1, 1.0)
"""Seconds of silence after which the lock is looked at: the first time, and at last."""
PING_AFTER = 2.0
PATIENCE = 5.0
"""Seconds of silence that mean: it is stopped."""
_RECONNECT_MS = 10

Reply = TypeVar("Reply")


class EndedError(NodeError):
    """The node ended under its client; attaching again finds or makes another one.

    With `untouched`, what it had not answered it had not done, and may be asked again.
    """

    untouched = False


class Channel:
    """One connection to a node, for one thread.

    `ended` tells why the node is gone, or None while it is there; `pid` is its process.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        endpoint: str,
        pid: int,
        ended: Callable[[], NotifyError | None],
        name: bytes = b"",
    ) -> None:
        """With `name`, the node knows it under this routing id."""
        self._pid = pid
        self._ended = ended
        self._count = TO_ALL
        self._answers: dict[int, AnyReply] = {}
        self._forgotten: set[int] = set()
        self._end: NotifyError | None = None
        self._silence = 0.0
        self._watched = 0.0
        self._ping: int | None = None
        self._socket = context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.RECONNECT_IVL, _RECONNECT_MS)
        if name:
            self._socket.set(zmq.ROUTING_ID, name)
        self._socket.connect(endpoint)

    def ask(self, question: Callable[..., AnyQuestion], *fields: Any) -> int:
        """Send a question; its number."""
        if self.closed:
            raise EndedError("the connection to the node is closed")
        self._count += 1
        try:
            self._socket.send(encode_control(question(self._count, *fields)), zmq.NOBLOCK)
        except zmq.Again:
            raise self._stopped() from None
        return self._count

    def answer(self, ask: int, timeout: float | None = None) -> AnyReply | None:
        """The answer to a question, or None if it does not come in so many seconds.

        Raises:
            EndedError: the node has ended.
            NodeError: it does not answer: it is stopped.
            NotifyError: it refuses, as the error's class says.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while ask not in self._answers:
            if self._end:
                raise self._end
            left = deadline - time.monotonic()
            if not self._receive(max(left, 0.0)) and left <= 0:
                return None
        reply = self._answers.pop(ask)
        if isinstance(reply, Refused):
            raise _error(reply)
        return reply

    def forget(self, ask: int) -> None:
        """Nobody waits for this answer any more."""
        if self._answers.pop(ask, None) is None:
            self._forgotten.add(ask)

    def close(self) -> None:
        """Close the connection; what was not sent is dropped."""
        self._socket.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._socket.closed

    def stay(self) -> None:
        """The node has not moved after all."""
        self._end = None

    def _receive(self, seconds: float) -> bool:
        """Wait a while; whether the node said anything. Looks after the node if it did not."""
        began = time.monotonic()
        if began - self._watched > LOOK[1]:
            self._hush()  # nobody has listened meanwhile, so it cannot be called silent
        look = max(LOOK[0], min(LOOK[1], self._silence))
        wait = min(seconds, look, max(0.0, PATIENCE - self._silence))
        if self._socket.poll(int(wait * 1000)) and self._take():
            self._hush()
            return True
        self._watched = time.monotonic()
        # A client that was stopped itself has not heard silence while it was.
        self._silence += min(self._watched - began, wait)
        if self._silence >= LOOK[0]:
            self._look()
        return False

    def _hush(self) -> None:
        self._silence = 0.0
        self._ping = None
        self._watched = time.monotonic()

    def _look(self) -> None:
        if ended := self._ended():
            self._take()  # its last words may have come meanwhile
            self._end = self._end or ended
        elif self._silence >= PATIENCE:
            raise self._stopped()
        elif self._silence >= PING_AFTER and self._ping is None:
            self._ping = self.ask(AskStatus)
            self.forget(self._ping)

    def _take(self) -> bool:
        heard = False
        while True:
            try:
                reply = decode_reply(self._socket.recv(zmq.NOBLOCK))
            except zmq.Again:
                return heard
            heard = True
            if reply.ask == TO_ALL:
                if isinstance(reply, Refused):
                    self._end = _ended(reply)
                elif isinstance(reply, Moved):
                    self._end = MovedError(reply.network)
            elif reply.ask in self._forgotten:
                self._forgotten.discard(reply.ask)
            else:
                self._answers[reply.ask] = reply

    def _stopped(self) -> NodeError:
        self._hush()  # whoever asks again waits again
        return NodeError(
            f"the node (pid {self._pid}) does not answer: it is stopped or stuck. "
            f"Let it go on (kill -CONT {self._pid}) or end it"
        )


def expected(kind: type[Reply], answer: object) -> Reply:
    """The answer, of that kind.

    Raises:
        NodeError: it is of another.
    """
    if not isinstance(answer, kind):
        raise NodeError(f"the node answers {type(answer).__name__}, not {kind.__name__}")
    return answer


def _error(refused: Refused) -> NotifyError:
    kind = getattr(errors, refused.error, None)
    if not (isinstance(kind, type) and issubclass(kind, NotifyError)):
        kind = NodeError
    return kind(refused.reason)


def _ended(refused: Refused) -> NotifyError:
    error = _error(refused)
    if type(error) is NodeError:
        error = EndedError(refused.reason)
        error.untouched = refused.error == STOPPED
    return error
