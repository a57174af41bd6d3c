from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_scalarmult_base
from zmq.utils import z85

from notify_tui.errors import RefusedError, UnknownError, UsageError
from notify_tui.security.network import (
    KEY_FILE,
    Network,
    check_network_name,
    create_network,
    curve_keys,
    load_network,
    open_network,
    save_network,
)

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True)
CREATOR = b"c" * 32


@given(name=NAMES)
def test_an_open_network_is_the_same_on_every_machine(name: str) -> None:
    network = open_network(name)
    assert network == open_network(name)
    assert network.open
    assert len(network.key) == 32
    assert len(network.id) == 16


def test_the_default_networks_key_never_changes() -> None:
    lan = open_network("lan")
    assert lan.key.hex() == "5f0e9417e4df676d2671b67085d90d2e23c672e0618db7a127b258cf759db13a"
    assert lan.id.hex() == "7cdaf0f93b92a47206a9f5b08bb9963b"


def test_open_networks_of_two_names_share_nothing() -> None:
    lan, office = open_network("lan"), open_network("office")
    assert lan.key != office.key
    assert lan.id != office.id


def test_a_private_network_has_a_key_that_follows_from_nothing() -> None:
    first, second = create_network("office", CREATOR), create_network("office", CREATOR)
    assert first.key != second.key
    assert first.id != second.id
    assert not first.open
    assert first.creator == CREATOR


@given(name=NAMES)
def test_a_good_name_is_taken_as_it_is(name: str) -> None:
    assert check_network_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "Lan", "büro", "a b", "a/b", "..", ".", "-x", "_x", "a" * 33, "a\n", "a\0", "x:y"]
)
def test_a_name_that_cannot_be_typed_alike_or_be_a_directory_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"network name .*begins with a letter or digit"):
        check_network_name(name)
    with pytest.raises(UsageError):
        open_network(name)
    with pytest.raises(UsageError):
        create_network(name, CREATOR)


@pytest.mark.parametrize("network", [open_network("lan"), create_network("office", CREATOR)])
def test_a_saved_network_is_loaded_as_it_was(tmp_path: Path, network: Network) -> None:
    directory = tmp_path / "networks" / network.name
    save_network(directory, network)
    assert load_network(directory) == network
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_a_network_that_is_not_here_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="no network 'office' here; `notify-tui network join`"):
        load_network(tmp_path / "office")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    save_network(tmp_path, open_network("lan"))
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(RefusedError, match="chmod 600"):
        load_network(tmp_path)


GOOD = '{"version":1,"network":{"name":"x","key":"%s","id":"%s","open":true}}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"[" * 5000,
        (GOOD % ("a2V5", "aWQ=")).encode(),
        (GOOD % ("!", "!")).encode(),
    ],
)
def test_a_damaged_key_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(UsageError, match=r"network\.key is damaged .*join again"):
        load_network(tmp_path)


def test_a_key_file_of_a_newer_version_is_not_misread(tmp_path: Path) -> None:
    save_network(tmp_path, open_network("lan"))
    path = tmp_path / KEY_FILE
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))
    with pytest.raises(UsageError, match="newer notify-tui"):
        load_network(tmp_path)


def test_a_network_does_not_show_its_key() -> None:
    network = create_network("office", CREATOR)
    assert network.key.hex() not in repr(network)
    assert repr(network.key) not in repr(network)
    assert "private" in repr(network)


@given(key=st.binary(min_size=32, max_size=32))
def test_curve_keys_follow_from_the_network_key_alone(key: bytes) -> None:
    keys = curve_keys(key)
    assert keys == curve_keys(key)
    assert len(set(keys)) == 4
    for public, secret in [keys[:2], keys[2:]]:
        assert z85.decode(public) == crypto_scalarmult_base(z85.decode(secret))
        assert zmq.curve_public(secret) == public


def test_curve_keys_never_change() -> None:
    assert curve_keys(b"k" * 32).server_public == b"<$)lH{h6-:rq&[i]EF+vXFY1l5QQ{toOI^]l=>0S"
    assert curve_keys(b"k" * 32).client_public == b"MQ7r(YbF(%8Pf{=pLb0vSB@#kN>J2[nUx$-9R74?"
