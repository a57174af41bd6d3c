"""What peers send, made safe to show: every sign is seen, none is obeyed by the terminal."""

import re

_JOINERS = "\u200c\u200d"
_NAMED = {"\n": "↵", "\t": "⇥", "\r": "␍", "\x7f": "␡"}
_IN_JSON = (
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """The text in one line: control, format and bidi characters stand as visible signs."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _shown(sign) for sign in text)


def _shown(sign: str) -> str:
    from unicodedata import category

    if sign in _NAMED:
        return _NAMED[sign]
    if sign < " ":
        return chr(0x2400 + ord(sign))
    if category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in _JOINERS:
        return f"<U+{ord(sign):04X}>"
    return sign


def visible_json(encoded: str) -> str:
    """Encoded JSON, equal in meaning, without a sign that a terminal would obey.

    JSON itself escapes what lies below the space; this escapes DEL, C1, bidi and the like.
    """
    if encoded.isprintable():
        return encoded
    return re.sub(_IN_JSON, _escaped, encoded)


def _escaped(match: "re.Match[str]") -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def cells(text: str) -> int:
    """How many columns of a terminal the (visible) text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def _cells_of(sign: str) -> int:
    from unicodedata import category, east_asian_width

    if sign in _JOINERS or category(sign) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(sign) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """The text in exactly `width` columns: padded, or cut with `…`."""
    taken = cells(text)
    if taken <= width:
        return text + " " * (width - taken)
    kept = ""
    for sign in text:
        if cells(kept) + _cells_of(sign) > width - 1:
            break
        kept += sign
    return kept + "…" + " " * (width - 1 - cells(kept))
