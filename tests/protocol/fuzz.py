"""Coverage-guided fuzzing of what strangers may send: `fuzz.py TARGET [libFuzzer option]…`.

A target that raises anything but WireError has a bug; libFuzzer then prints the bytes.
"""

import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["notify_tui.protocol"]):
    from notify_tui.errors import WireError
    from notify_tui.protocol.batch import decode_batch, decode_contents
    from notify_tui.protocol.control import decode_question
    from notify_tui.protocol.wire import Signed, decode_beat, decode_message, open_word

ANYBODY = bytes(32)
UNSIGNED = bytes(64)


def believed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Every signature holds, so that what lies behind it is reached."""
    return True


def batch(data: bytes) -> None:
    """A batch's proof; what follows it is read as its events, though its hash is wrong."""
    decoded = decode_batch(data, whole=False)
    assert len(decode_contents(decoded)) == decoded.header.count


def beat(data: bytes) -> None:
    """What comes over the feed beside batches."""
    open_word(decode_beat(data), UNSIGNED, believed)


def word(data: bytes) -> None:
    """What a member may say under its signature."""
    open_word(Signed(ANYBODY, data, UNSIGNED), UNSIGNED, believed)


def message(data: bytes) -> None:
    """What comes over the exchange."""
    decode_message(data)


def question(data: bytes) -> None:
    """What comes over the control socket."""
    decode_question(data)


TARGETS = {target.__name__: target for target in (batch, beat, word, message, question)}


if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]

    def one(data: bytes) -> None:
        """One input."""
        with suppress(WireError):
            target(data)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
