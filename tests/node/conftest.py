"""Homes on one private network of their own, so that no other test's nodes are met."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from notify_tui.config import Effective, load_config
from notify_tui.security.network import Network, create_network, save_network
from tests.node.process import Host

NETWORK = "test"

Home = Callable[..., Effective]
"""(name, options) to a home's configuration: a member of the test's network, on loopback."""


def free_port() -> int:
    """One that, with the next, is free, and that others who only look for one are far from."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port: int = server.getsockname()[1] - 1
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port


@pytest.fixture
def network() -> Network:
    return create_network(NETWORK, bytes(32))


@pytest.fixture
def home(tmp_path: Path, network: Network) -> Home:
    def made(name: str, **options: object) -> Effective:
        given = {"name": name, "network": NETWORK, "interface": ("127.0.0.1",), **options}
        effective = load_config(tmp_path / name, given)
        save_network(effective.paths.prepare(NETWORK), network)
        return effective

    return made


@pytest.fixture
def host(home: Home) -> Iterator[Callable[..., Host]]:
    """(name, options) to a node in a process of its own; all are ended after the test."""
    with ExitStack() as hosts:

        def started(name: str, *, transient: bool = False, **options: object) -> Host:
            return hosts.enter_context(Host(home(name, **options), transient=transient))

        yield started
