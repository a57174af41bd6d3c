"""Client: reads the log itself; writes, asks and is woken through the node's control socket."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import msgspec
import zmq
from msgspec import Struct

from notify_tui.client.channel import Channel, EndedError
from notify_tui.errors import NodeError, NotifyError, UnknownError
from notify_tui.node import lock
from notify_tui.node.ready import INPROC
from notify_tui.protocol.control import (
    MAX_PUBLISH,
    VERSION,
    WINDOW,
    AnyQuestion,
    AskPeers,
    AskStatus,
    Attach,
    Attached,
    Await,
    Detach,
    Done,
    Held,
    Hold,
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
    from notify_tui.log.reader import LogReader
    from notify_tui.node.runtime import Node

ATTACH_PATIENCE = 10.0
"""Seconds during which nodes may come and go until one stays."""
DETACH_PATIENCE = 1.0
PUBLISH_BYTES = 1024 * 1024

Reply = TypeVar("Reply")


class _Asked(NamedTuple):
    """A question that is under way, and what it is to publish."""

    number: int
    part: list[msgspec.Raw]


class Become(Struct, frozen=True):
    """What a client may turn into when no node runs.

    A `transient` node is no peer of standing: it joins and leaves without a word.
    """

    transient: bool = False


class Client:
    """For one thread. `info` is what the node said of itself; `node` is it, if it runs here.

    As a context manager it closes itself.
    """

    info: Attached

    def __init__(self, effective: "Effective", label: str, become: Become | None) -> None:
        self._effective = effective
        self._name = effective.config.network
        self._lock = effective.paths.lock(self._name)
        self._label = label
        self._become = become
        self._context: zmq.Context[zmq.SyncSocket] | None = None
        self._channel: Channel
        self._awaiting: int | None = None
        self.node: Node | None = None
        try:
            self._join()
        except BaseException:
            self._end()
            raise

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

    @property
    def is_node(self) -> bool:
        """Whether the node runs in this process, for this client."""
        return self.node is not None

    @cached_property
    def reader(self) -> "LogReader":
        """The log, for reading."""
        from notify_tui.log.reader import LogReader

        return LogReader(self._effective.paths.log(self._name))

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
        return _expect(Held, self._channel.answer(ask))

    def subscribe(
        self,
        patterns: Sequence[str],
        *,
        since: int | None = None,
        live: bool = True,
        timeout: float | None = None,
    ) -> "Subscription":
        """Events of these patterns in log order: those behind the position `since`, or live
        ones from now on. Without `live`, it ends where the log ends.

        Raises:
            TopicError: a pattern is none.
            SilenceError: from the iterator, when `timeout` seconds have passed.
        """
        from notify_tui.client.subscription import Subscription

        wanted = tuple(map(check_pattern, patterns))
        position = self.reader.head() if since is None else since
        if live:
            self.widen([pattern for pattern in wanted if pattern[0] not in "_@"])
        return Subscription(
            self.reader, self.wake if live else None, wanted, position,
            history=since is not None, timeout=timeout,
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
            newest = _expect(Woken, answer).position
            if newest > position:
                return newest

    def peers(self) -> tuple[PeerView, ...]:
        """Everybody the node knows."""
        return _expect(Peers, self._ask(AskPeers)).peers

    def status(self) -> dict[str, Any]:
        """Named figures of the node."""
        return _expect(Status, self._ask(AskStatus)).figures

    def widen(self, patterns: Sequence[str]) -> None:
        """Have the node keep these patterns, too."""
        if patterns:
            _expect(Done, self._ask(Widen, tuple(map(check_pattern, patterns))))

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

    def _end(self) -> None:
        if "reader" in self.__dict__:
            self.reader.close()
        if self.node:
            self.node.stop()
        if self._context:
            self._context.term()

    def _publish(self, topic: str, contents: list[Content]) -> Published:
        encoded = [msgspec.Raw(encode_content(content)) for content in contents]
        while True:
            try:
                return _expect(Published, self._ask(Publish, topic, encoded))
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
        return _expect(Published, answer)

    def _join_another(self, ended: EndedError) -> None:
        """Find or make another node, for what the one that ended had no time for.

        Raises:
            EndedError: it may have been done, or this client was or may not be a node.
        """
        if self.node or not self._become or not ended.untouched:
            raise ended
        self._channel.close()
        self._join()

    def _join(self) -> None:
        deadline = time.monotonic() + ATTACH_PATIENCE
        while True:
            try:
                self._join_once()
                return
            except (EndedError, lock.TakenError):
                if time.monotonic() > deadline:
                    raise

    def _join_once(self) -> None:
        held = lock.read(self._lock)
        if held:
            self._context = self._context or zmq.Context()
            self._open(self._context, f"ipc://{held.socket}", held.pid, lambda: self._gone(held))
        elif self._become:
            self._start(self._become)
        else:
            raise UnknownError(
                f"no node is running for the network {self._name!r} of {self._effective.paths.home}"
                "; `notify-tui peer` starts one"
            )

    def _start(self, become: Become) -> None:
        from notify_tui.config import active_network
        from notify_tui.node.runtime import Node

        node = Node(self._effective, active_network(self._effective), transient=become.transient)
        node.start()
        self.node = node

        def ended() -> NotifyError | None:
            return None if node.alive else node.failure or EndedError("the node has been stopped")

        self._open(node.context, INPROC, os.getpid(), ended)

    def _open(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        endpoint: str,
        pid: int,
        ended: Callable[[], NotifyError | None],
    ) -> None:
        self._channel = Channel(context, endpoint, pid, ended)
        self._awaiting = None
        try:
            self.info = _expect(Attached, self._ask(Attach, VERSION, self._label))
        except NotifyError:
            self._channel.close()
            raise

    def _gone(self, held: lock.LockInfo) -> NotifyError | None:
        if lock.read(self._lock) == held:
            return None
        return EndedError(f"the node (pid {held.pid}) has ended")


def _expect(kind: type[Reply], answer: object) -> Reply:
    if not isinstance(answer, kind):
        raise NodeError(f"the node answers {type(answer).__name__}, not {kind.__name__}")
    return answer


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
