"""What peers send is seen, never obeyed."""

import json
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.cli.visible import cells, fitted, visible, visible_json

OBEYED = ("Cc", "Cs", "Zl", "Zp")
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("deployed 1f3c ✓ grün", "deployed 1f3c ✓ grün"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("one\ntwo\tthree\r", "one↵two⇥three␍"),
        ("\x7f", "␡"),
        ("\x9b31m", "<U+009B>31m"),
        ("a\u202egpj.exe", "a<U+202E>gpj.exe"),
        ("a\u2028b", "a<U+2028>b"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\udc80", "<U+DC80>"),
    ],
)
def test_a_sign_that_a_terminal_obeys_is_shown(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@given(st.text())
def test_nothing_visible_is_obeyed(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(sign) in OBEYED or sign in BIDI for sign in shown)


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_visible_json_means_the_same_and_holds_no_obeyed_sign(text: str) -> None:
    shown = visible_json(msgspec.json.encode(text).decode())
    assert json.loads(shown) == text
    assert not any(unicodedata.category(sign) in OBEYED or sign in BIDI for sign in shown)


@pytest.mark.parametrize(
    ("text", "width"), [("ana", 3), ("日本", 4), ("e\u0301", 1), ("👩\u200d💻", 4), ("", 0)]
)
def test_cells_count_a_terminals_columns(text: str, width: int) -> None:
    assert cells(text) == width


@given(st.text().map(visible), st.integers(1, 20))
def test_a_fitted_text_takes_exactly_its_width(text: str, width: int) -> None:
    assert cells(fitted(text, width)) == width


def test_what_is_cut_says_so() -> None:
    assert fitted("builds.web.nightly", 10) == "builds.we…"
