"""Clock: a host's two clocks, one that never jumps and one that may."""

from notify_tui.protocol.command import Now

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
MORNING = 1_700_000_000 * SECOND
"""When the simulated time begins, by the wall."""


class Clock:
    """`rate` is how fast its quartz runs, `skew` how far (ns) its wall clock is off."""

    def __init__(self, rate: float = 1.0, skew: int = 0) -> None:
        self.rate = rate
        self.skew = skew

    def at(self, time: float) -> Now:
        """What the host's clocks show at a simulated time."""
        mono = time * self.rate
        return Now(mono, MORNING + int(mono * SECOND) + self.skew)

    def until(self, mono: float, time: float) -> float:
        """Simulated seconds from `time` until the host's clock shows `mono`."""
        return mono / self.rate - time
