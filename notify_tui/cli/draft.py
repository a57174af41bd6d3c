"""What `publish` is given, made into the content of an event."""

import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from notify_tui.cli.moment import later
from notify_tui.errors import EventError
from notify_tui.protocol.event import KINDS, MAX_CONTENT, Content, Priority, encode_content

MAX_TAG = 64
MAX_TAGS = 16
_CHUNK = 64 * 1024


class Draft(Struct, frozen=True):
    """The checked fields of an event but its text and time."""

    kind: str
    title: str
    priority: Priority
    tags: tuple[str, ...]
    data: Any
    expires: str | None
    reply_to: str | None

    def content(self, text: str, now: int) -> Content:
        """The event's content at `now` (ns since 1970).

        Raises:
            EventError: it says nothing, is too large, or is no Unicode.
            UsageError: its expiry is no time to come.
        """
        if not (text or self.title) and self.data is None:
            raise EventError("there is nothing to publish: give a text, --title or --data")
        expires = later(self.expires, "--expires", now) if self.expires else None
        content = Content(
            now, text, self.kind, self.title, self.priority, self.tags, self.data,
            self.reply_to, expires,
        )  # fmt: skip
        encode_content(content)
        return content


def draft(
    kind: str, title: str, priority: str, tags: tuple[str, ...], data: str | None,
    expires: str | None, reply_to: str | None,
) -> Draft:  # fmt: skip
    """A draft of options as they were typed.

    Raises:
        EventError: a field has a wrong value; the sentence names it.
        UsageError: the expiry is no time to come.
    """
    if kind not in KINDS:
        raise EventError(f"--kind {kind!r} is none of: {', '.join(KINDS)}")
    if expires:
        later(expires, "--expires", 0)
    return Draft(
        kind,
        unicode_text(title, "--title"),
        Priority.named(priority),
        _checked_tags(tags),
        None if data is None else read_data(data),
        expires,
        reply_to,
    )


def _checked_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    if len(tags) > MAX_TAGS:
        raise EventError(f"an event has at most {MAX_TAGS} tags, not {len(tags)}")
    for tag in tags:
        if not tag or not tag.isprintable() or any(map(str.isspace, tag)) or len(tag) > MAX_TAG:
            raise EventError(
                f"--tag {tag!r}: a tag is one word of at most {MAX_TAG} printable characters"
            )
    return tags


def read_data(text: str) -> Any:
    """The value of `--data`.

    Raises:
        EventError: it is no JSON, or null.
    """
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        shown = text if len(text) <= 40 else text[:39] + "…"
        raise EventError(
            f"--data {shown!r} is no JSON ({_why(error)}); "
            """quote it for the shell, as in --data '{"sha": "1f3c"}'"""
        ) from None
    if value is None:
        raise EventError("--data null says nothing; leave --data out")
    return value


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(error).removeprefix("JSON is malformed: ")


def unicode_text(text: str, where: str) -> str:
    """The text as it is.

    Raises:
        EventError: it holds bytes that are no UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise EventError(f"{where} is no UTF-8 text (at character {error.start + 1})") from None
    return text


def text_of_stdin() -> str:
    """All of stdin as text, without its last newline.

    Raises:
        EventError: it is larger than an event may be, or no UTF-8.
    """
    if sys.stdin is None:
        return ""
    raw = sys.stdin.buffer.read(MAX_CONTENT + 1)
    if len(raw) > MAX_CONTENT:
        raise EventError(
            f"stdin has more than the {MAX_CONTENT // 1024} KiB of an event; "
            "publish a path or a link instead, or each line with --lines"
        )
    return _decoded(raw, "stdin").removesuffix("\n").removesuffix("\r")


def _decoded(raw: bytes, where: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise EventError(
            f"{where} is no UTF-8 text (byte {raw[error.start]:#04x} at {error.start + 1}); "
            "publish a path or a link instead"
        ) from None


def lines_of(stream: BinaryIO) -> Iterator[list[str]]:
    """The lines of a stream as they come: each list is what there was at one time, none empty.

    Raises:
        EventError: a line is larger than an event may be, or no UTF-8; it names the line, and
            those before it have been given.
    """
    number, rest = 0, b""
    while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]
        *whole, rest = (rest + chunk).split(b"\n")
        yield from _texts(whole, number)
        number += len(whole)
        if len(rest) > MAX_CONTENT:
            raise EventError(f"line {number + 1} has more than {MAX_CONTENT // 1024} KiB")
    if rest:
        yield from _texts([rest], number)


def _texts(lines: list[bytes], number: int) -> Iterator[list[str]]:
    texts: list[str] = []
    try:
        for place, line in enumerate(lines, number + 1):
            if text := _decoded(line.removesuffix(b"\r"), f"line {place}"):
                texts.append(text)
    except EventError:
        yield texts
        raise
    yield texts
