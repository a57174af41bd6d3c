"""Whatever bytes come, a decoder answers with a value or with WireError."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).with_name("fuzz.py")
SECONDS = 12


@pytest.mark.slow
@pytest.mark.parametrize("target", ["batch", "beat", "word", "message", "question"])
def test_no_bytes_make_a_decoder_raise_anything_else(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the extra `slow` is not installed")
    argv = [sys.executable, FUZZ, target, f"-max_total_time={SECONDS}", "-max_len=4096"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "INFO: " in done.stderr
