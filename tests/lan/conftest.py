"""`lan` makes LANs for one test and takes them down after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.lan.bench import Lan, why_not


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs hosts."""
    for item in items:
        if "tests/lan/" in item.nodeid:
            item.add_marker(pytest.mark.lan)


@pytest.fixture(scope="session")
def _possible() -> None:
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture
def lan(
    _possible: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[int], Lan]]:
    """`lan(3)` is a LAN of three hosts; its homes lie in a short path, as sockets need."""
    with ExitStack() as stack:
        yield lambda hosts: stack.enter_context(Lan(hosts, tmp_path_factory.mktemp("lan")))
