"""A log of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.log.desk import Desk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def desk(path: Path) -> Iterator[Desk]:
    desk = Desk(path)
    yield desk
    desk.log.close()
