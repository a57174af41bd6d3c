"""History: the log in the order in which people read it, by time and then by place."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from notify_tui.log.rows import LogFile, Row, events_of
from notify_tui.log.search import Search
from notify_tui.protocol.event import Event, Priority
from notify_tui.protocol.topic import matches_any

FEW = 5000
"""Events in the wanted streams up to which their rows are sorted, not sought along time."""
HITS = 2000
"""Hits of a search that are put into time order together, the newest in the log first."""
EVER = 2**63 - 1


class Moment(NamedTuple):
    """A place in time order: ns since 1970, and among equals the position."""

    time: int
    position: int


BEGINNING, END = Moment(-EVER, 0), Moment(EVER, EVER)


class Choice(NamedTuple):
    """Which rows: from `after` to `before` (both exclusive), of these streams or (None) of all.

    `events` is how many the streams hold at the most.
    """

    after: Moment = BEGINNING
    before: Moment = END
    streams: tuple[int, ...] | None = None
    events: int = EVER
    priority: int = Priority.MIN

    def clause(self) -> str:
        """The SQL that chooses them; its values are `values`."""
        words = ["(moment, pos) > (?, ?) AND (moment, pos) < (?, ?)"]
        if self.streams is not None:
            words.append(f"stream IN ({', '.join(map(str, self.streams))})")
        if self.priority > Priority.MIN:
            words.append(f"priority >= {self.priority:d}")
        if self.priority >= Priority.HIGH:
            words.append("priority >= 4")
        return " AND ".join(words)

    @property
    def values(self) -> tuple[int, int, int, int]:
        """What stands for the question marks."""
        return (*self.after, *self.before)

    @property
    def is_small(self) -> bool:
        """Whether all that the streams hold may be looked at."""
        return self.streams is not None and self.events <= FEW

    @property
    def way(self) -> str:
        """The cheapest index to them."""
        if self.is_small:
            return "batches_by_stream"
        return "batches_of_weight" if self.priority >= Priority.HIGH else "batches_by_moment"


def choose_streams(
    log: LogFile, patterns: tuple[str, ...], origins: frozenset[bytes] | None
) -> tuple[tuple[int, ...] | None, int]:
    """The streams of these topics and origins (None: all of them), and how much they hold.

    Raises:
        StoreError: the log cannot be read.
    """
    if not patterns and origins is None:
        return None, EVER
    streams, events = [], 0
    for number, origin, topic, held in log.ask(
        "SELECT id, origin, topic, placed - baseline FROM streams"
    ):
        if (origins is None or origin in origins) and (
            not patterns or matches_any(patterns, topic)
        ):
            streams.append(number)
            events += held
    return tuple(streams), events


def positions(log: LogFile, choice: Choice, *, backwards: bool) -> Iterator[int]:
    """The positions of the chosen rows in time order, or against it.

    Raises:
        StoreError: the log cannot be read.
    """
    order = "DESC" if backwards else "ASC"
    places = log.ask(
        f"SELECT pos FROM batches INDEXED BY {choice.way} WHERE {choice.clause()}"  # noqa: S608
        f" ORDER BY moment {order}, pos {order}",
        choice.values,
    )
    return (position for (position,) in places)


def walk(log: LogFile, choice: Choice, *, backwards: bool) -> Iterator[Row]:
    """The chosen rows in time order, or against it.

    Raises:
        StoreError: the log cannot be read.
    """
    for position in positions(log, choice, backwards=backwards):
        yield from log.rows("WHERE pos = ?", (position,))


def latest(log: LogFile, choice: Choice, limit: int) -> list[Event]:
    """The last `limit` events of the chosen rows, oldest first.

    Raises:
        StoreError: the log cannot be read.
    """
    backwards = (
        event
        for row in walk(log, choice, backwards=True)
        for event in reversed(events_of(row))
        if event.priority >= choice.priority
    )
    return list(islice(backwards, limit))[::-1]


def search_latest(
    log: LogFile, search: Search, words: str, choice: Choice, limit: int
) -> list[Event]:
    """Of the chosen rows' events that hold all the words, the last `limit`, oldest first.

    In a long log they are the last ones of the newest hits: time order is kept among `HITS`.

    Raises:
        StoreError: the log or the index cannot be read.
    """
    if choice.is_small:
        places = positions(log, choice, backwards=True)
        hits = ((position, search.places(words, position)) for position in places)
        backwards = _heavy(log, hits, choice.priority)
        return list(islice(backwards, limit))[::-1]
    found: list[Event] = []
    newest_first = search.hits(words)
    while len(found) < limit and (some := list(islice(newest_first, HITS))):
        backwards = _heavy(log, _in_time(log, some, choice), choice.priority)
        found += islice(backwards, limit - len(found))
    return found[::-1]


def _in_time(
    log: LogFile, hits: list[tuple[int, int]], choice: Choice
) -> Iterator[tuple[int, list[int]]]:
    """The chosen ones of the hits by position, against time order."""
    places: dict[int, list[int]] = {}
    for position, place in hits:
        places.setdefault(position, []).append(place)
    chosen = log.ask(
        f"SELECT pos FROM batches NOT INDEXED WHERE pos IN ({', '.join(map(str, places))})"  # noqa: S608
        f" AND {choice.clause()} ORDER BY moment DESC, pos DESC",
        choice.values,
    )
    return ((position, places[position]) for (position,) in chosen)


def _heavy(log: LogFile, hits: Iterator[tuple[int, list[int]]], priority: int) -> Iterator[Event]:
    """The events of that priority at least; a batch's places stand the last one first."""
    for position, places in hits:
        for event in log.events_at(position, places) if places else ():
            if event.priority >= priority:
                yield event
