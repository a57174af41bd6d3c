"""Colour on a terminal, and only there; a glyph always says the same."""

import os
from collections.abc import Mapping
from typing import TextIO

_CODES = {"bold": "1", "dim": "2", "alarm": "1;31", "warn": "33", "name": "36"}


class Ink:
    """Paints words, or leaves them as they are when `wet` is false."""

    def __init__(self, *, wet: bool) -> None:
        self.wet = wet

    def paint(self, style: str, text: str) -> str:
        """The text in one of the styles `bold dim alarm warn name`; '' is none."""
        if not (self.wet and style and text):
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def ink_for(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Ink:
    """Ink for a stream: wet on a terminal, unless NO_COLOR or TERM=dumb forbid it."""
    forbidden = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
    return Ink(wet=stream.isatty() and not forbidden)
