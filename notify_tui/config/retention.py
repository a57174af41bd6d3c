"""Retention: how long and how much the log keeps, as rules such as `30d`, `2GiB`, `builds.>=7d`.

A rule is `[PATTERN=]AGE` or `[PATTERN=]SIZE`; without a pattern it holds for everything. Ages
have the units s, m, h, d, w, or are `forever`; sizes have B, kB, MB, GB, TB, KiB, MiB, GiB, TiB.
"""

from typing import NamedTuple

from msgspec import Struct

from notify_tui.errors import UsageError
from notify_tui.protocol.topic import check_pattern

EVERYTHING = ">"
FOREVER = "forever"
SECOND = 1_000_000_000
_AGES = {"w": 604_800 * SECOND, "d": 86_400 * SECOND, "h": 3600 * SECOND, "m": 60 * SECOND,
         "s": SECOND}  # fmt: skip
_SIZES = {
    "TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10,
    "TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3, "B": 1,
}  # fmt: skip
_MOST = 1 << 62


class Limit(Struct, frozen=True):
    """What is kept of the topics that a pattern takes; the first limit that takes a topic counts.

    `age` in ns, None is forever. `size` in bytes for these topics alone, None: they count
    towards the size of `>`, which always has one.
    """

    pattern: str
    age: int | None
    size: int | None

    def __str__(self) -> str:
        """The limit as rules."""
        subject = "" if self.pattern == EVERYTHING else f"{self.pattern}="
        bounds = [FOREVER if self.age is None else _in_units(self.age, _AGES)]
        if self.size is not None:
            bounds.append(_in_units(self.size, _SIZES))
        return ",".join(subject + bound for bound in bounds)


class _Rule(NamedTuple):
    pattern: str
    field: str
    bound: int | None


DEFAULT_RETENTION = (Limit(EVERYTHING, 30 * _AGES["d"], 2 << 30),)


def read_retention(rules: list[str]) -> tuple[Limit, ...]:
    """The limits that rules make: one a pattern, in their order, and `>` last.

    What no rule says of a pattern's age is as for `>`, what none says of `>` is the default.

    Raises:
        UsageError: a rule is none.
        TopicError: its pattern is none.
    """
    everything = {"age": DEFAULT_RETENTION[0].age, "size": DEFAULT_RETENTION[0].size}
    limits: dict[str, dict[str, int | None]] = {}
    for pattern, field, bound in map(_read_rule, rules):
        of_pattern = everything if pattern == EVERYTHING else limits.setdefault(pattern, {})
        of_pattern[field] = bound
    named = (
        Limit(pattern, said.get("age", everything["age"]), said.get("size"))
        for pattern, said in limits.items()
    )
    return (*named, Limit(EVERYTHING, **everything))


def _read_rule(rule: str) -> _Rule:
    pattern, equals, bound = rule.rpartition("=")
    pattern = check_pattern(pattern) if equals else EVERYTHING
    if bound == FOREVER:
        return _Rule(pattern, "age", None)
    for field, units in (("age", _AGES), ("size", _SIZES)):
        for unit, worth in units.items():
            number = bound.removesuffix(unit)
            if number.isascii() and number.isdecimal() and bound != number:
                return _Rule(pattern, field, _in_bounds(rule, number, worth))
    raise UsageError(f"{bound!r} is neither an age (12h, 30d, {FOREVER}) nor a size (500MB, 2GiB)")


def _in_bounds(rule: str, number: str, worth: int) -> int:
    if len(number) > 18 or not 0 < int(number) * worth <= _MOST:
        raise UsageError(f"{rule!r} is out of bounds; say {FOREVER!r} to keep without an age")
    return int(number) * worth


def _in_units(amount: int, units: dict[str, int]) -> str:
    """The amount in the first unit that divides it; `units` are in the order of preference."""
    unit = next(unit for unit, worth in units.items() if amount % worth == 0)
    return f"{amount // units[unit]}{unit}"
