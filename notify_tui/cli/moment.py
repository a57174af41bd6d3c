"""Durations and moments as people write them: `10m`, `1h30m`, `2026-11-24 10:41`, `10:41`."""

import re

from notify_tui.errors import UsageError

SECOND = 1_000_000_000
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_LONGEST = 100 * 366 * 86_400.0


def duration(text: str, option: str) -> float:
    """Seconds of `500ms`, `10s`, `5m`, `2h`, `7d`, `1w`, `1h30m`; more than zero.

    Raises:
        UsageError: it is no such thing; the sentence names the option.
    """
    parts = _PARTS.findall(text)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        raise UsageError(f"{option} {text!r}: a duration looks like 500ms, 10s, 5m, 2h or 7d")
    if not 0 < seconds <= _LONGEST:
        raise UsageError(f"{option} {text!r}: a duration is more than 0 and at most 100 years")
    return seconds


def moment(text: str, option: str, now: int) -> int:
    """A moment in ns since 1970: a duration before `now`, a date and time, or a time of today.

    Without a zone it is local time.

    Raises:
        UsageError: it is no such thing; the sentence names the option.
    """
    if _PARTS.match(text):
        return now - int(duration(text, option) * SECOND)
    return _clock_time(text, option, now)


def later(text: str, option: str, now: int) -> int:
    """A moment to come in ns since 1970: a duration after `now`, or a date and time.

    Raises:
        UsageError: it is no such thing, or past; the sentence names the option.
    """
    if _PARTS.match(text):
        return now + int(duration(text, option) * SECOND)
    at = _clock_time(text, option, now)
    if at <= now:
        raise UsageError(f"{option} {text!r}: that is past")
    return at


def _clock_time(text: str, option: str, now: int) -> int:
    from datetime import datetime, time

    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
            today = datetime.fromtimestamp(now / SECOND).astimezone().date()
            read = datetime.combine(today, time.fromisoformat(text.zfill(5)))
        else:
            read = datetime.fromisoformat(text)
        return int(read.timestamp()) * SECOND + read.microsecond * 1000
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{option} {text!r}: neither a duration (10m, 2h, 7d) "
            "nor a time (2026-11-24T10:41, 10:41)"
        ) from None
