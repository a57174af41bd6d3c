import errno
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.config.paths import Paths
from notify_tui.config.toml import Value, _changed, _toml, read_toml, set_config_value
from notify_tui.errors import ConfigError, RefusedError, StoreError


def changed(home: Path, text: str, key: str, value: Value) -> str:
    paths = Paths(home)
    paths.config_file.write_bytes(text.encode())
    set_config_value(paths, key, value)
    return paths.config_file.read_bytes().decode()


def test_a_home_without_a_file_says_nothing(tmp_path: Path) -> None:
    assert read_toml(tmp_path / "config.toml") == {}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"network = lan", "is no TOML: .*line 1.*texts stand in quotes"),
        (b"a = 1\na = 2", "is no TOML"),
        (b"x = " + b"9" * 5000, "is no TOML"),
        (b"x = " + b"[" * 5000, "is no TOML"),
        (b"name = '\xff'", "is no text in UTF-8"),
    ],
)
def test_what_is_no_toml_is_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"config\.toml {sentence}"):
        read_toml(tmp_path / "config.toml")


def test_an_unreadable_file_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*: is a directory"):
        read_toml(tmp_path)

    def denied(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(ConfigError, match=r"cannot read .*config\.toml: permission denied"):
        read_toml(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'network = "office"\n'),
        ("network = 'lan'", 'network = "office"'),
        ("network = 'lan'  # at home\n", 'network = "office"  # at home\n'),
        ("network='#1' # '#2'\n", 'network = "office" # \'#2\'\n'),
        ("# mine\nname = 'ana' # me\n", "# mine\nname = 'ana' # me\nnetwork = \"office\"\n"),
        ("name = 'ana'", "name = 'ana'\nnetwork = \"office\"\n"),
        ("name = 'ana'\r\n[tui]\r\n", "name = 'ana'\r\nnetwork = \"office\"\r\n[tui]\r\n"),
        ("network = 'lan'\r\n# x\r\n", 'network = "office"\r\n# x\r\n'),
        ("[tui]\nnetwork = 1\n", 'network = "office"\n\n[tui]\nnetwork = 1\n'),
        ("connect = [ # two\n 'a',\n 'b' ]\n",
         "connect = [ # two\n 'a',\n 'b' ]\nnetwork = \"office\"\n"),
        ("status = '''\nnetwork = 1\n[tui]\n'''\n[tui]\n",
         "status = '''\nnetwork = 1\n[tui]\n'''\nnetwork = \"office\"\n[tui]\n"),
        ("network = '''lan''' # '''\n", "network = \"office\" # '''\n"),
        ('"network" = "lan"\n', 'network = "office"\n'),
        ("# \u2028network = 'x'\n", "network = \"office\"\n\n# \u2028network = 'x'\n"),
    ],
)  # fmt: skip
def test_one_line_changes_and_all_others_stay(tmp_path: Path, before: str, after: str) -> None:
    assert changed(tmp_path, before, "network", "office") == after


def test_a_list_over_several_lines_is_replaced_as_one(tmp_path: Path) -> None:
    before = "# first\nconnect = [\n  'a', # [x]\n  'b',\n] # why\nname = 'ana'\n"
    after = "# first\nconnect = [\"c:1\"] # why\nname = 'ana'\n"
    assert changed(tmp_path, before, "connect", ["c:1"]) == after


@pytest.mark.parametrize("before", ["tag.a = 'x'\ntag.b = 'y'\n", "[tag]\na = 'x'\n"])
def test_what_is_written_in_an_unusual_way_is_left_to_an_editor(
    tmp_path: Path, before: str
) -> None:
    with pytest.raises(ConfigError, match="tag is written in an unusual way"):
        changed(tmp_path, before, "tag", {"a": "z"})
    assert Paths(tmp_path).config_file.read_text() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 'a "quoted" ü \\ name'),
        ("port", 7791),
        ("multicast", False),
        ("keep", ["builds.>", "chat"]),
        ("tag", {"room": "the attic", "a.b": "="}),
        ("tag", {}),
    ],
)
def test_every_type_of_value_can_be_set(tmp_path: Path, key: str, value: Any) -> None:
    assert tomllib.loads(changed(tmp_path, "", key, value)) == {key: value}


def test_a_value_that_is_not_allowed_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: network is 'No way'"):
        set_config_value(Paths(tmp_path / "home"), "network", "No way")
    assert not (tmp_path / "home").exists()


def test_a_file_that_is_no_toml_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no TOML"):
        changed(tmp_path, "network = lan\n", "network", "office")
    assert Paths(tmp_path).config_file.read_text() == "network = lan\n"


def test_a_fresh_home_is_made_with_its_file(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "home")
    set_config_value(paths, "network", "office")
    assert read_toml(paths.config_file) == {"network": "office"}
    assert paths.home.stat().st_mode & 0o777 == 0o700
    assert paths.config_file.stat().st_mode & 0o777 == 0o600


def test_a_link_into_the_dotfiles_stays_one_and_a_mode_stays(tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfile.toml"
    dotfile.write_text("network = 'lan'\n")
    dotfile.chmod(0o640)
    paths = Paths(tmp_path / "home")
    paths.home.mkdir(mode=0o700)
    paths.config_file.symlink_to(dotfile)
    set_config_value(paths, "network", "office")
    assert paths.config_file.is_symlink()
    assert dotfile.read_text() == 'network = "office"\n'
    assert dotfile.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("number", "error"), [(errno.EACCES, RefusedError), (errno.EROFS, StoreError)]
)
def test_a_home_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def fail(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(error, match=r"cannot write .*config\.toml: "):
        set_config_value(Paths(tmp_path), "network", "office")


@given(text=st.text(st.characters(codec="utf-8")))
def test_any_text_is_written_as_toml_reads_it(text: str) -> None:
    assert tomllib.loads(f"x = {_toml(text)}") == {"x": text}
    assert tomllib.loads(f"x = {_toml({text: text})}") == {"x": {text: text}}


STATEMENTS = st.sampled_from(
    ["", "# it's [a] = comment", "name = 'x' # y", "port = 1", "connect = [\n'a', #]\n]",
     'status = """\n[x]\nnetwork = 1\n"""', "keep = ['''\n[tui]\n''']", "network = 'lan' # '#'",
     "tag = { a = '# b' }"],
)  # fmt: skip
TABLES = st.sampled_from(["[tui]\nnetwork = 2", "[[notify.x]]\nport = 3 # 4", "  [keys]"])


@given(
    top=st.lists(STATEMENTS, unique=True),
    tables=st.lists(TABLES, unique=True),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_change_changes_its_key_alone(top: list[str], tables: list[str], newline: str) -> None:
    text = "\n".join([*top, *tables]).replace("\n", newline)
    after = _changed(text, "network", "network = 'office'")
    assert tomllib.loads(after) == tomllib.loads(text) | {"network": "office"}
    assert all(line in after for line in text.split(newline) if "lan" not in line)
