"""Desk: a log at work, and what it says, in the order in which it says it."""

from pathlib import Path
from queue import SimpleQueue

from notify_tui.log.reader import LogReader, Row
from notify_tui.log.room import RESERVE
from notify_tui.log.schema import open_to_write
from notify_tui.log.writer import Log
from notify_tui.protocol.command import Found, Job, Outcome, Read, Restored, RestoredStream
from notify_tui.protocol.event import StreamKey

NOBODY = StreamKey(bytes(32), 0, "nobody")
PATIENCE = 20.0
"""Seconds after which a test gives the log up."""


class Desk:
    """Gives a log its jobs and waits for all that it has to say of them."""

    def __init__(self, path: Path, reserve: int = RESERVE) -> None:
        self.path = path
        self.said: SimpleQueue[list[Outcome]] = SimpleQueue()
        self.log = Log(path, self.said.put, reserve=reserve)
        self.restored: Restored = self.log.open()
        self.log.start()
        self._token = -1

    def tell(self, *jobs: Job) -> list[Outcome]:
        """Post jobs together; their outcomes. A read of nothing, posted last, ends the waiting."""
        self._token -= 1
        end = Read(self._token, NOBODY, (), 0, 0)
        self.log.post([*jobs, end])
        outcomes: list[Outcome] = []
        while Found(self._token, (), b"") not in outcomes:
            outcomes += self.said.get(timeout=PATIENCE)
        return outcomes[:-1]

    def reopen(self) -> Restored:
        """Close the log; what it gives back to the next node."""
        self.log.close()
        again = Log(self.path, self.said.put)
        restored = again.open()
        again.close()
        return restored


def rows(path: Path, after: int = 0) -> list[Row]:
    """The rows of a log, in log order."""
    with LogReader(path) as reader:
        return reader.read(after)


def stream_of(restored: Restored) -> RestoredStream:
    """The only stream of a log."""
    (stream,) = restored.streams
    return stream


def damage(desk: Desk, table: str, first: int) -> None:
    """Close the log, and wipe the bytes of a batch."""
    desk.log.close()
    connection = open_to_write(desk.path)
    connection.execute(
        f"UPDATE {table} SET frame = zeroblob(length(frame)) WHERE first = ?", (first,)
    )
    connection.close()
