import os
import sys
from pathlib import Path

import pytest

from notify_tui.config.paths import Paths, default_home, runtime_dir
from notify_tui.errors import ConfigError, NotifyError, RefusedError

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="where Linux keeps it")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime directory short enough for a socket; what stands in for it is in tmp_path, too."""
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    monkeypatch.setattr("notify_tui.config.paths.MAX_SOCKET", len(str(tmp_path)) + 60)
    monkeypatch.setattr("notify_tui.config.paths._USERS_RUN", tmp_path / "users")
    monkeypatch.setattr("notify_tui.config.paths._TMP", tmp_path)
    return run


def test_a_home_keeps_its_things_where_the_interface_says(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert paths.config_file == tmp_path / "config.toml"
    assert paths.identity == tmp_path / "identity.key"
    assert paths.network("lan") == tmp_path / "networks" / "lan"
    assert paths.log("lan") == tmp_path / "networks" / "lan" / "log.db"
    assert paths.search("lan") == tmp_path / "networks" / "lan" / "search.db"
    assert paths.lock("lan") == tmp_path / "networks" / "lan" / "node.lock"
    assert paths.starts("lan").parent == tmp_path / "networks" / "lan"


def test_a_prepared_home_is_its_users_alone(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "home")
    assert paths.prepare("lan") == paths.network("lan")
    for directory in (paths.home, paths.networks, paths.network("lan")):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_home_that_is_a_file_cannot_be_prepared(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(NotifyError, match="home is a file; it must be a directory"):
        Paths(tmp_path / "home").prepare("lan")


@on_linux
@pytest.mark.parametrize("data", [None, "/var/data", "relative", ""])
def test_the_default_home_is_the_platforms(
    monkeypatch: pytest.MonkeyPatch, data: str | None
) -> None:
    from platformdirs import user_data_path

    monkeypatch.setenv("HOME", "/home/ana")
    if data is None:
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_DATA_HOME", data)
    assert default_home() == user_data_path("notify-tui", appauthor=False)


@on_linux
def test_the_default_home_does_not_load_platformdirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert default_home({"HOME": "/home/ana"}) == Path("/home/ana/.local/share/notify-tui")


def test_the_default_home_is_platformdirs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_home().name == "notify-tui"


@on_linux
def test_a_user_without_a_home_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(ConfigError, match="--home or NOTIFY_TUI_HOME"):
        default_home({})


def test_the_runtime_directory_is_made_for_its_user_alone(run: Path) -> None:
    made = runtime_dir({"XDG_RUNTIME_DIR": str(run)})
    assert made == run / "notify-tui"
    assert made.stat().st_mode & 0o777 == 0o700
    assert runtime_dir({"XDG_RUNTIME_DIR": str(run)}) == made


@on_linux
def test_without_a_variable_it_is_the_systems_for_this_user(run: Path, tmp_path: Path) -> None:
    own = tmp_path / "users" / str(os.geteuid())
    own.mkdir(mode=0o700, parents=True)
    assert runtime_dir({}) == own / "notify-tui"


def test_elsewhere_it_is_platformdirs(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def user_runtime_path(app: str, **_named: object) -> Path:
        return run / app

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("platformdirs.user_runtime_path", user_runtime_path)
    assert runtime_dir({}) == run / "notify-tui"


@pytest.mark.parametrize("flaw", ["missing", "file", "relative", "loose", "long"])
def test_a_runtime_directory_that_does_not_serve_is_passed_by(
    run: Path, flaw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = run
    if flaw == "missing":
        run.rmdir()
    elif flaw == "file":
        given = run / "file"
        given.touch()
    elif flaw == "relative":
        given = Path("run")
        monkeypatch.chdir(run.parent)
    elif flaw == "loose":
        run.chmod(0o777)
    else:
        given = run / ("x" * 80)
        given.mkdir(mode=0o700)
    fallback = run.parent / f"notify-tui-{os.geteuid()}"
    assert runtime_dir({"XDG_RUNTIME_DIR": str(given)}) == fallback
    assert fallback.stat().st_mode & 0o777 == 0o700


def test_what_belongs_to_another_user_is_neither_used_nor_entered(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run.parent / "notify-tui-54321").mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(RefusedError, match="notify-tui-54321 is not this user's directory"):
        runtime_dir({"XDG_RUNTIME_DIR": str(run)})


@pytest.mark.parametrize("flaw", ["loose", "link", "file"])
def test_a_directory_that_somebody_else_laid_there_is_refused(run: Path, flaw: str) -> None:
    place = run / "notify-tui"
    if flaw == "loose":
        place.mkdir()
        place.chmod(0o750)
    elif flaw == "link":
        (run / "elsewhere").mkdir(mode=0o700)
        place.symlink_to(run / "elsewhere")
    else:
        place.touch()
    with pytest.raises(RefusedError, match=r"chmod 700|set XDG_RUNTIME_DIR"):
        runtime_dir({"XDG_RUNTIME_DIR": str(run)})


def test_two_homes_and_two_networks_have_four_sockets(run: Path, tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(run)}
    homes = [Paths(tmp_path / name, environ) for name in ("ana", "ben")]
    sockets = {home.socket(network) for home in homes for network in ("lan", "office")}
    assert len(sockets) == 4
    assert {socket.parent for socket in sockets} == {run / "notify-tui"}


def test_a_home_has_one_socket_however_it_is_spelled(run: Path, tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(run)}
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    spelled = [tmp_path / "home", tmp_path / "link", tmp_path / "x" / ".." / "home"]
    assert len({Paths(home, environ).socket("lan") for home in spelled}) == 1


def test_a_sockets_name_fits_however_long_the_home_is(run: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(run)}
    sockets = [Paths(home, environ).socket("n" * 32) for home in (run, run / ("x" * 200))]
    assert len({len(os.fsencode(socket)) for socket in sockets}) == 1
