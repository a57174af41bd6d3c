from typing import Any

import pytest

from notify_tui.config.schema import KEYS, MAX_PATTERNS, MAX_TAGS, MAX_WORD, Config, read_value
from notify_tui.errors import ConfigError
from notify_tui.protocol import batch, wire


def test_every_key_of_the_table_is_a_field_of_config() -> None:
    assert tuple(KEYS) == Config.__struct_fields__


def test_what_config_allows_peers_accept() -> None:
    assert MAX_WORD == batch.MAX_NAME
    assert MAX_PATTERNS == wire.MAX_PATTERNS
    assert MAX_TAGS == 16


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("name", "Ana Ü", "Ana Ü"),
        ("network", "office", "office"),
        ("interface", ["eth0", "10.0.0.7"], ("eth0", "10.0.0.7")),
        ("interface", [], ()),
        ("port", 7791, 7791),
        ("connect", ["desk", "[::1]:7792"], ("desk", "[::1]:7792")),
        ("multicast", False, False),
        ("keep", ["builds.>"], ("builds.>",)),
        ("tag", {"room": "attic"}, {"room": "attic"}),
        ("tag", ["room=attic", "a=b=c", "x="], {"room": "attic", "a": "b=c", "x": ""}),
        ("status", "", ""),
        ("tui", {"theme": "nord", "x": [1, {"y": None}]}, {"theme": "nord", "x": [1, {"y": None}]}),
    ],
)
def test_a_key_takes_the_types_of_toml(key: str, written: Any, value: Any) -> None:
    assert read_value(key, written, key, worded=False) == value


@pytest.mark.parametrize(
    ("key", "words", "value"),
    [
        ("name", "ana, ben", "ana, ben"),
        ("interface", "eth0, wlan0 ,", ("eth0", "wlan0")),
        ("interface", "", ()),
        ("port", "7791", 7791),
        ("multicast", "No", False),
        ("multicast", "1", True),
        ("keep", "builds.>,chat", ("builds.>", "chat")),
        ("tag", "room=attic,x=1", {"room": "attic", "x": "1"}),
        ("status", "", ""),
    ],
)
def test_words_stand_for_types_in_the_environment(key: str, words: str, value: Any) -> None:
    assert read_value(key, words, key, worded=True) == value


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("name", "", "a text of 1 to 64 visible signs"),
        ("name", "x" * 65, "a text of 1 to 64 visible signs"),
        ("name", "a\x1b[31m", "visible signs"),
        ("name", " ana", "visible signs"),
        ("name", 7, "a text"),
        ("name", None, "a text"),
        ("network", "My LAN", "the name of a network, such as 'lan' .*a-z"),
        ("interface", "eth0", r"a list of addresses or interfaces, such as \['eth0'\]"),
        ("interface", ["eth 0"], "a list of addresses"),
        ("interface", [""], "a list of addresses"),
        ("port", 0, "a number from 1 to 65534"),
        ("port", 65535, "a number from 1 to 65534"),
        ("port", True, "a number"),
        ("port", "7791", "a number"),
        ("port", 7791.0, "a number"),
        ("connect", ["desk:0"], "a list of HOST or HOST:PORT.*a port is a number from"),
        ("multicast", 1, "true or false"),
        ("keep", [], "a list of 1 to 64 patterns"),
        ("keep", ["a.>.b"], "patterns, such as .*'>' may only be the last"),
        ("keep", ["a"] * 65, "a list of 1 to 64 patterns"),
        ("retention", "30d", "a list of"),
        ("retention", ["30x"], "a list of .*'30x' is neither an age"),
        ("tag", ["room"], "pairs.*'room' has no '='"),
        ("tag", {"room": 7}, "pairs"),
        ("tag", {"": "x"}, "pairs"),
        ("tag", {"x": "y" * 65}, "pairs"),
        ("tag", {str(number): "" for number in range(17)}, "at most 16 pairs"),
        ("tag", {"a\n": "x"}, "cannot be seen"),
        ("status", "x" * 65, "a text of at most 64 visible signs"),
        ("tui", 7, "a table"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(key: str, value: Any, allowed: str) -> None:
    with pytest.raises(ConfigError, match=rf"^config\.toml: {key} is .*; allowed is .*{allowed}"):
        read_value(key, value, f"config.toml: {key}", worded=False)


@pytest.mark.parametrize(
    ("key", "words"),
    [("port", "many"), ("port", "9" * 5000), ("multicast", "perhaps"), ("multicast", ""),
     ("keep", ""), ("tag", "room"), ("tui", "x")],
)  # fmt: skip
def test_wrong_words_are_named_with_what_is_allowed(key: str, words: str) -> None:
    with pytest.raises(ConfigError, match=r"^X is .*; allowed is "):
        read_value(key, words, "X", worded=True)


def test_a_long_value_is_cut_and_its_controls_are_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        read_value("name", "\x1b" * 1000, "--name", worded=True)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()
