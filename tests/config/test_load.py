import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from notify_tui.config import (
    EVENT_VARIABLES,
    Config,
    Effective,
    active_network,
    load_config,
    set_config_value,
)
from notify_tui.config.schema import KEYS
from notify_tui.errors import ConfigError, UnknownError
from notify_tui.security.network import create_network, open_network, save_network

NOBODY = {"LOGNAME": "ana"}


def load(
    home: Path, text: str = "", environ: dict[str, str] | None = None, **options: Any
) -> Effective:
    if text:
        (home / "config.toml").write_text(text)
    return load_config(home, options, NOBODY | (environ or {}))


def test_a_fresh_home_has_the_defaults_and_nothing_is_written(tmp_path: Path) -> None:
    effective = load(tmp_path / "home")
    host = os.uname().nodename.partition(".")[0]
    assert effective.config == Config(name=f"ana@{host}"[:64])
    assert effective.config.network == "lan"
    assert effective.sources == dict.fromkeys(KEYS, "default") | {"home": "--home"}
    assert effective.given == {}
    assert effective.paths.home == tmp_path / "home"
    assert not (tmp_path / "home").exists()


def test_options_are_stronger_than_environment_and_that_than_the_file(tmp_path: Path) -> None:
    text = "name = 'file'\nstatus = 'file'\nport = 1\n"
    environ = {"NOTIFY_TUI_NAME": "variable", "NOTIFY_TUI_STATUS": "variable"}
    effective = load(tmp_path, text, environ, name="option")
    assert (effective.config.name, effective.config.status, effective.config.port) == (
        "option", "variable", 1,
    )  # fmt: skip
    assert effective.sources["name"] == "--name"
    assert effective.sources["status"] == "NOTIFY_TUI_STATUS"
    assert effective.sources["port"] == "config.toml"
    assert effective.sources["multicast"] == "default"


def test_an_option_that_was_not_given_leaves_the_value(tmp_path: Path) -> None:
    effective = load(tmp_path, "interface = ['eth0']", interface=(), multicast=None)
    assert effective.config.interface == ("eth0",)
    assert effective.sources["interface"] == "config.toml"


def test_options_come_typed_or_as_text(tmp_path: Path) -> None:
    typed = load(tmp_path, interface=("eth0", "wlan0"), port=7, multicast=False, tag=("a=b",))
    texts = load(tmp_path, interface="eth0,wlan0", port="7", multicast="no", tag="a=b")
    assert typed.config == texts.config
    assert typed.sources["multicast"] == "--no-multicast"


def test_what_was_given_starts_another_node_alike(tmp_path: Path) -> None:
    environ = {"NOTIFY_TUI_INTERFACE": "127.0.0.1", "NOTIFY_TUI_RETENTION": "7d,1GiB"}
    first = load(tmp_path, "status = 'file'", environ, connect=("desk:1",), port=7)
    kept = msgspec.json.decode(msgspec.json.encode(first.given))
    again = load_config(tmp_path, kept, NOBODY)
    assert again.config == first.config
    assert "status" not in first.given


def test_a_table_stays_as_it_is_written(tmp_path: Path) -> None:
    effective = load(tmp_path, "[tui]\ntheme = 'nord'\n[keys]\nquit = 'q'\n[notify]\nbell = true\n")
    assert effective.config.tui == {"theme": "nord"}
    assert effective.config.keys == {"quit": "q"}
    assert effective.config.notify == {"bell": True}
    assert effective.sources["tui"] == "config.toml"


def test_an_unknown_key_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"config\.toml: unknown key 'netwrok'; did you mean 'network'"
    ):
        load(tmp_path, "netwrok = 'lan'")
    with pytest.raises(ConfigError, match=r"unknown key 'zzz'; known are: .*network"):
        load(tmp_path, "zzz = 1")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("NOTIFY_TUI_INTREFACE", "did you mean 'NOTIFY_TUI_INTERFACE'"),
        ("NOTIFY_TUI_name", "did you mean 'NOTIFY_TUI_NAME'"),
        ("NOTIFY_TUI_", "unknown environment variable NOTIFY_TUI_;"),
        ("NOTIFY_TUI_TUI", "unknown environment variable NOTIFY_TUI_TUI;"),
    ],
)
def test_an_unknown_variable_suggests_the_nearest(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path, environ={name: "x"})


def test_an_unknown_option_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown option 'intreface'; did you mean 'interface'"):
        load(tmp_path, intreface="x")


def test_a_command_that_exec_runs_may_call_again(tmp_path: Path) -> None:
    environ = dict.fromkeys(EVENT_VARIABLES, "x") | {"_NOTIFY_TUI_COMPLETE": "bash_source"}
    assert load(tmp_path, environ=environ).given == {}


