"""The homes and processes of `tests/node`."""

from tests.node.conftest import home, host, network

__all__ = ["home", "host", "network"]
