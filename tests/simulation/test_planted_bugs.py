"""Planted bugs: each takes one protection out of the protocol, and the simulator notices.

The storm that shows the bug passes again once the protection is back.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from notify_tui.protocol import intake
from notify_tui.protocol.batch import Batch
from notify_tui.protocol.command import Send, Store
from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.gossip import Gossip
from notify_tui.protocol.intake import Intake, Verdict
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.peer import Peer
from notify_tui.protocol.publisher import Publisher
from notify_tui.protocol.receipts import Debt, Receipts
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.stream import Stream
from notify_tui.protocol.wire import Claim, Heartbeat
from tests.simulation.judge import BrokenPromiseError
from tests.simulation.network import Weather
from tests.simulation.storm import Storm, storm_of
from tests.simulation.world import World

SEEDS = 200
Plant = Callable[[pytest.MonkeyPatch], None]


def repair_only_from_the_origin(patch: pytest.MonkeyPatch) -> None:
    """Whoever else holds a batch is not asked for it."""
    holders = Repair._holders

    def only_the_origin(
        self: Repair, key: StreamKey, stream: Stream | None
    ) -> tuple[list[tuple[Peer, Intervals]], float]:
        found, rested = holders(self, key, stream)
        return [holder for holder in found if holder[0].public == key.origin], rested

    patch.setattr(Repair, "_holders", only_the_origin)


def contiguous_only_have_sets(patch: pytest.MonkeyPatch) -> None:
    """What a node holds beyond a hole is not told."""
    claim = Gossip._claim

    def up_to_the_first_hole(self: Gossip, stream: Stream) -> Claim:
        whole = claim(self, stream)
        return msgspec.structs.replace(whole, held=whole.held[:2])

    patch.setattr(Gossip, "_claim", up_to_the_first_hole)


def heartbeats_without_heads(patch: pytest.MonkeyPatch) -> None:
    """A heartbeat says that its author lives, and nothing of what it holds."""
    heartbeat = Gossip.heartbeat

    def bare(self: Gossip) -> Heartbeat:
        return msgspec.structs.replace(heartbeat(self), claims=())

    patch.setattr(Gossip, "heartbeat", bare)


def send_before_commit(patch: pytest.MonkeyPatch) -> None:
    """A batch goes out while the log is still at it."""
    cut = Publisher._cut

    def cut_and_send(self: Publisher, *arguments: Any) -> int:
        end = cut(self, *arguments)
        stores = [command for command in self._state.out if isinstance(command, Store)]
        if not stores[-1].batch.key.topic.startswith("_"):
            self._state.emit(Send(stores[-1].batch.frame))
        return end

    patch.setattr(Publisher, "_cut", cut_and_send)


def sequence_reuse_after_restore(patch: pytest.MonkeyPatch) -> None:
    """A log that is known to be an old copy goes on where it ends."""
    begin = Publisher.begin_epoch

    def go_on(self: Publisher) -> None:
        if not self._state.epoch:
            begin(self)

    patch.setattr(Publisher, "begin_epoch", go_on)


def receipts_before_stored(patch: pytest.MonkeyPatch) -> None:
    """A receipt is given for what was merely received."""

    def owe(self: Receipts, key: StreamKey, debt: Debt) -> None:
        self._pay(key, debt)

    patch.setattr(Receipts, "owe", owe)


def delivery_in_arrival_order_across_a_gap(patch: pytest.MonkeyPatch) -> None:
    """What comes beyond a gap gets its place at once."""
    keep = Intake._keep

    def keep_in_arrival_order(
        self: Intake, stream: Stream, batch: Batch, *, repaired: bool
    ) -> Verdict:
        if batch.first > stream.tail + 1:
            stream.tail, stream.digest = batch.first - 1, None
        return keep(self, stream, batch, repaired=repaired)

    patch.setattr(Intake, "_keep", keep_in_arrival_order)


def baselines_that_fall(patch: pytest.MonkeyPatch) -> None:
    """A baseline is raised, but not written down."""

    def forgetful(self: Intake, key: StreamKey, baseline: int, digest: bytes | None) -> None:
        streams = self._state.streams
        stream = streams.get(key) or streams.add(Stream(key))
        stream.raise_baseline(baseline, digest)
        streams.changed(key)

    patch.setattr(Intake, "raise_baseline", forgetful)


def unsigned_batches_believed(patch: pytest.MonkeyPatch) -> None:
    """Whoever says it wrote a batch is believed."""
    patch.setattr(intake, "is_signed", lambda _batch, _verify: True)


def offers_forgotten_with_a_peer(patch: pytest.MonkeyPatch) -> None:
    """What a peer offered before it was away is not asked for when it is back."""
    patch.setattr(Repair, "meet", lambda _self, _peer: None)


def numbers_lost_with_a_failed_commit(patch: pytest.MonkeyPatch) -> None:
    """What the disk had no room for leaves a hole in the numbers."""
    fail = Stream.fail

    def go_on(self: Stream) -> None:
        tail, digest = self.tail, self.digest
        fail(self)
        self.tail, self.digest = tail, digest

    patch.setattr(Stream, "fail", go_on)


PLANTED: list[tuple[Plant, tuple[str, ...]]] = [
    (repair_only_from_the_origin, ("die", "newcomer", "partition")),
    (contiguous_only_have_sets, ("last_words", "last_words")),
    (heartbeats_without_heads, ()),
    (send_before_commit, ("crash",)),
    (sequence_reuse_after_restore, ("restore", "crash", "restore")),
    (receipts_before_stored, ("crash",)),
    (delivery_in_arrival_order_across_a_gap, ()),
    (baselines_that_fall, ("sleep_a_week", "crash", "crash")),
    (unsigned_batches_believed, ()),
    (offers_forgotten_with_a_peer, ("suspend", "partition", "suspend", "fill_disk")),
    (numbers_lost_with_a_failed_commit, ("fill_disk", "burst", "fill_disk", "fill_disk")),
]


def shaped(seed: int, names: tuple[str, ...]) -> Storm:
    """The seed's storm, on a lossy network, with these troubles instead of its own."""
    storm = storm_of(seed, hosts=4)
    step = storm.seconds / (len(names) + 1)
    troubles = tuple((step * place, name) for place, name in enumerate(names, 1))
    return msgspec.structs.replace(
        storm,
        troubles=troubles,
        newcomers=names.count("newcomer"),
        weather=Weather(drop=0.3, forge=0.2, delay=0.005, jitter=0.01),
        multicast=True,
        firewalled=(),
        narrow=(),
        forks=False,
        publishes=25,
    )


def breaks(storm: Storm) -> str | None:
    """The sentence of the promise that the storm breaks, if it breaks one."""
    try:
        World(storm).run()
    except BrokenPromiseError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("plant", "troubles"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED]
)
def test_the_simulator_finds_a_planted_bug(
    plant: Plant, troubles: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = next((seed for seed in range(SEEDS) if breaks(shaped(seed, troubles))), None)
    assert found is not None, f"{plant.__name__} went unnoticed"
    monkeypatch.undo()
    assert breaks(shaped(found, troubles)) is None
