"""Where a reader begins: `--since 10m|TIME|ID|all`."""

import re
from typing import TYPE_CHECKING, NamedTuple

from notify_tui.cli.moment import moment
from notify_tui.errors import UnknownError
from notify_tui.protocol.event import Event, EventId

if TYPE_CHECKING:
    from notify_tui.log.reader import LogReader

_ID = re.compile(r"[a-z2-7]{1,10}\.\d+", re.IGNORECASE)


class Start(NamedTuple):
    """A position of the log (None: now); with `after`, all up to that event is skipped."""

    position: int | None
    after: EventId | None = None


LIVE = Start(None)


def is_id(text: str) -> bool:
    """Whether the text looks like an event's id, not like a duration or time."""
    return _ID.fullmatch(text) is not None


def start_of(text: str, now: int, reader: "LogReader | None") -> Start:
    """Where `--since` begins, by the time of receipt; without a log at its beginning.

    Raises:
        UsageError: it is no duration, time, id or `all`.
        UnknownError: the log holds no such event.
    """
    if text == "all":
        return Start(0)
    if is_id(text):
        event = _found(text, reader)
        return Start(reader.position_of(event.id) - 1 if reader else 0, event.id)
    at = moment(text, "--since", now)
    return Start(reader.position_at(at) if reader else 0)


def moment_of(text: str | None, option: str, now: int, reader: "LogReader | None") -> int | None:
    """The ns since 1970 of a duration ago, a time, or an event's time; None for `all` and None.

    Raises:
        UsageError: it is none of these.
        UnknownError: the log holds no such event.
    """
    if text is None or text == "all":
        return None
    if is_id(text):
        return _found(text, reader).time
    return moment(text, option, now)


def _found(text: str, reader: "LogReader | None") -> Event:
    if reader is None:
        raise UnknownError(f"no event {text!r} here: no node has run on this network yet")
    return reader.find(EventId.parse(text))


class Skip:
    """Lets events through that come after `start.after`, where reading begins in its batch."""

    def __init__(self, start: Start) -> None:
        self._waiting = start.after

    def __call__(self, event: Event) -> bool:
        """Whether the event comes after the start."""
        after = self._waiting
        if after is None:
            return True
        before = event.id.stream == after.stream and event.seq <= after.seq
        if not before or event.seq == after.seq:
            self._waiting = None
        return not before
