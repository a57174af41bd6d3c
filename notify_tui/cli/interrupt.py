"""Ctrl-C and SIGTERM: the first one ends a command, once and cleanly."""

import os
import signal
import time
from collections.abc import Callable
from typing import TypeVar

from notify_tui.cli.exits import ExitCode

PATIENCE = 1.0
"""Seconds that a clean end takes at the most; a signal after that ends the process."""

T = TypeVar("T")


class Interrupt:
    """What both signals do: raise KeyboardInterrupt, the first time, and not inside `whole`."""

    def __init__(self) -> None:
        self._began = 0.0
        self._deferred = False

    def listen(self) -> None:
        """From now on the signals come here."""
        signal.signal(signal.SIGINT, self._come)
        signal.signal(signal.SIGTERM, self._come)

    def whole(self, make: Callable[[], T], undo: Callable[[T], None]) -> T:
        """Make something as a whole; if a signal comes meanwhile, undo it and raise then."""
        if self._began:
            return make()
        self._deferred = True
        try:
            made = make()
        finally:
            self._deferred = False
        if self._began:
            undo(made)
            raise KeyboardInterrupt
        return made

    def _come(self, _signal: int, _frame: object) -> None:
        now = time.monotonic()
        if self._began and now - self._began > PATIENCE:
            os._exit(ExitCode.INTERRUPTED)
        first, self._began = not self._began, self._began or now
        if first and not self._deferred:
            raise KeyboardInterrupt


INTERRUPT = Interrupt()
