"""Publisher: own events into numbered, chained, signed batches; committed first, sent second."""

from collections import OrderedDict, deque
from typing import NamedTuple

import msgspec

from notify_tui.errors import TopicError
from notify_tui.protocol.batch import MAX_BYTES, MAX_EVENTS, NO_PREVIOUS, Batch, make_batch
from notify_tui.protocol.command import Note, Reply, Store
from notify_tui.protocol.control import MAX_PUBLISH, Publish, Published, Refused
from notify_tui.protocol.event import MAX_CONTENT, Content, StreamKey, encode_content
from notify_tui.protocol.state import State
from notify_tui.protocol.stream import Stream
from notify_tui.protocol.topic import SYSTEM, publishable


class Promise(NamedTuple):
    """A client that waits until its events, up to `last`, are durable."""

    client: bytes
    ask: int
    first: int
    last: int


class Outgoing:
    """An own stream: what waits to be cut into batches, and who waits for it."""

    __slots__ = ("number", "promises", "stream", "waiting")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.number = stream.tail
        self.waiting: list[bytes | msgspec.Raw] = []
        self.promises: deque[Promise] = deque()


class Publisher:
    """Takes events from clients and from the node itself."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._outgoing: dict[StreamKey, Outgoing] = {}
        self._busy: dict[StreamKey, Outgoing] = {}
        self._began: dict[StreamKey, int] = {}
        self._recent: OrderedDict[tuple[StreamKey, int], Batch] = OrderedDict()
        self._recent_bytes = 0

    def publish(self, client: bytes, question: Publish) -> None:
        """Put a client's contents in the open batch of their stream; answered when durable."""
        if reason := self._objection(question):
            self._state.emit(Reply(client, Refused(question.ask, *reason)))
            return
        outgoing = self._open(question.topic)
        outgoing.waiting.extend(question.contents)
        first = outgoing.number + 1
        outgoing.number += len(question.contents)
        outgoing.promises.append(Promise(client, question.ask, first, outgoing.number))

    def tell(self, topic: str, content: Content) -> None:
        """Publish an event of the node itself; in `_…` it stays on this machine."""
        outgoing = self._open(topic)
        outgoing.waiting.append(encode_content(content))
        outgoing.number += 1

    def again(self, topic: str, contents: list[msgspec.Raw]) -> None:
        """Publish contents of a contested stretch once more, in the running epoch."""
        outgoing = self._open(topic)
        outgoing.waiting.extend(contents)
        outgoing.number += len(contents)

    def published(self, key: StreamKey) -> int:
        """The first number that this boot has published in one of its streams, or none yet."""
        return self._began.get(key, 2**62)

    def _objection(self, question: Publish) -> tuple[str, str] | None:
        try:
            topic = publishable(question.topic)
        except TopicError as error:
            return "TopicError", str(error)
        if topic != question.topic:
            return "TopicError", f"topic {topic!r} must be sent in its normal form (NFC)"
        if not 1 <= len(question.contents) <= MAX_PUBLISH:
            return "EventError", f"a publish carries 1 to {MAX_PUBLISH} events"
        if any(len(memoryview(content)) > MAX_CONTENT for content in question.contents):
            return "EventError", f"an event has at most {MAX_CONTENT // 1024} KiB encoded"
        mine = self._state.own(topic)
        full = self._state.streams.count(mine.origin) >= self._state.settings.streams_per_origin
        if full and mine not in self._outgoing:
            limit = self._state.settings.streams_per_origin
            return "StoreError", f"this node has published to {limit} topics, which is the limit"
        return None

    def _open(self, topic: str) -> Outgoing:
        key = self._state.own(topic)
        outgoing = self._outgoing.get(key)
        if outgoing is None:
            stream = self._state.streams.get(key) or self._state.streams.add(Stream(key))
            outgoing = self._outgoing[key] = Outgoing(stream)
            self._began.setdefault(key, stream.tail + 1)
        if outgoing.stream.time > self._state.now.wall + self._state.settings.clock_step:
            self.begin_epoch()
            return self._open(topic)
        self._busy[key] = outgoing
        return outgoing

    def begin_epoch(self) -> None:
        """From now on own streams are new ones: the old ones can no longer be trusted whole."""
        state = self._state
        self.flush()
        state.epoch = max(state.epoch + 1, state.now.wall // 1_000_000)
        state.emit(Note("epoch", str(state.epoch)))
        self._outgoing = {
            key: outgoing for key, outgoing in self._outgoing.items() if outgoing.promises
        }

    def flush(self) -> None:
        """Cut what waits into batches for the log: no linger."""
        for outgoing in self._busy.values():
            waiting = outgoing.waiting
            start = 0
            while start < len(waiting):
                start = self._cut(outgoing, start)
            waiting.clear()
        self._busy.clear()

    def _cut(self, outgoing: Outgoing, start: int) -> int:
        waiting, stream, state = outgoing.waiting, outgoing.stream, self._state
        end, size = start, 0
        while end < len(waiting) and end - start < MAX_EVENTS:
            size += len(memoryview(waiting[end]))
            if size > MAX_BYTES and end > start:
                break
            end += 1
        batch = make_batch(
            state.me.network, stream.key, stream.tail + 1, state.now.wall,
            stream.digest or NO_PREVIOUS, waiting[start:end], state.me.sign, state.me.name,
        )  # fmt: skip
        stream.take(batch)
        wall = state.now.wall
        state.emit(Store(batch, True, False, False, wall, wall))
        return end

    def stored(self, batch: Batch) -> None:
        """An own batch is durable: send it, keep it at hand, answer who waited."""
        state = self._state
        if not batch.key.topic.startswith(SYSTEM):
            state.send(batch.frame)
            self._keep(batch)
        outgoing = self._outgoing.get(batch.key)
        while outgoing and outgoing.promises and outgoing.promises[0].last <= batch.last:
            promise = outgoing.promises.popleft()
            key, count = batch.key, promise.last - promise.first + 1
            state.emit(Reply(promise.client, Published(
                promise.ask, key.origin, key.epoch, key.topic, promise.first, count,
            )))  # fmt: skip

    def failed(self, key: StreamKey, reason: str) -> None:
        """The log lost all that was on its way: give the numbers back, say why.

        What waits and was not yet given to the log keeps its promise under a new number.
        """
        outgoing = self._outgoing.get(key)
        if outgoing is None:
            return
        waiting = len(outgoing.waiting)
        edge = outgoing.number - waiting
        outgoing.number = outgoing.stream.tail + waiting
        kept: deque[Promise] = deque()
        for promise in outgoing.promises:
            if promise.last <= edge:
                refused = Refused(promise.ask, "StoreError", reason)
                self._state.emit(Reply(promise.client, refused))
            else:
                shift = outgoing.stream.tail - edge
                moved = promise._replace(first=promise.first + shift, last=promise.last + shift)
                kept.append(moved)
        outgoing.promises = kept

    def recent(self, key: StreamKey, seq: int) -> Batch | None:
        """The own batch that holds the event, if it is still at hand."""
        for (stream, first), batch in reversed(self._recent.items()):
            if stream == key and first <= seq <= batch.last:
                return batch
        return None

    def _keep(self, batch: Batch) -> None:
        self._recent[batch.key, batch.first] = batch
        self._recent_bytes += len(batch.frame)
        while self._recent_bytes > self._state.settings.recent_bytes:
            _, old = self._recent.popitem(last=False)
            self._recent_bytes -= len(old.frame)
