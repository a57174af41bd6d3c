"""Author: makes the batches of one stream, numbered and chained, with signatures of no worth."""

from notify_tui.protocol.batch import NO_PREVIOUS, Batch, make_batch
from notify_tui.protocol.command import Store
from notify_tui.protocol.event import Content, StreamKey, encode_content

NETWORK = b"n" * 16
NOON = 1_700_000_000_000_000_000
"""A moment, ns since 1970."""
SECOND = 1_000_000_000


def _sign(_message: bytes) -> bytes:
    return bytes(64)


class Author:
    """Publishes to a topic; its clock goes a second further with each batch."""

    def __init__(self, topic: str = "builds.web", name: str = "ana", epoch: int = 1) -> None:
        self.key = StreamKey(name.encode().ljust(32, b"."), epoch, topic)
        self.time = NOON
        self.next = 1
        self.previous = NO_PREVIOUS

    def batch(self, *contents: Content | str) -> Batch:
        """The next batch; a text is a notice of that text, and none at all is one of 'text N'."""
        said = contents or (f"text {self.next}",)
        encoded = [
            encode_content(item if isinstance(item, Content) else Content(self.time, item))
            for item in said
        ]
        batch = make_batch(NETWORK, self.key, self.next, self.time, self.previous, encoded, _sign)
        self.time += SECOND
        self.next = batch.last + 1
        self.previous = batch.digest
        return batch

    def batches(self, count: int) -> list[Batch]:
        """The next batches, of one event each."""
        return [self.batch() for _ in range(count)]


def store(
    batch: Batch,
    *,
    placed: bool = True,
    repaired: bool = False,
    late: bool = False,
    received: int | None = None,
) -> Store:
    """The job that stores a batch, received when it was published unless told otherwise."""
    moment = batch.header.time if received is None else received
    return Store(batch, placed, repaired, late, moment, moment)
