"""Troubles: what happens to hosts in a storm. Each function is one kind; times in seconds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.clock import DAY, SECOND
from tests.simulation.disk import Image

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.world import World


def crash(world: "World") -> None:
    """A host crashes, and comes back soon or late."""
    if host := world.pick_running():
        host.crash()
        world.later(world.rng.choice((0.01, 0.5, 4.0)), world.start, host)


def restart(world: "World") -> None:
    """A node ends with a goodbye, and comes back."""
    if host := world.pick_running():
        host.stop()
        world.later(world.rng.choice((0.01, 0.5, 4.0)), world.start, host)


def die(world: "World") -> None:
    """A host dies for good, as long as others are left and can find each other."""
    host = world.pick_running()
    if host and _is_dispensable(world, host):
        _die(host)


def last_words(world: "World") -> None:
    """A host says a few things, one after the other, and dies before anybody can ask again."""
    host = world.pick_running()
    if host and _is_dispensable(world, host):
        topic = world.topic()
        for place in range(6):
            world.later(0.006 * place, host.client.publish, topic)
        world.later(0.04, _die, host)


def _is_dispensable(world: "World", host: "Host") -> bool:
    living = [other for other in world.hosts if not other.dead]
    return len(living) > 2 and (world.storm.multicast or host.place > 0)


def _die(host: "Host") -> None:
    host.crash()
    host.dead = True


def partition(world: "World") -> None:
    """The LAN falls into two halves that hear nothing of each other."""
    half = [host.place for host in world.hosts if world.rng.random() < 0.5]
    others = [host.place for host in world.hosts if host.place not in half]
    pairs = [(one, other) for one in half for other in others]
    _cut_for(world, pairs + [(other, one) for one, other in pairs])


def one_way(world: "World") -> None:
    """A host hears nobody, or nobody hears it."""
    host = world.rng.choice(world.hosts)
    others = [other.place for other in world.hosts if other is not host]
    deaf = world.rng.random() < 0.5
    _cut_for(world, [(one, host.place) if deaf else (host.place, one) for one in others])


def _cut_for(world: "World", pairs: list[tuple[int, int]]) -> None:
    for pair in pairs:
        world.network.cut(*pair)
    world.later(world.rng.uniform(0.5, 14.0), _mend, world, pairs)


def _mend(world: "World", pairs: list[tuple[int, int]]) -> None:
    for pair in pairs:
        world.network.mend(*pair)
    world.announce_all()


def reset(world: "World") -> None:
    """Some connections break, and are made anew."""
    unlucky = world.rng.random()
    world.network.reset(lambda _one, _other: world.rng.random() < unlucky)


def restore(world: "World") -> None:
    """A host's log is put back to how it was a while ago; in a forking storm, its whole home.

    Whole homes, and logs that the same start wrote on, do not tell that they are old.
    """
    if host := world.pick_running():
        host.save()
        world.later(world.rng.uniform(0.5, 4.0), _restore, world, host)


def _restore(world: "World", host: "Host") -> None:
    if host.backup is None or host.dead or world.healed:
        return
    image, starts = host.backup
    host.crash()
    whole = world.storm.forks and world.rng.random() < 0.7
    if whole or image.settings.get("boot") == str(host.starts):
        world.judge.may_fork[host.place] = True
    host.restore(image.copy(), starts if whole else host.starts)
    world.later(0.1, world.start, host)


def lose_disk(world: "World") -> None:
    """A host's log is lost; the counter of starts, too, where the clock can stand in for it."""
    if host := world.pick_running():
        host.crash()
        jumped = any(name == "jump" for _, name in world.storm.troubles)
        host.restore(Image(), host.starts if jumped else world.rng.choice((host.starts, None)))
        world.later(0.5, world.start, host)


def fill_disk(world: "World") -> None:
    """A disk is full for a while."""
    host = world.rng.choice(world.hosts)
    host.disk.full = True
    world.later(world.rng.choice((0.01, 0.5, 5.0)), _empty_disk, host)


def _empty_disk(host: "Host") -> None:
    host.disk.full = False


def slow_disk(world: "World") -> None:
    """A disk takes its time."""
    world.rng.choice(world.hosts).disk.slow = world.rng.choice((10.0, 100.0, 400.0))


def jump(world: "World") -> None:
    """A wall clock jumps."""
    host = world.rng.choice(world.hosts)
    seconds = world.rng.choice((1, 10, 100, 5000))
    host.clock.skew += world.rng.choice((-seconds, seconds)) * SECOND


def slow(world: "World") -> None:
    """A machine has too much to do."""
    world.rng.choice(world.hosts).turn_delay = world.rng.choice((0.02, 0.2, 1.0))


def suspend(world: "World") -> None:
    """A process is stopped for a while, and continued."""
    if host := world.pick_running():
        host.stopped = True
        world.later(world.rng.choice((0.5, 4.0, 12.0)), _resume, host)


def _resume(host: "Host") -> None:
    if host.stopped:
        host.stopped = False
        if host.node:
            host.node.turn()


def newcomer(world: "World") -> None:
    """Somebody who was never here before starts."""
    if world.newcomers:
        host = world.newcomers.pop()
        world.hosts.append(host)
        world.start(host)


def burst(world: "World") -> None:
    """A host publishes a lot at once."""
    if host := world.pick_running():
        for _ in range(world.rng.randint(1, 4)):
            host.client.publish(world.topic(), world.rng.choice((5, 40, 200)))


def move(world: "World") -> None:
    """A host gets another address; not the one that all were told, where that is all they know."""
    hosts = world.hosts if world.storm.multicast else world.hosts[1:]
    host = world.rng.choice(hosts)
    world.moves += 1
    host.address = f"10.0.1.{world.moves}"
    world.network.move(host.place, host.address)
    if host.node:
        host.node.feed("on_hosts", (host.address,))
    world.announce_all()


def widen(world: "World") -> None:
    """A host comes to be interested in everything."""
    host = world.rng.choice(world.hosts)
    if host.node and host.interest != (">",):
        host.interest = (*host.interest, ">")
        host.client.widen(">")


def sleep_a_week(world: "World") -> None:
    """Everybody is off for eight days, and comes back."""
    for host in world.hosts:
        host.crash()
        host.clock.skew += 8 * DAY
        if not host.dead:
            world.later(world.rng.uniform(0.1, 2.0), world.start, host)


def end(world: "World") -> None:
    """The storm is over: who can be here is here, and nothing stands in anybody's way."""
    world.healed = True
    for host in world.hosts:
        host.disk.full, host.disk.slow, host.turn_delay = False, 1.0, 0.0
        _resume(host)
        if not host.dead:
            world.start(host)
    world.network.heal()
    world.announce_all(surely=True)


NAMED: dict[str, Callable[["World"], None]] = {
    function.__name__: function
    for function in (
        crash, restart, die, last_words, partition, one_way, reset, restore, lose_disk, fill_disk,
        slow_disk, jump, slow, suspend, newcomer, burst, move, widen, sleep_a_week,
    )
}  # fmt: skip
