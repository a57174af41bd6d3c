"""Storm: what a seed means."""

from random import Random

from msgspec import Struct

from tests.simulation.network import Weather

TROUBLES = (
    "crash", "crash", "restart", "die", "last_words", "partition", "partition", "one_way",
    "reset", "restore", "lose_disk", "fill_disk", "slow_disk", "jump", "slow", "suspend",
    "newcomer", "burst", "move", "widen", "sleep_a_week",
)  # fmt: skip
"""Names of functions in `troubles`; twice is twice as often."""


class Storm(Struct, frozen=True):
    """Everything that a seed decides before the simulated time begins."""

    seed: int
    hosts: int
    newcomers: int
    seconds: float
    publishes: int
    troubles: tuple[tuple[float, str], ...]
    """When what happens, in seconds from the start."""
    weather: Weather
    multicast: bool
    """Without it, everybody knows the address of the first host only."""
    firewalled: tuple[int, ...]
    narrow: tuple[int, ...]
    """Hosts that keep only some topics."""
    forks: bool
    """A whole home may be restored, so that nobody can know that numbers recur."""
    skew: int
    """Seconds that clocks may be off."""


def storm_of(seed: int, hosts: int | None = None) -> Storm:
    """The storm of a seed; most are small, so that many fit in a minute."""
    rng = Random(seed)
    many = hosts or rng.choice((2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 6, 8))
    seconds = rng.uniform(4, 12)
    names = [rng.choice(TROUBLES) for _ in range(rng.randint(1, 5))]
    count = rng.randint(1, 6)
    troubles = sorted((rng.uniform(0.5, seconds), rng.choice(names)) for _ in range(count))
    newcomers = sum(1 for _, name in troubles if name == "newcomer")
    multicast = rng.random() < 0.8
    rendezvous = 0 if multicast else 1
    places = range(many)
    return Storm(
        seed=seed,
        hosts=many,
        newcomers=newcomers,
        seconds=seconds,
        publishes=rng.randint(3, 25),
        troubles=tuple(troubles),
        weather=_weather(rng),
        multicast=multicast,
        firewalled=(rng.randrange(rendezvous, many),) if rng.random() < 0.15 else (),
        narrow=tuple(place for place in places if rng.random() < 0.1),
        forks=rng.random() < 0.1,
        skew=rng.choice((0, 0, 2, 30, 300)),
    )


def _weather(rng: Random) -> Weather:
    def maybe(chance: float, most: float) -> float:
        return rng.uniform(0, most) if rng.random() < chance else 0.0

    return Weather(
        drop=maybe(0.6, 0.4),
        duplicate=maybe(0.4, 0.3),
        reorder=maybe(0.4, 0.3),
        corrupt=maybe(0.2, 0.1),
        replay=maybe(0.2, 0.2),
        forge=maybe(0.1, 0.3),
        delay=rng.choice((0.0005, 0.005, 0.05)),
        jitter=rng.choice((0.0005, 0.01, 0.1)),
    )
