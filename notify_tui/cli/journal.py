"""What the node in this process has to say while it runs: one safe line a record, on stderr."""

import logging

from notify_tui.cli.speech import complain


class Journal(logging.Handler):
    """Writes records as sentences; tracebacks only if `deep`."""

    def __init__(self, *, deep: bool) -> None:
        super().__init__()
        self._deep = deep

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        complain(record.getMessage())
        if self._deep and record.exc_info:
            for line in logging.Formatter().formatException(record.exc_info).splitlines():
                complain(line)


def keep_journal(verbose: int, *, quiet: bool) -> None:
    """Say warnings; with `verbose` 1 what happens too, with 2 everything; with `quiet` errors."""
    level = logging.ERROR if quiet else max(logging.DEBUG, logging.WARNING - 10 * verbose)
    root = logging.getLogger()
    root.handlers[:] = [Journal(deep=verbose > 0)]
    root.setLevel(max(level, logging.WARNING if verbose < 2 else level))
    logging.getLogger("notify_tui").setLevel(level)
