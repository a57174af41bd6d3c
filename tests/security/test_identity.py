import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.errors import RefusedError, UsageError
from notify_tui.protocol.event import peer_id
from notify_tui.security.identity import Identity, verify

ANA = Identity(b"a" * 32)
BEN = Identity(b"b" * 32)


def test_an_identity_is_made_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "home" / "identity.key"
    first = Identity.load(path)
    again = Identity.load(path)
    assert first.public == again.public
    assert first.id == peer_id(first.public)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_size == 32


def test_two_homes_have_two_identities(tmp_path: Path) -> None:
    assert Identity.load(tmp_path / "a").public != Identity.load(tmp_path / "b").public


def test_first_starts_at_once_agree_on_one_identity(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        loaded = pool.map(lambda _: Identity.load(tmp_path / "new" / "key").id, range(16))
    assert len(set(loaded)) == 1


def test_an_identity_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    Identity.load(path)
    path.chmod(0o644)
    with pytest.raises(RefusedError, match=r"chmod 600 .*identity\.key"):
        Identity.load(path)


def test_a_damaged_identity_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    Identity.load(path)
    path.write_bytes(b"short")
    with pytest.raises(UsageError, match="has 5 bytes, an identity has 32"):
        Identity.load(path)
    assert path.read_bytes() == b"short"


@given(message=st.binary(max_size=1000))
def test_what_was_signed_verifies_under_its_own_key_only(message: bytes) -> None:
    signature = ANA.sign(message)
    assert len(signature) == 64
    assert verify(ANA.public, message, signature)
    assert not verify(BEN.public, message, signature)
    assert not verify(ANA.public, message + b"!", signature)


@given(place=st.integers(0, 511))
def test_a_signature_with_any_bit_changed_does_not_hold(place: int) -> None:
    signature = bytearray(ANA.sign(b"message"))
    signature[place // 8] ^= 1 << place % 8
    assert not verify(ANA.public, b"message", bytes(signature))


@given(public=st.binary(max_size=80), message=st.binary(), signature=st.binary(max_size=130))
def test_whatever_a_peer_sends_verifies_to_false_and_never_raises(
    public: bytes, message: bytes, signature: bytes
) -> None:
    assert not verify(public, message, signature)


@pytest.mark.parametrize(
    "public", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, b"", ANA.public[:31]]
)
def test_a_key_that_is_none_verifies_nothing(public: bytes) -> None:
    assert not verify(public, b"message", bytes(64))
    assert not verify(public, b"message", ANA.sign(b"message"))


def test_an_identity_does_not_show_its_secret() -> None:
    assert repr(ANA) == f"Identity({ANA.id})"


def test_only_an_identity_loads_the_signing_library() -> None:
    code = "import sys, notify_tui.config, notify_tui.node.gate; sys.exit('nacl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
