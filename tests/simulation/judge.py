"""Judge: what must hold at every moment, checked when a node commits, sends or answers."""

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from notify_tui.protocol.batch import Batch, decode_contents
from notify_tui.protocol.command import Job, Place, Raise, Store
from notify_tui.protocol.control import Held, Hold, Published, Woken
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.topic import SYSTEM
from notify_tui.protocol.wire import (
    BEAT_PREFIX,
    Changes,
    Claim,
    Deliver,
    Goodbye,
    Heartbeat,
    Pulled,
    Receipt,
    Receipted,
    decode_beat,
    decode_message,
)
from tests.simulation.disk import Image, Kept

if TYPE_CHECKING:
    from tests.simulation.host import Host

SPINS = 2000
WORD_ENDS, EMPTY, SMALL = -67, 0x90, 190
"""Before a beat's signature: the byte of a heartbeat without claims. Most are."""
_words = msgspec.msgpack.Decoder(Heartbeat | Goodbye | Receipt)
_TELLING = frozenset({6, 8, 9, 11})
"""Tags of the messages that say something about what is durable."""


class BrokenPromiseError(AssertionError):
    """A node broke a promise; the sentence says which."""


def name_of(place: int) -> str:
    """What the host of that number is called."""
    return "abcdefghijklmnopqrstuvwxyz"[place % 26] + (str(place // 26) if place > 25 else "")


def place_of(name: str) -> int:
    """The number of the host that is called so."""
    return ord(name[0]) - ord("a") + 26 * int(name[1:] or "0")


class Promise(NamedTuple):
    """What a client was told to be durable, and the start of the node that told it."""

    reply: Published
    texts: tuple[str, ...]
    boot: int

    @property
    def key(self) -> StreamKey:
        """The stream it was published in."""
        return StreamKey(self.reply.origin, self.reply.epoch, self.reply.topic)

    @property
    def numbers(self) -> tuple[int, int]:
        """The first and last sequence."""
        return self.reply.first, self.reply.first + self.reply.count - 1


class Judge:
    """Remembers what was published, told and promised, and compares."""

    def __init__(self) -> None:
        self.made: dict[bytes, Batch] = {}
        self.ranges: defaultdict[StreamKey, Intervals] = defaultdict(Intervals)
        self.forked: dict[StreamKey, bool] = {}
        self.promised: defaultdict[int, list[Promise]] = defaultdict(list)
        self.may_fork: dict[int, bool] = {}
        self._ever: defaultdict[tuple[int, StreamKey], Intervals] = defaultdict(Intervals)
        self._floors: dict[tuple[int, StreamKey], int] = {}
        self._spins: dict[int, tuple[float, int]] = {}
        self._texts: dict[bytes, list[str]] = {}

    def fail(self, sentence: str) -> None:
        """A promise is broken."""
        raise BrokenPromiseError(sentence)

    def texts(self, batch: Batch) -> list[str]:
        """The texts of a batch's events."""
        texts = self._texts.get(batch.digest)
        if texts is None:
            texts = self._texts[batch.digest] = [item.text for item in decode_contents(batch)]
        return texts

    # What a disk commits.

    def commits(self, host: "Host", image: Image, job: Job) -> None:
        """A job is about to be carried out on what is durable."""
        match job:
            case Store():
                self._stores(host, image.kept(job.batch.key), job)
            case Place():
                self._places(host, image.kept(job.key), job)
            case Raise():
                self._raises(host, image.kept(job.key), job)

    def _stores(self, host: "Host", kept: Kept, job: Store) -> None:
        batch, name = job.batch, f"{host.name} stores {job.batch.key.topic}"
        first, last = batch.first, batch.last
        self._is_genuine(host, batch)
        if kept.have.touches(first, last):
            self.fail(f"{name} {first}-{last}, of which it has some already")
        if last <= kept.baseline:
            self.fail(f"{name} {first}-{last}, below its baseline {kept.baseline}")
        if job.late:
            if not kept.lost.covers(max(first, kept.baseline + 1), last):
                self.fail(f"{name} {first}-{last} as late, which was not reported lost")
        elif job.placed and not first <= kept.placed + 1 <= last:
            self.fail(f"{name} {first}-{last} in its place, right after {kept.placed}")
        elif not job.placed and first <= kept.placed + 1:
            self.fail(f"{name} {first}-{last} as beyond a gap, right after {kept.placed}")
        self._ever[host.place, batch.key].add(first, last)

    def _is_genuine(self, host: "Host", batch: Batch) -> None:
        if batch.digest in self.made:
            return
        if batch.key.origin != host.public:
            self.fail(f"{host.name} stores a batch that its origin never made")
        self.made[batch.digest] = batch
        if self.ranges[batch.key].touches(batch.first, batch.last):
            self.forked[batch.key] = True
            system = batch.key.topic.startswith(SYSTEM)
            if not system and not self.may_fork.get(host.place):
                self.fail(f"{host.name} uses {batch.key.topic} {batch.first} a second time")
        self.ranges[batch.key].add(batch.first, batch.last)

    def _places(self, host: "Host", kept: Kept, job: Place) -> None:
        row = kept.rows.get(job.first)
        name = f"{host.name} places {job.key.topic} {job.first}"
        if row is None or row.position:
            self.fail(f"{name}, which is not held")
        elif not job.first <= kept.placed + 1 + job.missing <= row.batch.last:
            self.fail(f"{name} after {kept.placed}, reporting {job.missing} as lost")

    def _raises(self, host: "Host", kept: Kept, job: Raise) -> None:
        if job.baseline < kept.baseline:
            self.fail(f"{host.name} lowers a baseline from {kept.baseline} to {job.baseline}")
        if job.key in self.forked:
            return
        limit = host.now.wall - host.settings.history + host.settings.clock_step
        for batch in self.made.values():
            old = batch.header.time <= limit
            if batch.key == job.key and batch.first <= job.baseline and not old:
                self.fail(f"{host.name} wants nothing up to {job.baseline} of what is not old")

    # What a node says.

    def sends(self, host: "Host", frame: bytes) -> None:
        """A frame goes out on the feed."""
        if not frame.startswith(BEAT_PREFIX):
            self._is_durable(host, frame)
            return
        if frame[WORD_ENDS] == EMPTY and len(frame) < SMALL:
            return
        word = _words.decode(decode_beat(frame).word)
        if isinstance(word, Heartbeat):
            self._claims(host, word.claims)

    def transmits(self, host: "Host", frame: bytes) -> None:
        """A message goes out on the exchange."""
        if frame[1] not in _TELLING:
            return
        match decode_message(frame):
            case Changes(claims=claims):
                self._claims(host, claims)
            case Pulled(batches=batches):
                for batch in batches:
                    self._is_durable(host, batch)
            case Deliver(batch=batch):
                self._is_durable(host, batch)
            case Receipted(receipt=receipt):
                word = _words.decode(receipt.word)
                assert isinstance(word, Receipt)
                key = StreamKey(word.origin, word.epoch, word.topic)
                self._holds(host, key, word.low, word.high, "gives a receipt for")

    def _is_durable(self, host: "Host", frame: bytes) -> None:
        if frame not in host.disk.image.frames:
            self.fail(f"{host.name} sends a batch that is not on its disk")

    def _claims(self, host: "Host", claims: tuple[Claim, ...]) -> None:
        for claim in claims:
            key = StreamKey(claim.origin or host.public, claim.epoch, claim.topic)
            for low, high in zip(claim.held[::2], claim.held[1::2], strict=True):
                self._holds(host, key, low, high, "claims to hold")
            if claim.baseline < self._floors.get((host.place, key), 0):
                self.fail(f"{host.name}'s baseline of {key.topic} fell to {claim.baseline}")
            self._floors[host.place, key] = claim.baseline

    def _holds(self, host: "Host", key: StreamKey, low: int, high: int, what: str) -> None:
        if not host.disk.image.kept(key).have.covers(low, high):
            self.fail(f"{host.name} {what} {key.topic} {low}-{high}, which is not on its disk")

    def floor(self, host: "Host", key: StreamKey) -> int:
        """The baseline that the host has on disk, or has told and could not write down yet."""
        return max(host.disk.image.kept(key).baseline, self._floors.get((host.place, key), 0))

    def is_past(self, host: "Host", texts: list[str]) -> bool:
        """Whether the host has a baseline above events of these texts, wherever they stand."""
        return any(
            text in texts and self.floor(host, batch.key) >= seq
            for batch in self.made.values()
            for seq, text in enumerate(self.texts(batch), batch.first)
        )

    # What a client is told.

    def acknowledged(self, host: "Host", reply: Published, texts: tuple[str, ...]) -> None:
        """A client was told that its events are durable under these numbers."""
        self.promised[host.place].append(Promise(reply, texts, host.starts or 0))
        self._keeps(host, reply, texts)

    def _keeps(self, host: "Host", reply: Published, texts: tuple[str, ...]) -> None:
        key = StreamKey(reply.origin, reply.epoch, reply.topic)
        found: dict[int, str] = {}
        for row in host.disk.image.kept(key).rows.values():
            if row.batch.last >= reply.first:
                found |= enumerate(self.texts(row.batch), row.batch.first)
        for seq, text in enumerate(texts, reply.first):
            if found.get(seq) != text:
                self.fail(f"{host.name} acknowledged {text} as {key.topic} {seq}: {found.get(seq)}")

    def held(self, host: "Host", question: object, reply: Held) -> None:
        """A client was told who holds its event."""
        assert isinstance(question, Hold)
        key = StreamKey(host.public, question.epoch, question.topic)
        for name in reply.delivered:
            if not self._ever[place_of(name), key].covers(question.seq, question.seq):
                self.fail(f"{host.name} says that {name} holds {key.topic} {question.seq}")

    def woken(self, host: "Host", reply: Woken) -> None:
        """A client was told that the log has grown."""
        if reply.position > host.disk.image.position:
            self.fail(f"{host.name} wakes a reader for {reply.position}, which is not there yet")

    # What befalls a host.

    def crashed(self, host: "Host") -> None:
        """A process died: what it acknowledged is on its disk."""
        if host.disk.wanting:
            self._reset_floors(host)
        for promise in self.promised[host.place]:
            self._keeps(host, promise.reply, promise.texts)

    def restored(self, host: "Host") -> None:
        """An old disk is back: what only the new one held is not promised by this host."""
        image = host.disk.image
        self.promised[host.place] = [
            promise
            for promise in self.promised[host.place]
            if image.kept(promise.key).have.covers(*promise.numbers)
        ]
        self._reset_floors(host)

    def _reset_floors(self, host: "Host") -> None:
        for place, key in list(self._floors):
            if place == host.place:
                self._floors[place, key] = host.disk.image.kept(key).baseline

    def spins(self, host: "Host", mono: float) -> None:
        """A node wants to be called again at once: now and then, but not for ever."""
        second, count = self._spins.get(host.place, (mono, 0))
        if mono - second > 1:
            second, count = mono, 0
        if count > SPINS:
            self.fail(f"{host.name} keeps its processor busy with nothing to do")
        self._spins[host.place] = second, count + 1

    def halts(self, host: "Host", reason: str) -> None:
        """A node stops itself."""
        self.fail(f"{host.name} halts: {reason}")
