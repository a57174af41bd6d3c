"""Mailbox: what other threads hand to one that waits on sockets; it wakes by a descriptor."""

import os
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Any thread posts, one takes; one byte wakes the taker however much was posted."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._signalled = False
        self.closed = False

    def __len__(self) -> int:
        return len(self._items)

    def fileno(self) -> int:
        """Readable while there may be something to take."""
        return self._reading

    def post(self, item: Item) -> None:
        """Hand an item over; dropped once the mailbox is closed."""
        if self.closed:
            return
        self._items.append(item)
        if not self._signalled:
            self._signalled = True
            with suppress(BlockingIOError):  # full of signals: the taker will wake
                os.write(self._writing, b"\0")

    def take(self) -> list[Item]:
        """What was posted, in order; never waits."""
        # The pipe is emptied and the flag lowered first: a post in between finds the flag up,
        # writes nothing, and is among the items taken below.
        with suppress(BlockingIOError):
            os.read(self._reading, 4096)
        self._signalled = False
        return [self._items.popleft() for _ in range(len(self._items))]

    def close(self) -> None:
        """Give the descriptors back. Those who post must have ended: a number is used again."""
        if not self.closed:
            self.closed = True
            os.close(self._writing)
            os.close(self._reading)
