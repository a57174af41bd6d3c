"""Promises: what must hold once the world has healed, and had its time."""

from collections import Counter
from collections.abc import Iterator

from notify_tui.protocol.event import StreamKey
from notify_tui.protocol.intervals import Intervals
from notify_tui.protocol.topic import SYSTEM, matches_any
from tests.simulation.host import Host
from tests.simulation.judge import Judge


def unkept(hosts: list[Host], judge: Judge) -> Iterator[str]:
    """A sentence for each promise that is not kept (yet)."""
    live = [host for host in hosts if host.running]
    yield from eventual_delivery(live, judge)
    yield from nothing_waits(live)
    yield from presence(live)
    yield from durable_publish(live, judge)
    if not judge.may_fork:
        yield from receipts(live)
        yield from once(live, judge)


def wants(host: Host, key: StreamKey) -> bool:
    """Whether the stream is in the host's interest."""
    mine = key.origin == host.public
    return mine or key.topic.startswith("@") or matches_any(host.interest, key.topic)


def eventual_delivery(live: list[Host], judge: Judge) -> Iterator[str]:
    """Every event that a live member holds is held by each interested member."""
    for key, union in _held_by_all(live, judge).items():
        for host in live:
            have = host.disk.image.kept(key).have
            if not wants(host, key) or have == union:
                continue
            lacking = union.copy()
            for low, high in have:
                lacking.discard(low, high)
            lacking.discard(1, judge.floor(host, key))
            if lacking:
                yield f"{host.name} lacks {name(key)} {list(lacking)}"


def _held_by_all(live: list[Host], judge: Judge) -> dict[StreamKey, Intervals]:
    held: dict[StreamKey, Intervals] = {}
    for host in live:
        for key, kept in host.disk.image.streams.items():
            if key.topic.startswith(SYSTEM) or key in judge.forked:
                continue
            union = held.setdefault(key, Intervals())
            for low, high in kept.have:
                union.add(low, high)
    return held


def name(key: StreamKey) -> str:
    """A stream in a sentence."""
    return f"{key.topic} of {key.origin.hex()[:4]}/{key.epoch}"


def nothing_waits(live: list[Host]) -> Iterator[str]:
    """Every event has its place in the log, every publish its answer."""
    for host in live:
        for key, kept in host.disk.image.streams.items():
            held = [first for first, row in kept.rows.items() if not row.position]
            if held:
                yield f"{host.name} holds {name(key)} {held} without a place"
        for pending in host.client.pending.values():
            if pending.texts:
                yield f"{host.name} never answers a publish of {pending.texts}"


def presence(live: list[Host]) -> Iterator[str]:
    """Everybody who is here is alive at everybody else, and nobody else is."""
    for host in live:
        host.client.look()
        states = {peer.name: peer.state for peer in host.client.peers}
        for other in live:
            reachable = not (host.firewalled and other.firewalled)
            if other is not host and reachable and states.get(other.name) != "alive":
                yield f"{host.name} thinks that {other.name} is {states.get(other.name)}"
        here = {other.name for other in live}
        for name_, state in states.items():
            if state == "alive" and name_ not in here:
                yield f"{host.name} thinks that {name_} is alive"


def receipts(live: list[Host]) -> Iterator[str]:
    """Everybody knows that everybody holds its events, and wants nothing more."""
    everything = [host for host in live if host.interest == (">",)]
    names = {host.name for host in everything if not host.firewalled}
    for host in everything:
        if host.firewalled:
            continue
        for peer in host.client.peers:
            if peer.state == "alive" and peer.name in names and (peer.lacks or peer.offers):
                yield (
                    f"{host.name} thinks that {peer.name} lacks {peer.lacks} of its events"
                    f" and offers {peer.offers}"
                )


def durable_publish(live: list[Host], judge: Judge) -> Iterator[str]:
    """What was acknowledged is everywhere, even if a copy of its origin used its numbers.

    Of a fork, what the last start of the origin acknowledged: where it began before that,
    nobody can know.
    """
    shown = {host.place: _texts(host, judge) for host in live}
    for host in live:
        for promise in judge.promised[host.place]:
            if promise.key in judge.forked and promise.boot != host.starts:
                continue
            for other in live:
                missing = [text for text in promise.texts if text not in shown[other.place]]
                if missing and wants(other, promise.key) and not judge.is_past(other, missing):
                    yield f"{other.name} lacks {missing}, acknowledged by {host.name}"


def once(live: list[Host], judge: Judge) -> Iterator[str]:
    """Nothing is shown twice."""
    for host in live:
        twice = [text for text, times in _texts(host, judge).items() if times > 1]
        if twice:
            yield f"{host.name} shows {twice} more than once"


def _texts(host: Host, judge: Judge) -> Counter[str]:
    texts: Counter[str] = Counter()
    for key, kept in host.disk.image.streams.items():
        if not key.topic.startswith(SYSTEM):
            for row in kept.rows.values():
                texts.update(judge.texts(row.batch))
    return texts
