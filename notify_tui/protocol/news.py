"""News: what the node tells its own user, as events of `_peers` that stay on this machine."""

from notify_tui.protocol.event import Content, Priority
from notify_tui.protocol.peer import Peer
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.state import State

TOPIC = "_peers"


class News:
    """Who came, went and was lost; what is missing; what contradicts itself."""

    def __init__(self, state: State, publisher: Publisher) -> None:
        self._state = state
        self._publisher = publisher

    def tell(
        self, what: str, peer: Peer | None, text: str, priority: Priority = Priority.LOW
    ) -> None:
        """Put it in the log; one-shots neither tell nor are told of."""
        if self._state.settings.transient or (peer and peer.transient):
            return
        data = {"event": what}
        if peer:
            data |= {"id": peer.id, "name": peer.name}
        content = Content(self._state.now.wall, text, priority=priority, data=data)
        self._publisher.tell(TOPIC, content)

    def report(self, what: str, text: str) -> None:
        """Tell of a loss or a conflict."""
        self.tell(what, None, text, Priority.HIGH)
