"""Durations and moments as people write them."""

from datetime import datetime

import pytest

from notify_tui.cli.moment import SECOND, duration, later, moment
from notify_tui.errors import UsageError

NOON = int(datetime(2026, 11, 24, 12).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("10s", 10), ("5m", 300), ("2h", 7200), ("7d", 604_800), ("1w", 604_800),
     ("1h30m", 5400), ("1.5s", 1.5)],
)  # fmt: skip
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert duration(text, "--timeout") == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5x", "5 s", "-5s", "0s", "5s!", "1e9s", "9999w9999w"]
)
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="--timeout"):
        duration(text, "--timeout")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", -600), ("11:30", -1800), ("9:00", -10_800), ("11:59:30", -30), ("2026-11-24", -43_200),
     ("2026-11-24 11:00", -3600), ("2026-11-24T11:00:00.5", -3599.5)],
)  # fmt: skip
def test_a_moment_is_read_as_local_time(text: str, seconds: float) -> None:
    assert moment(text, "--since", NOON) == NOON + int(seconds * SECOND)


def test_a_moment_may_bear_a_zone() -> None:
    assert moment("1970-01-01T01:00+01:00", "--since", NOON) == 0


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "2026-13-01", "10", "10m ago", "99999-01-01"]
)
def test_what_is_no_moment_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        moment(text, "--since", NOON)


def test_an_expiry_lies_ahead() -> None:
    assert later("1h", "--expires", NOON) == NOON + 3600 * SECOND
    assert later("13:00", "--expires", NOON) == NOON + 3600 * SECOND
    with pytest.raises(UsageError, match="past"):
        later("11:00", "--expires", NOON)
