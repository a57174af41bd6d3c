"""A peer's life as one table: (state, what happened) → (state, what follows).

Nothing else decides who is alive. Discovery only ever finds; a signed word is the only sign
of life; silence is counted in the peer's own intervals.
"""

from enum import Enum, auto
from typing import NamedTuple


class Life(Enum):
    """Where a peer stands."""

    FOUND = "found"
    ALIVE = "alive"
    SUSPECT = "suspect"
    LOST = "lost"
    LEFT = "left"


class Sign(Enum):
    """What happened."""

    HELLO = auto()
    """It proved who it is, over a fresh challenge."""
    HEARD = auto()
    """It said something signed."""
    QUIET = auto()
    """It missed the intervals that make it suspect."""
    SILENT = auto()
    """It missed the intervals that make it lost."""
    GOODBYE = auto()
    """It said that it leaves."""


class Follow(Enum):
    """What the node does about it."""

    JOIN = auto()
    """Tell the user that it is here, and ask what it holds."""
    ASK = auto()
    """Ask what it holds: it may have changed meanwhile."""
    REBUILD = auto()
    """Drop its connections and dial again: the old ones may be dead and not know it."""
    LOSE = auto()
    """Tell the user that it is gone, and forget what it offered."""
    LEAVE = auto()
    """Tell the user that it left, and drop its connections."""


class Step(NamedTuple):
    """A row's right side."""

    life: Life
    follow: Follow | None = None


TABLE: dict[tuple[Life, Sign], Step] = {
    (Life.FOUND, Sign.HELLO): Step(Life.ALIVE, Follow.JOIN),
    (Life.ALIVE, Sign.HELLO): Step(Life.ALIVE, Follow.ASK),
    (Life.ALIVE, Sign.HEARD): Step(Life.ALIVE),
    (Life.ALIVE, Sign.QUIET): Step(Life.SUSPECT, Follow.REBUILD),
    (Life.ALIVE, Sign.GOODBYE): Step(Life.LEFT, Follow.LEAVE),
    (Life.SUSPECT, Sign.HELLO): Step(Life.ALIVE, Follow.ASK),
    (Life.SUSPECT, Sign.HEARD): Step(Life.ALIVE, Follow.ASK),
    (Life.SUSPECT, Sign.SILENT): Step(Life.LOST, Follow.LOSE),
    (Life.SUSPECT, Sign.GOODBYE): Step(Life.LEFT, Follow.LEAVE),
    (Life.LOST, Sign.HELLO): Step(Life.ALIVE, Follow.JOIN),
    (Life.LOST, Sign.GOODBYE): Step(Life.LEFT),
    (Life.LEFT, Sign.HELLO): Step(Life.ALIVE, Follow.JOIN),
}
"""Every pair that is missing changes nothing."""


def step(life: Life, sign: Sign) -> Step:
    """What becomes of a peer."""
    return TABLE.get((life, sign), Step(life))
