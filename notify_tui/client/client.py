"""Client: reads the log itself; writes, asks and is woken through the node's control socket."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from notify_tui.client.channel import EndedError, expected
from notify_tui.client.seat import Become, Seat
from notify_tui.errors import NodeError, NotifyError
from notify_tui.protocol.control import (
    MAX_PUBLISH,
    WINDOW,
    AnyQuestion,
    AskPeers,
    AskStatus,
    Await,
    Detach,
    Done,
    Held,
    Hold,
    Move,
    Peers,
    PeerView,
    Publish,
    Published,
    Status,
    Widen,
    Woken,
)
from notify_tui.protocol.event import Content, EventId, StreamKey, encode_content, stream_id
from notify_tui.protocol.topic import check_pattern, publishable

if TYPE_CHECKING:
    from notify_tui.client.subscription import Subscription
    from notify_tui.config import Effective

DETACH_PATIENCE = 1.0
MOVE_PATIENCE = 10.0
PUBLISH_BYTES = 1024 * 1024


class _Asked(NamedTuple):
    """A question that is under way, and what it is to publish."""

    number: int
    part: list[msgspec.Raw]


class Client(Seat):
    """For one thread. `info` is what the node said of itself; `node` is it, if it runs here.

    As a context manager it closes itself.
    """

    @classmethod
    def attach(
        cls, effective: "Effective", *, label: str = "client", become: Become | None = None
    ) -> Self:
        """Attach to the node that runs, or become it.

        Raises:
            UnknownError: no node runs, and `become` is None; or there is no such network.
            NodeError: the node does not answer (its pid is named), or none can be started.
        """
        return cls(effective, label, become)

    def publish(self, topic: str, content: Content) -> EventId:
        """Publish an event; its id, once it is durable.

        Raises:
            TopicError, EventError: it is not to be published like that.
            StoreError: it could not be kept.
            NodeError: the node has ended or is stopped.
        """
        published = self._publish(publishable(topic), [content])
        key = StreamKey(published.origin, published.epoch, published.topic)
        return EventId(stream_id(key), published.first)

    def publish_lines(self, topic: str, contents: Iterable[Content]) -> Iterator[Published]:
        """Publish many events of a topic, several questions under way; answers as they come.

        Nothing is published unless the answers are taken. `contents` is read ahead and should
        not wait for anything. Raises as `publish` does.
        """
        topic = publishable(topic)
        asked: deque[_Asked] = deque()
        try:
            for part in _parts(contents):
                asked.append(_Asked(self._channel.ask(Publish, topic, part), part))
                while asked and (
                    published := self._published(
                        topic, asked, None if len(asked) >= WINDOW else 0.0
                    )
                ):
                    yield published
            while asked and (published := self._published(topic, asked, None)):
                yield published
        finally:
            for ask, _part in asked:
                self._channel.forget(ask)

    def hold(
        self,
        published: Published,
        seq: int,
        *,
        count: int = 0,
        require: Sequence[str] = (),
        everyone: bool = False,
        grace: float = 0.5,
        timeout: float = 5.0,
    ) -> Held:
        """Wait until `count` peers and each of `require` (names or ids) hold an event durably.

        With `everyone`: until all do that said hello within `grace` seconds of the node's
        start. After `timeout` seconds, in any case; `met` tells which.
        """
        ask = self._channel.ask(
            Hold, published.epoch, published.topic, seq, count, tuple(require), everyone, grace,
            timeout,
        )  # fmt: skip
        return expected(Held, self._channel.answer(ask))

    def subscribe(
        self,
        patterns: Sequence[str],
        *,
        since: int | None = None,
        began: int | None = None,
        live: bool = True,
        timeout: float | None = None,
    ) -> "Subscription":
        """Events of these patterns in log order: those behind the position `since`, or live
        ones from the time `began` on (ns since 1970; now). Without `live`, it ends where the
        log ends.

        Raises:
            TopicError: a pattern is none.
            SilenceError: from the iterator, when `timeout` seconds have passed.
        """
        from notify_tui.client.subscription import Subscription

        wanted = tuple(map(check_pattern, patterns))
        if since is not None:
            position = since
        else:
            position = self.reader.head() if began is None else self.reader.position_at(began)
        if live:
            self.widen([pattern for pattern in wanted if pattern[0] not in "_@"])
        return Subscription(
            self.reader, self.wake if live else None, wanted, position,
            history=since is not None, timeout=timeout, began=began,
        )  # fmt: skip

    def wake(self, position: int, timeout: float | None = None) -> int | None:
        """The log's newest position, once it is above this one; None if it is not in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._awaiting is None:
                self._awaiting = self._channel.ask(Await, position)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            answer = self._channel.answer(self._awaiting, left)
            if answer is None:
                return None
            self._awaiting = None
            newest = expected(Woken, answer).position
            if newest > position:
                return newest

    def peers(self) -> tuple[PeerView, ...]:
        """Everybody the node knows."""
        return expected(Peers, self._ask(AskPeers)).peers

    def status(self) -> dict[str, Any]:
        """Named figures of the node."""
        return expected(Status, self._ask(AskStatus)).figures

    def widen(self, patterns: Sequence[str]) -> None:
        """Have the node keep these patterns, too."""
        if patterns:
            expected(Done, self._ask(Widen, tuple(map(check_pattern, patterns))))

    def move_node(self, network: str, timeout: float = MOVE_PATIENCE) -> None:
        """Have the node go to another network of its home; it is on its way when this returns.

        Raises:
            RefusedError: it stays, with the reason.
            NodeError: its program does not do it in so many seconds, or it has ended.
        """
        answer = self._channel.answer(self._channel.ask(Move, network), timeout)
        if answer is None:
            raise NodeError(f"its program (pid {self.info.pid}) has not moved it in {timeout:g} s")
        expected(Done, answer)

    def close(self, *, at_once: bool = False) -> None:
        """Detach; a node that runs here ends, a transient one when its clients are done.

        With `at_once`, it does not wait for them.
        """
        with suppress(NotifyError):
            self._channel.answer(self._channel.ask(Detach), DETACH_PATIENCE)
        self._channel.close()
        try:
            if self.node and self._become and self._become.transient and not at_once:
                self.node.stay()
        finally:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(at_once=isinstance(error, KeyboardInterrupt))

    def _ask(self, question: type[AnyQuestion], *fields: Any) -> Any:
        return self._channel.answer(self._channel.ask(question, *fields))

    def _publish(self, topic: str, contents: list[Content]) -> Published:
        encoded = [msgspec.Raw(encode_content(content)) for content in contents]
        while True:
            try:
                return expected(Published, self._ask(Publish, topic, encoded))
            except EndedError as ended:
                self._join_another(ended)

    def _published(
        self, topic: str, asked: "deque[_Asked]", timeout: float | None
    ) -> Published | None:
        try:
            answer = self._channel.answer(asked[0].number, timeout)
        except EndedError as ended:
            self._join_another(ended)
            again = [_Asked(self._channel.ask(Publish, topic, part), part) for _, part in asked]
            asked.clear()
            asked.extend(again)
            return self._published(topic, asked, timeout)
        if answer is None:
            return None
        asked.popleft()
        return expected(Published, answer)

    def _join_another(self, ended: EndedError) -> None:
        """Find or make another node, for what the one that ended had no time for.

        Raises:
            EndedError: it may have been done, or this client was or may not be a node.
        """
        if self.node or not self._become or not ended.untouched:
            raise ended
        self._channel.close()
        self._join()


def _parts(contents: Iterable[Content]) -> Iterator[list[msgspec.Raw]]:
    """Contents, encoded, in parts of a bounded number and size."""
    part: list[msgspec.Raw] = []
    size = 0
    for content in contents:
        encoded = encode_content(content)
        if part and (len(part) >= MAX_PUBLISH or size + len(encoded) > PUBLISH_BYTES):
            yield part
            part, size = [], 0
        part.append(msgspec.Raw(encoded))
        size += len(encoded)
    if part:
        yield part
