import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.config.retention import DEFAULT_RETENTION, Limit, read_retention
from notify_tui.errors import UsageError

DAY = 86_400 * 10**9


def test_without_rules_thirty_days_and_two_gibibytes_are_kept() -> None:
    assert read_retention([]) == DEFAULT_RETENTION == (Limit(">", 30 * DAY, 2 * 1024**3),)


@pytest.mark.parametrize(
    ("rule", "age"),
    [("90s", 90 * 10**9), ("12h", DAY // 2), ("5m", 300 * 10**9), ("2w", 14 * DAY),
     ("forever", None)],
)  # fmt: skip
def test_an_age_has_a_unit_or_is_forever(rule: str, age: int | None) -> None:
    assert read_retention([rule]) == (Limit(">", age, 2 * 1024**3),)


@pytest.mark.parametrize(
    ("rule", "size"),
    [("500MB", 500 * 10**6), ("1kB", 1000), ("1500B", 1500), ("1KiB", 1024), ("3TiB", 3 << 40)],
)
def test_a_size_is_decimal_or_binary(rule: str, size: int) -> None:
    assert read_retention([rule]) == (Limit(">", 30 * DAY, size),)


def test_a_pattern_has_what_its_rules_say_and_else_the_general_age() -> None:
    assert read_retention(["builds.>=7d", "a=b=1GB", "chat=forever", "60d", "builds.>=1MB"]) == (
        Limit("builds.>", 7 * DAY, 10**6),
        Limit("a=b", 60 * DAY, 10**9),
        Limit("chat", None, None),
        Limit(">", 60 * DAY, 2 * 1024**3),
    )


def test_a_rule_for_everything_may_name_its_pattern() -> None:
    assert read_retention([">=7d"]) == read_retention(["7d"])


@pytest.mark.parametrize(
    "rule",
    ["", "=", "7", "d", "7 d", "-1d", "0d", "1.5d", "7D", "2Gi", "2gib", "x=", "a..b=7d", "a>=7d",
     "٣d", "9" * 5000 + "d", "999999999999w", "0MB"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(UsageError):
        read_retention([rule])


@given(
    rules=st.lists(
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["", "builds.>=", "*=", "a.b="]),
            st.integers(1, 7000),
            st.sampled_from(["s", "m", "h", "d", "w", "B", "kB", "MiB", "GB", "TiB"]),
        )
    )
)
def test_limits_read_again_as_they_are_shown(rules: list[str]) -> None:
    limits = read_retention(rules)
    shown = [rule for limit in limits for rule in str(limit).split(",")]
    assert read_retention(shown) == limits
