"""Which events a command shows."""

import pytest

from notify_tui.cli.choice import chosen
from notify_tui.protocol.event import Content, Event, Origin, Priority, Source, StreamKey


@pytest.mark.parametrize(
    ("priority", "origin", "wanted"),
    [
        (None, None, True),
        (Priority.HIGH, None, True),
        (Priority.URGENT, None, False),
        (None, "ana", True),
        (None, "rgeer", True),
        (None, "rgeerzmpmzgszszz", True),
        (None, "an", False),
        (Priority.HIGH, "ben", False),
    ],
)
def test_an_event_is_urgent_enough_and_of_the_right_peer(
    priority: Priority | None, origin: str | None, wanted: bool
) -> None:
    source = Source(StreamKey(bytes(32), 1, "chat"), Origin("rgeerzmpmzgszszz", "ana"), 0, 0)
    event = Event(source, 1, Content(0, priority=Priority.HIGH))
    assert chosen(priority, origin)(event) is wanted
