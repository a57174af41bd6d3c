from hypothesis import given
from hypothesis import strategies as st

from notify_tui.protocol.intervals import Intervals

ends = st.integers(1, 60)
pairs = st.tuples(ends, ends)
ranges = pairs.map(sorted).map(lambda pair: (pair[0], pair[1]))
many = st.lists(pairs, max_size=12)
Steps = list[tuple[bool, tuple[int, int]]]
steps = st.lists(st.tuples(st.booleans(), pairs), max_size=20)


def numbers(intervals: Intervals) -> set[int]:
    return {number for low, high in intervals for number in range(low, high + 1)}


def plain(several: list[tuple[int, int]]) -> set[int]:
    return {number for low, high in several for number in range(low, high + 1)}


def assert_tidy(intervals: Intervals) -> None:
    edge = -1
    for low, high in intervals:
        assert edge + 1 < low <= high
        edge = high


@given(steps)
def test_adding_and_discarding_is_what_a_set_does(done: Steps) -> None:
    intervals, model = Intervals(), set[int]()
    for adding, (low, high) in done:
        if adding:
            intervals.add(low, high)
            model |= set(range(low, high + 1))
        else:
            intervals.discard(low, high)
            model -= set(range(low, high + 1))
        assert_tidy(intervals)
        assert numbers(intervals) == model
    assert intervals.total() == len(model)
    assert intervals.high == max(model, default=0)
    assert bool(intervals) == bool(model)
    assert len(intervals) == len(list(intervals))


@given(many, ranges)
def test_covering_and_touching_are_subset_and_overlap(
    given_pairs: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    intervals, wanted = Intervals(given_pairs), plain([asked])
    assert intervals.covers(*asked) == (wanted <= plain(given_pairs))
    assert intervals.touches(*asked) == bool(wanted & plain(given_pairs))


@given(many, ranges)
def test_what_is_missing_is_the_difference(
    given_pairs: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    missing = Intervals(given_pairs).missing(*asked)
    assert_tidy(missing)
    assert numbers(missing) == plain([asked]) - plain(given_pairs)


def test_nothing_is_missing_from_an_empty_range() -> None:
    assert not Intervals().missing(5, 4)


@given(many, many)
def test_what_both_hold_is_the_intersection(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    shared = Intervals(left).both(Intervals(right))
    assert_tidy(shared)
    assert numbers(shared) == plain(left) & plain(right)
    assert shared == Intervals(right).both(Intervals(left))


@given(many)
def test_equal_numbers_are_equal_intervals_however_they_came(
    given_pairs: list[tuple[int, int]],
) -> None:
    assert Intervals(given_pairs) == Intervals(reversed(given_pairs))
    assert Intervals(given_pairs) == Intervals((n, n) for n in plain(given_pairs))
    assert repr(Intervals(given_pairs)) == f"Intervals({list(Intervals(given_pairs))})"
    assert Intervals(given_pairs) != plain(given_pairs)


@given(many, pairs)
def test_a_copy_lives_on_its_own(given_pairs: list[tuple[int, int]], more: tuple[int, int]) -> None:
    first = Intervals(given_pairs)
    twin = first.copy()
    assert twin == first
    twin.add(*more)
    twin.discard(1, 30)
    assert first == Intervals(given_pairs)
