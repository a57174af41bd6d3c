"""Moving: a node's way to another network of its home, which its owner makes.

A local program asks; the owner is told, and begins a node there; this one says where it went.
"""

from collections.abc import Callable, Container

from notify_tui.node.ready import OWNER, TO_ALL
from notify_tui.protocol.control import AnyReply, Done, Move, Moved, Refused


class Moving:
    """Used from the node's thread alone.

    `rooted` is why this node never moves, if so; `word` is said to all when it has moved.
    """

    def __init__(
        self, network: str, clients: Container[bytes], reply: Callable[[bytes, AnyReply], None]
    ) -> None:
        self.rooted: str | None = None
        self.word: Moved | None = None
        self._network = network
        self._clients = clients
        self._reply = reply
        self._asker: tuple[bytes, int] | None = None

    def ask(self, client: bytes, question: Move) -> None:
        """A client asks for it; answered at once, or when the owner has said `go` or `remain`."""
        if question.network == self._network:
            self._reply(client, Done(question.ask))
        elif reason := self._why_not():
            self._reply(client, Refused(question.ask, "RefusedError", reason))
        else:
            self._asker = client, question.ask
            self._reply(OWNER, Moved(TO_ALL, question.network))

    def remain(self, reason: str) -> None:
        """The owner cannot: the node stays."""
        if self._asker:
            client, ask = self._asker
            self._asker = None
            self._reply(client, Refused(ask, "RefusedError", reason))

    def go(self, network: str) -> None:
        """The owner does: this node will end."""
        self.word = Moved(TO_ALL, network)
        if self._asker:
            client, ask = self._asker
            self._reply(client, Done(ask))

    def _why_not(self) -> str | None:
        if self.rooted:
            return self.rooted
        if self._asker:
            return "it has been asked to move already"
        if OWNER not in self._clients:
            return "its program is leaving, or cannot move it"
        return None
