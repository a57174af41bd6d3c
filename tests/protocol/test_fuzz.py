"""Whatever bytes come, a decoder answers with a value or with WireError."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notify_tui.protocol.control import AnyQuestion, Attach, Hold, Publish, Widen, encode_control
from notify_tui.protocol.wire import encode_beat, encode_message
from tests.protocol import strategies

FUZZ = Path(__file__).with_name("fuzz.py")
SECONDS = 12
QUESTIONS: list[AnyQuestion] = [
    Attach(1, 1, "a client"),
    Publish(2, "chat", [msgspec.Raw(b"\x91\x01")]),
    Hold(3, 5, "chat", 7, 2, ("ana",), everyone=True, grace=0.5, timeout=5.0),
    Widen(4, ("builds.>",)),
]
VALID: dict[str, st.SearchStrategy[bytes]] = {
    "batch": strategies.batches().map(lambda batch: batch.frame),
    "beat": strategies.signed.map(encode_beat),
    "word": strategies.words.map(msgspec.msgpack.encode),
    "message": strategies.messages.map(encode_message),
    "question": st.sampled_from(QUESTIONS).map(encode_control),
}


def drawn(valid: st.SearchStrategy[bytes]) -> list[bytes]:
    """A hundred valid inputs, from which the fuzzer starts."""
    found: list[bytes] = []

    @settings(max_examples=100, derandomize=True, database=None)
    @given(valid)
    def collect(data: bytes) -> None:
        found.append(data)

    collect()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("target", VALID)
def test_no_bytes_make_a_decoder_raise_anything_else(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the extra `slow` is not installed")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, data in enumerate(drawn(VALID[target])):
        (corpus / str(number)).write_bytes(data)
    limits = f"-max_total_time={SECONDS}", "-max_len=4096"
    argv: list[str | Path] = [sys.executable, FUZZ, target, *limits, corpus]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DONE" in done.stderr
