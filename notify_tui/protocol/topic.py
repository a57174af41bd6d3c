"""Topics and patterns: `builds.web`, `builds.*`, `builds.>`, `*.errors`, `>`."""

import unicodedata
from functools import lru_cache

from notify_tui.errors import TopicError

MAX_BYTES = 200
MAX_SEGMENTS = 16
DIRECT = "@"
SYSTEM = "_"


def check_topic(text: str) -> str:
    """The topic in its one form (NFC).

    Raises:
        TopicError: with a sentence that names the part that is wrong.
    """
    topic = unicodedata.normalize("NFC", text)
    for segment in _segments(topic, "topic"):
        if "*" in segment or ">" in segment:
            raise TopicError(
                f"topic {topic!r}: '*' and '>' belong in patterns; a topic names one place"
            )
    return topic


def check_pattern(text: str) -> str:
    """The pattern in its one form (NFC): `*` is one segment, a final `>` one or more.

    Raises:
        TopicError: with a sentence that names the part that is wrong.
    """
    pattern = unicodedata.normalize("NFC", text)
    segments = _segments(pattern, "pattern")
    for place, segment in enumerate(segments):
        if segment in ("*", ">"):
            if segment == ">" and place < len(segments) - 1:
                raise TopicError(f"pattern {pattern!r}: '>' may only be the last segment")
        elif "*" in segment or ">" in segment:
            raise TopicError(
                f"pattern {pattern!r}: '*' and '>' stand for whole segments, as in 'builds.*'"
            )
    return pattern


def publishable(topic: str) -> str:
    """A topic that a user may publish to: `_…` is the system's own.

    Raises:
        TopicError: the topic is malformed or reserved.
    """
    topic = check_topic(topic)
    if topic.startswith(SYSTEM):
        raise TopicError(f"topic {topic!r}: names that begin with '_' are the system's own")
    if topic == DIRECT:
        raise TopicError("topic '@': a direct topic names its receiver, as in '@ana'")
    return topic


def _segments(text: str, what: str) -> list[str]:
    if not text:
        raise TopicError(f"a {what} must not be empty; an example is 'builds.web'")
    if (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_BYTES:
        raise TopicError(f"a {what} has at most {MAX_BYTES} bytes, this one has {size}")
    segments = text.split(".")
    if len(segments) > MAX_SEGMENTS:
        raise TopicError(f"a {what} has at most {MAX_SEGMENTS} segments, not {len(segments)}")
    for segment in segments:
        if not segment:
            raise TopicError(f"{what} {text!r}: an empty segment (a dot too many)")
        if not segment.isprintable() or any(map(str.isspace, segment)):
            raise TopicError(f"{what} {text!r}: white space and unprintable signs are not allowed")
    return segments


def in_interest(patterns: tuple[str, ...], topic: str) -> bool:
    """Whether a node that keeps these patterns keeps the topic: direct ones everybody does."""
    return topic[0] == DIRECT or matches_any(patterns, topic)


@lru_cache(maxsize=65_536)
def matches(pattern: str, topic: str) -> bool:
    """Whether a valid pattern takes a valid topic. `_…` and `@…` only if it names them."""
    if topic[0] in "_@" and pattern[0] in "*>":
        return False
    wanted, given = pattern.split("."), topic.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(given) <= len(wanted):
            return False
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        want in ("*", have) for want, have in zip(wanted, given, strict=True)
    )


def matches_any(patterns: tuple[str, ...], topic: str) -> bool:
    """Whether one of the patterns takes the topic."""
    return any(matches(pattern, topic) for pattern in patterns)


def covers(wide: str, narrow: str) -> bool:
    """Whether a valid pattern takes every topic that another takes."""
    if narrow[0] in "_@" and wide[0] in "*>":
        return False
    wider, narrower = wide.split("."), narrow.split(".")
    for place, segment in enumerate(wider):
        if place == len(narrower):
            return False
        if segment == ">":
            return True
        if narrower[place] == ">" or segment not in ("*", narrower[place]):
            return False
    return len(wider) == len(narrower)


def subscription(pattern: str) -> bytes:
    """The ZeroMQ prefix that lets through everything the pattern takes, and as little else.

    `builds.web` → `builds.web\\0`; `builds.>` and `builds.*` → `builds.`; `*.errors` → all.
    The receiver filters the rest.
    """
    literal: list[str] = []
    for segment in pattern.split("."):
        if segment in ("*", ">"):
            return "".join(f"{part}." for part in literal).encode()
        literal.append(segment)
    return pattern.encode() + b"\0"
