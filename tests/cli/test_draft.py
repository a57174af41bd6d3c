"""What `publish` is given, made into content."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.cli.draft import Draft, draft, lines_of, read_data
from notify_tui.errors import EventError, UsageError
from notify_tui.protocol.event import Priority

NOW = 1_795_517_000_000_000_000


def plan(**fields: object) -> Draft:
    given_fields: dict[str, object] = {
        "kind": "notice", "title": "", "priority": "normal", "tags": (), "data": None,
        "expires": None, "reply_to": None, **fields,
    }  # fmt: skip
    return draft(**given_fields)  # type: ignore[arg-type]


def test_fields_become_content() -> None:
    content = plan(title="T", priority="high", tags=("a",), data="[1]", expires="1h").content(
        "x", NOW
    )
    assert (content.time, content.text, content.title) == (NOW, "x", "T")
    assert (content.priority, content.tags, content.data) == (Priority.HIGH, ("a",), [1])
    assert content.expires == NOW + 3600 * 10**9


def test_content_that_says_nothing_is_refused() -> None:
    with pytest.raises(EventError, match="nothing to publish"):
        plan().content("", NOW)
    assert plan(data="0").content("", NOW).data == 0


def test_an_expiry_is_checked_before_any_text_is_read() -> None:
    with pytest.raises(UsageError, match="--expires"):
        plan(expires="soon")


@pytest.mark.parametrize("text", ["", "{", "'a'", "NaN", "1 2", "\udcff", "null"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(EventError, match="--data"):
        read_data(text)


class Trickle(io.BytesIO):
    """A stream that gives little at a time, as a pipe may."""

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(min(3, size or 0))


@given(st.lists(st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]))))
def test_lines_come_whole_however_they_are_cut(lines: list[str]) -> None:
    stream = Trickle("\n".join(lines).encode())
    assert [line for some in lines_of(stream) for line in some] == [line for line in lines if line]


def test_lines_lose_their_carriage_returns() -> None:
    assert list(lines_of(io.BytesIO(b"one\r\ntwo\r\n"))) == [["one", "two"]]
