"""Reads: what is asked of the log, and who waits for the answer."""

from collections.abc import Callable

from notify_tui.protocol.command import Found, Read
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.state import State


class Reads:
    """Numbers reads; each is answered once, in the order of the log's own."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._then: dict[int, Callable[[Found], None]] = {}

    def ask(
        self,
        then: Callable[[Found], None],
        key: StreamKey,
        wanted: tuple[tuple[int, int], ...],
        *,
        not_before: int = 0,
        budget: int | None = None,
    ) -> None:
        """Read what the log holds of the stream, and go on with what it found."""
        token = self._state.next_ask()
        self._then[token] = then
        most = self._state.settings.pull_budget
        size = most if budget is None else min(budget, most)
        self._state.emit(Read(token, key, wanted, size, not_before))

    def found(self, found: Found) -> None:
        """The log has answered."""
        if then := self._then.pop(found.token, None):
            then(found)
