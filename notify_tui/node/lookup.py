"""Lookup: the addresses behind `--connect` names, looked up again and again.

In a thread of its own that nobody waits for: a name server that is silent takes its time.
"""

import logging
import socket
import threading
from collections.abc import Callable

from notify_tui.node.discovery import Candidate
from notify_tui.protocol.wire import MAX_ADDRESSES

AGAIN = 30.0
"""Seconds."""
STOP_PATIENCE = 0.1

_log = logging.getLogger(__name__)


class Lookup:
    """Posts a candidate for each (host name or address, port) pair, every `AGAIN` seconds."""

    def __init__(
        self, pairs: tuple[tuple[str, int], ...], post: Callable[[Candidate], None]
    ) -> None:
        self._pairs = pairs
        self._post = post
        self._stopping = threading.Event()
        self._failed: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="lookup", daemon=True)

    def start(self) -> None:
        """Begin, if there is anything to look up."""
        if self._pairs:
            self._thread.start()

    def stop(self) -> None:
        """Post nothing more."""
        self._stopping.set()

    def join(self) -> bool:
        """Wait for the end, bounded; whether it came. A silent name server delays it."""
        if self._thread.ident is not None:
            self._thread.join(STOP_PATIENCE)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for host, port in self._pairs:
                hosts = self._addresses(host)
                if hosts and not self._stopping.is_set():
                    self._post(Candidate(None, hosts, port))
            self._stopping.wait(AGAIN)

    def _addresses(self, host: str) -> tuple[str, ...]:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            if host not in self._failed:
                self._failed.add(host)
                _log.warning("--connect %s: %s", host, error)
            return ()
        self._failed.discard(host)
        return tuple(dict.fromkeys(str(address[4][0]) for address in found))[:MAX_ADDRESSES]
