"""systemd is told, if it listens."""

import socket
from pathlib import Path

import pytest

from notify_tui.cli.readiness import tell_systemd
from tests.cli.home import Home


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(home: Home, runtime: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(runtime / "notify"))
        systemd.settimeout(10)
        home.environ["NOTIFY_SOCKET"] = str(runtime / "notify")
        node = home.start("peer")
        assert systemd.recv(100) == b"READY=1"
        node.stop()
        assert systemd.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify", "@nobody-listens-here"])
def test_nobody_listening_is_no_error(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    tell_systemd("READY=1")


def test_an_abstract_socket_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("")  # the kernel chooses an abstract name
        systemd.settimeout(10)
        name = systemd.getsockname()
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name[1:].decode())
        tell_systemd("READY=1")
        assert systemd.recv(100) == b"READY=1"
