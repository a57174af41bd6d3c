"""What somebody who mistyped a word probably meant."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence about an unknown word: `did you mean 'x'?` or `known are: x, y`.

    The word is compared without regard to case; what is known is shown behind the prefix.
    """
    from difflib import get_close_matches  # noqa: PLC0415  (only a mistake needs it)

    words = {entry.lower(): prefix + entry for entry in sorted(known)}
    close = get_close_matches(word.lower(), words, n=1)
    if close:
        return f"did you mean {words[close[0]]!r}?"
    return f"known are: {', '.join(words.values())}"
