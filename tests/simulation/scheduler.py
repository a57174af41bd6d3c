"""Scheduler: timed actions on one clock; the same actions in the same order, always."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Action = Callable[..., None]


class Scheduler:
    """Runs actions in the order of their times, then of their scheduling."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._count = 0
        self._heap: list[tuple[float, int, Action, tuple[Any, ...]]] = []

    def after(self, delay: float, action: Action, *arguments: Any) -> None:
        """Call the action `delay` seconds from now."""
        self._count += 1
        heappush(self._heap, (self.now + delay, self._count, action, arguments))

    def run(self, until: float) -> None:
        """Let the time pass up to that moment."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, action, arguments = heappop(heap)
            action(*arguments)
        self.now = until
