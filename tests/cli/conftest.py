"""Homes for the installed command."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.cli.home import Home

HomeOf = Callable[[str], Home]


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A short path: control sockets have room for 100 bytes."""
    path = Path(tempfile.mkdtemp(prefix="ntui"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def home_of(tmp_path: Path, runtime: Path) -> Iterator[HomeOf]:
    """Makes homes by name; what runs in them is ended with the test."""
    homes: list[Home] = []
    network = f"t{token_hex(6)}"

    def make(name: str) -> Home:
        home = Home(tmp_path / name, runtime, network)
        home.isolate()
        homes.append(home)
        return home

    yield make
    for home in homes:
        home.end()


@pytest.fixture
def home(home_of: HomeOf) -> Home:
    """The home of ana."""
    return home_of("ana")


@pytest.fixture
def fresh(tmp_path: Path, runtime: Path) -> Iterator[Home]:
    """A home as it is when nothing was ever done in it: its network is `lan`."""
    home = Home(tmp_path / "fresh", runtime, "lan")
    yield home
    home.end()
