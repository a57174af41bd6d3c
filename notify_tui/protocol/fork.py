"""Fork: two batches that bear the same numbers, because an old copy of a log went on.

Receivers keep the first that they saw, and show it to the origin. The origin looks in its
log: if it did not write that batch, others have taken the numbers from there on. It begins a
new epoch, and publishes again, once, what it wrote under them.
"""

from msgspec import Struct

from notify_tui.protocol.batch import Batch, decode_batch, split_contents
from notify_tui.protocol.command import Found, Note
from notify_tui.protocol.event import StreamKey, peer_id, stream_id
from notify_tui.protocol.news import News
from notify_tui.protocol.peer import Peer
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.reads import Reads
from notify_tui.protocol.state import State
from notify_tui.protocol.wire import TIP_BYTES, Claim, Deliver

SETTING = "again "
"""Before a stream's id: the note of the first number that was published again."""


class Contradiction(Struct):
    """What an origin is to see: the numbers that are contested, and when it is shown next."""

    first: int
    last: int
    due: float = 0.0
    tries: int = 0


class Forks:
    """Shows origins what contradicts them, and mends this node's own forks."""

    SHOWN = 1024
    TRIES = 4
    PAUSE = 5.0
    """Seconds between two tries: they follow the origin's hellos."""

    def __init__(self, state: State, publisher: Publisher, reads: Reads, news: News) -> None:
        self._state = state
        self._publisher = publisher
        self._reads = reads
        self._news = news
        self._found: dict[StreamKey, Contradiction] = {}
        self._again: dict[str, int] = {}

    def restore(self, settings: dict[str, str]) -> None:
        """What earlier starts have published again."""
        self._again = {
            name: int(value) for name, value in settings.items() if name.startswith(SETTING)
        }

    def contradicted(self, batch: Batch) -> None:
        """A batch contradicts what is held: its origin is to see that, when it is here.

        It bears the numbers of what is held, or it follows another batch than the last one.
        """
        stream = self._state.streams.get(batch.key)
        same = stream and stream.have.touches(batch.first, batch.last)
        first = batch.first if same else batch.first - 1
        self.differs(batch.key, first, max(first, batch.last))

    def differs(self, key: StreamKey, first: int, last: int) -> None:
        """What is held of these numbers is not what their origin has followed up."""
        if key.origin == self._state.me.public:
            self.mend(key, first)
        else:
            self._remember(key, first, last)

    def claimed(self, peer: Peer, claim: Claim) -> None:
        """A peer says how its stream ends: does it end so here?"""
        stream = self._state.streams.get(StreamKey(peer.public, claim.epoch, claim.topic))
        if claim.origin or not claim.tip or not claim.held or stream is None:
            return
        last = claim.held[-1]
        mine = stream.digest_at(last)
        if mine and mine[:TIP_BYTES] != claim.tip:
            self._remember(stream.key, last, last)

    def _remember(self, key: StreamKey, first: int, last: int) -> None:
        if key in self._found or len(self._found) >= self.SHOWN:
            return
        self._found[key] = Contradiction(first, last)
        what = f"{peer_id(key.origin)} published {key.topic} twice under the same numbers"
        self._news.report("conflict", f"{what}: the first is kept")
        self.met(key.origin)

    def met(self, origin: bytes) -> None:
        """The origin is here: show it what is held in the place of its own, a few times."""
        peer = self._state.peers.get(origin)
        if peer is None or not peer.alive or not peer.links:
            return
        link = peer.links[0]
        due = [
            (key, found)
            for key, found in self._found.items()
            if key.origin == origin and found.due <= self._state.now.mono
        ]
        for key, found in due:
            found.due, found.tries = self._state.now.mono + self.PAUSE, found.tries + 1
            if found.tries >= self.TRIES:
                del self._found[key]
            wanted = ((found.first, found.last),)
            self._reads.ask(lambda answer: self._show(link, answer), key, wanted, budget=1)

    def _show(self, link: int | bytes, found: Found) -> None:
        for frame in found.batches:
            self._state.transmit(link, Deliver(self._state.next_ask(), frame))

    def compare(self, batch: Batch) -> None:
        """A batch of this node's own, under numbers that it holds: is it the same?"""
        wanted = ((batch.first, batch.last),)
        self._reads.ask(lambda found: self._compared(batch, found), batch.key, wanted)

    def _compared(self, batch: Batch, found: Found) -> None:
        if found.batches and batch.frame not in found.batches:
            self.mend(batch.key, batch.first)

    def mend(self, key: StreamKey, first: int) -> None:
        """Another copy of this log used the numbers from `first` on: what bears them is contested.

        So is all that was published since the start, if that was the first since the copy.
        """
        self._publisher.flush()
        began = self._publisher.published(key)
        if key.epoch == self._state.epoch:
            self._publisher.begin_epoch()
            self._news.report("conflict", "this log is an old copy: events begin anew")
        stream = self._state.streams.get(key)
        name = SETTING + stream_id(key)
        last = min(stream.tail if stream else 0, self._again.get(name, 2**62) - 1)
        first = min(first, began)
        if first > last:
            return
        self._again[name] = first
        self._state.emit(Note(name, str(first)))
        self._reads.ask(self._publish_again, key, ((first, last),))

    def _publish_again(self, found: Found) -> None:
        for frame in found.batches:
            batch = decode_batch(frame)
            self._publisher.again(batch.key.topic, split_contents(batch))
