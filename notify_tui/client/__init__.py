"""Client: attach to the node of a home and network, or become it."""

from notify_tui.client.channel import EndedError
from notify_tui.client.client import Client
from notify_tui.client.seat import Become

__all__ = ["Become", "Client", "EndedError"]