@pytest.mark.parametrize(
    ("text", "environ", "options", "label"),
    [
        ("port = 'x'", {}, {}, r"config\.toml: port is 'x'"),
        ("", {"NOTIFY_TUI_PORT": "x"}, {}, "^NOTIFY_TUI_PORT is 'x'"),
        ("", {}, {"port": 99999}, "^--port is 99999"),
        ("", {}, {"tui": "x"}, "^--tui is 'x'"),
    ],
)
def test_a_wrong_value_says_where_it_stands(
    tmp_path: Path, text: str, environ: dict[str, str], options: dict[str, Any], label: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{label}; allowed is a"):
        load(tmp_path, text, environ, **options)


def test_a_wrong_value_is_an_error_though_a_stronger_one_is_right(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="port"):
        load(tmp_path, "port = 'x'", port=7)


def test_a_home_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ConfigError, match=r"--home is '.*home', a file; allowed is a directory"):
        load(tmp_path / "home")
    with pytest.raises(ConfigError, match=r"NOTIFY_TUI_HOME is '.*home', a file"):
        load_config(None, {}, {"NOTIFY_TUI_HOME": str(tmp_path / "home")})


def test_a_home_below_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot read .*: not a directory"):
        load(tmp_path / "file" / "home")


def test_the_home_comes_from_the_option_the_variable_or_the_platform(tmp_path: Path) -> None:
    environ = {"NOTIFY_TUI_HOME": str(tmp_path / "v"), "XDG_DATA_HOME": str(tmp_path)}
    option = load_config(tmp_path / "o", {}, environ)
    assert (option.paths.home, option.sources["home"]) == (tmp_path / "o", "--home")
    variable = load_config(None, {}, environ)
    assert (variable.paths.home, variable.sources["home"]) == (tmp_path / "v", "NOTIFY_TUI_HOME")
    del environ["NOTIFY_TUI_HOME"]
    assert load_config(None, {}, environ).sources["home"] == "default"


def test_an_empty_home_variable_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match="NOTIFY_TUI_HOME is empty"):
        load_config(None, {}, {"NOTIFY_TUI_HOME": ""})


def test_a_relative_home_stays_where_it_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    effective = load_config(Path("a/../home"), {}, NOBODY)
    assert effective.paths.home == tmp_path / "home"


@pytest.mark.parametrize("user", ["ana", "a\nb", "x" * 100])
def test_the_default_name_is_a_name_whatever_the_machine_says(tmp_path: Path, user: str) -> None:
    name = load_config(tmp_path, {}, {"LOGNAME": user}).config.name
    assert 1 <= len(name) <= 64
    assert name.isprintable()


def test_a_user_without_a_variable_is_asked_for_from_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_config(tmp_path, {}, {}).config.name
    monkeypatch.setattr(os, "geteuid", lambda: 54321987)
    assert load_config(tmp_path, {}, {}).config.name.startswith("uid54321987@")


def test_a_fresh_home_is_on_the_open_network_lan(tmp_path: Path) -> None:
    assert active_network(load(tmp_path)) == open_network("lan")


def test_the_active_network_is_the_one_that_was_set(tmp_path: Path) -> None:
    office = create_network("office", b"c" * 32)
    effective = load(tmp_path)
    save_network(effective.paths.network("office"), office)
    set_config_value(effective.paths, "network", "office")
    assert active_network(load(tmp_path)) == office


def test_a_private_network_called_lan_is_the_one_that_is_entered(tmp_path: Path) -> None:
    private = create_network("lan", b"c" * 32)
    effective = load(tmp_path)
    save_network(effective.paths.network("lan"), private)
    assert active_network(effective) == private


def test_the_same_configuration_can_be_had_on_another_network(tmp_path: Path) -> None:
    effective = load(tmp_path, 'name = "ana"\n', port=7000)
    other = effective.on("office")
    assert (other.config.network, other.sources["network"]) == ("office", "config.toml")
    assert (other.config.name, other.config.port) == ("ana", 7000)
    assert (other.given, other.paths) == (effective.given, effective.paths)
    assert effective.config.network == "lan"


def test_a_network_that_is_not_here_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="no network 'office' here"):
        active_network(load(tmp_path, network="office"))


def test_loading_the_config_stays_cheap(tmp_path: Path) -> None:
    heavy = ["zmq", "nacl", "platformdirs", "tomllib", "difflib", "socket", "textual", "zeroconf"]
    code = (
        "import sys; from pathlib import Path; from notify_tui.config import load_config\n"
        f"load_config(None, {{}}, {{'XDG_DATA_HOME': {str(tmp_path)!r}, 'LOGNAME': 'ana'}})\n"
        f"sys.exit(', '.join(set({heavy}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.stderr.strip() == ""
