"""Intervals: a set of sequence numbers as sorted, disjoint, non-adjacent [low, high] pairs."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Intervals:
    """A have-set, a gap list, an offer. Cost follows the number of holes, not of events."""

    __slots__ = ("_highs", "_lows")

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._lows: list[int] = []
        self._highs: list[int] = []
        for low, high in pairs:
            self.add(low, high)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._lows, self._highs, strict=True)

    def __bool__(self) -> bool:
        return bool(self._lows)

    def __len__(self) -> int:
        return len(self._lows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervals) and list(self) == list(other)

    def __repr__(self) -> str:
        return f"Intervals({list(self)})"

    __hash__ = None  # type: ignore[assignment]

    @property
    def high(self) -> int:
        """The highest number held, 0 when there is none."""
        return self._highs[-1] if self._highs else 0

    def total(self) -> int:
        """How many numbers it holds."""
        return sum(self._highs) - sum(self._lows) + len(self._lows)

    def copy(self) -> "Intervals":
        """An independent copy."""
        twin = Intervals()
        twin._lows, twin._highs = self._lows.copy(), self._highs.copy()
        return twin

    def add(self, low: int, high: int) -> None:
        """Put low..high in; an empty range (low > high) adds nothing."""
        if low > high:
            return
        left = bisect_left(self._highs, low - 1)
        right = bisect_right(self._lows, high + 1)
        if left < right:
            low = min(low, self._lows[left])
            high = max(high, self._highs[right - 1])
        self._lows[left:right] = [low]
        self._highs[left:right] = [high]

    def discard(self, low: int, high: int) -> None:
        """Take low..high out, as far as it is in."""
        if low > high:
            return
        left = bisect_left(self._highs, low)
        right = bisect_right(self._lows, high)
        if left >= right:
            return
        lows, highs = [], []
        if self._lows[left] < low:
            lows.append(self._lows[left])
            highs.append(low - 1)
        if self._highs[right - 1] > high:
            lows.append(high + 1)
            highs.append(self._highs[right - 1])
        self._lows[left:right] = lows
        self._highs[left:right] = highs

    def covers(self, low: int, high: int) -> bool:
        """Whether all of low..high is in."""
        place = bisect_left(self._highs, low)
        return place < len(self._lows) and self._lows[place] <= low and high <= self._highs[place]

    def touches(self, low: int, high: int) -> bool:
        """Whether any of low..high is in."""
        place = bisect_left(self._highs, low)
        return place < len(self._lows) and self._lows[place] <= high

    def missing(self, low: int, high: int) -> "Intervals":
        """What of low..high is not in."""
        rest = Intervals(((low, high),))
        place = bisect_left(self._highs, low)
        while place < len(self._lows) and self._lows[place] <= high:
            rest.discard(self._lows[place], self._highs[place])
            place += 1
        return rest

    def both(self, other: "Intervals") -> "Intervals":
        """What is in this and in the other."""
        shared = Intervals()
        mine, theirs = list(self), list(other)
        i = j = 0
        while i < len(mine) and j < len(theirs):
            shared.add(max(mine[i][0], theirs[j][0]), min(mine[i][1], theirs[j][1]))
            if mine[i][1] < theirs[j][1]:
                i += 1
            else:
                j += 1
        return shared
