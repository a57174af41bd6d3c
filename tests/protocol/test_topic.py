import unicodedata
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from notify_tui.errors import TopicError
from notify_tui.protocol.topic import (
    MAX_BYTES,
    MAX_SEGMENTS,
    check_pattern,
    check_topic,
    covers,
    matches,
    matches_any,
    publishable,
    subscription,
)
from tests.protocol.strategies import patterns, topics


@given(topics)
def test_a_topic_is_its_own_one_form(topic: str) -> None:
    assert check_topic(topic) == topic
    assert check_topic(unicodedata.normalize("NFD", topic)) == topic


@given(st.text())
def test_any_text_is_a_topic_or_an_error_with_a_sentence(text: str) -> None:
    try:
        topic = check_topic(text)
    except TopicError as error:
        assert len(str(error)) > 20
    else:
        assert check_topic(topic) == topic
        assert check_pattern(topic) == topic
        assert b"\0" not in topic.encode()


@given(st.text(alphabet="ab.*>_@ é\u0301\ud800", max_size=8))
def test_any_text_is_a_pattern_or_an_error_with_a_sentence(text: str) -> None:
    try:
        pattern = check_pattern(text)
    except TopicError as error:
        assert len(str(error)) > 20
    else:
        assert check_pattern(pattern) == pattern
        subscription(pattern)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must not be empty"),
        ("a..b", "a dot too many"),
        (".a", "a dot too many"),
        ("a b", "white space"),
        ("a\N{NO-BREAK SPACE}b", "white space"),
        ("a\x1b[31m", "unprintable"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}", "unprintable"),
        ("\ud800", "unprintable"),
        ("x" * (MAX_BYTES + 1), "at most 200 bytes, this one has 201"),
        (".".join("x" * (MAX_SEGMENTS + 1)), "at most 16 segments, not 17"),
    ],
)
def test_what_is_neither_topic_nor_pattern_says_why(text: str, sentence: str) -> None:
    with pytest.raises(TopicError, match=sentence):
        check_topic(text)
    with pytest.raises(TopicError, match=sentence):
        check_pattern(text)


@pytest.mark.parametrize("text", ["*", "a.*", ">", "a.>", "a*", "a.b>c"])
def test_a_topic_names_one_place(text: str) -> None:
    with pytest.raises(TopicError, match="belong in patterns"):
        check_topic(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(">.a", "only be the last"), ("a.>.b", "only be the last"), ("a*", "whole"), (">>", "whole")],
)
def test_stars_and_arrows_stand_for_whole_segments(text: str, sentence: str) -> None:
    with pytest.raises(TopicError, match=sentence):
        check_pattern(text)


@given(topics)
def test_users_publish_anywhere_but_in_the_systems_topics(topic: str) -> None:
    if topic.startswith("_"):
        with pytest.raises(TopicError, match="the system's own"):
            publishable(topic)
    elif topic != "@":
        assert publishable(topic) == topic


def test_a_direct_topic_names_its_receiver() -> None:
    with pytest.raises(TopicError, match="as in '@ana'"):
        publishable("@")
    assert publishable("@ana") == "@ana"


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("a.b", ["a.b"], ["a", "a.c", "a.b.c"]),
        ("a.*", ["a.b", "a.c"], ["a", "a.b.c", "b.b"]),
        ("a.>", ["a.b", "a.b.c"], ["a", "b.c"]),
        ("*.errors", ["a.errors", "b.errors"], ["errors", "a.b.errors", "@x.errors"]),
        (">", ["a", "a.b.c"], ["_peers", "@ana"]),
        ("*", ["a"], ["a.b", "_peers", "@ana"]),
        ("_peers", ["_peers"], ["peers"]),
        ("@ana", ["@ana"], ["@bob"]),
        ("a.*.c", ["a.b.c"], ["a.c", "a.b.b.c"]),
        ("a.*.>", ["a.b.c", "a.b.c.d"], ["a.b"]),
    ],
)
def test_a_pattern_takes_and_leaves(pattern: str, taken: list[str], left: list[str]) -> None:
    assert [topic for topic in taken + left if matches(pattern, topic)] == taken


def _matches_plainly(pattern: list[str], topic: list[str]) -> bool:
    match pattern, topic:
        case [], []:
            return True
        case [">"], [_, *_]:
            return True
        case [want, *wanted], [have, *given] if want in ("*", have):
            return _matches_plainly(wanted, given)
    return False


words = st.sampled_from(["a", "b", "@x", "_y"])


@given(st.lists(words | st.just("*"), min_size=1, max_size=4), st.booleans(), st.lists(words))
def test_matching_is_what_its_definition_says(
    parts: list[str], arrow: bool, given_parts: list[str]
) -> None:
    assume(given_parts)
    pattern = [*parts, ">"] if arrow else parts
    topic = ".".join(given_parts)
    hidden = topic[0] in "_@" and pattern[0] in ("*", ">")
    expected = _matches_plainly(pattern, given_parts) and not hidden
    assert matches(".".join(pattern), topic) == expected


@given(st.lists(patterns, max_size=3), topics)
def test_patterns_take_what_one_of_them_takes(several: list[str], topic: str) -> None:
    expected = any(matches(pattern, topic) for pattern in several)
    assert matches_any(tuple(several), topic) == expected


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("builds.web", b"builds.web\0"),
        ("builds.>", b"builds."),
        ("builds.*", b"builds."),
        ("builds.*.web", b"builds."),
        ("*.errors", b""),
        (">", b""),
        ("@ana", b"@ana\0"),
    ],
)
def test_a_subscription_lets_through_as_little_as_a_prefix_can(pattern: str, prefix: bytes) -> None:
    assert subscription(pattern) == prefix


@st.composite
def topics_of(draw: st.DrawFn, pattern: str) -> str:
    """A topic made by filling the pattern in."""
    filling = st.sampled_from(["a", "web", "é"])
    parts: list[str] = []
    for segment in pattern.split("."):
        if segment == ">":
            parts += draw(st.lists(filling, min_size=1, max_size=3))
        else:
            parts.append(draw(filling) if segment == "*" else segment)
    return ".".join(parts)


@given(st.data(), patterns)
def test_whatever_a_pattern_takes_passes_its_prefix(data: st.DataObject, pattern: str) -> None:
    topic = data.draw(topics_of(pattern))
    assert matches(pattern, topic)
    assert (topic.encode() + b"\0").startswith(subscription(pattern))


@given(patterns, topics)
def test_no_topic_is_taken_that_the_prefix_keeps_out(pattern: str, topic: str) -> None:
    if not (topic.encode() + b"\0").startswith(subscription(pattern)):
        assert not matches(pattern, topic)


SMALL = [
    ".".join(segments) for length in (1, 2, 3) for segments in product("abc", repeat=length)
] + ["_a", "_a.b", "@a"]
NARROW = ["a", "a.b", "*", ">", "a.*", "a.>", "*.b", "*.*", "*.>", "a.*.>", "_a", "_a.>", "@a"]


@pytest.mark.parametrize(("wide", "narrow"), list(product(NARROW, repeat=2)))
def test_a_pattern_covers_another_when_it_takes_all_its_topics(wide: str, narrow: str) -> None:
    taken = [topic for topic in SMALL if matches(narrow, topic)]
    assert covers(wide, narrow) is all(matches(wide, topic) for topic in taken)
