"""Crowd: strangers on a node's ports, more than it has descriptors for, who talk nonsense."""

import random
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import pytest

from notify_tui.client import Client
from notify_tui.protocol.event import Content
from tests.node.conftest import Home, free_port
from tests.node.process import Host, feed

Hosts = Callable[..., Host]

SPARE = 50
"""Descriptors that the node may still take when the crowd comes."""
BEYOND = 400
"""So many more strangers come than there is room for."""
GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01CURVE".ljust(64, b"\0")
WORDS = (
    b"", b"GET / HTTP/1.1\r\n\r\n", GREETING[:10], GREETING, GREETING + b"\x04\xff\xff\xff",
    GREETING + b"\x06" + b"\xff" * 8 + b"\x05HELLO", random.Random(1).randbytes(4096),
)  # fmt: skip
"""Silence, another protocol, handshakes that stop, frames of no length there is, noise."""

pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux limits and counts another's descriptors"
)


def descriptors(host: Host) -> int:
    return len(list(Path(f"/proc/{host.pid}/fd").iterdir()))


@contextmanager
def crowd(port: int, count: int) -> Iterator[None]:
    """Strangers at the feed and the exchange, until they all leave."""
    with ExitStack() as strangers:
        for number in range(count):
            stranger = strangers.enter_context(socket.socket())
            stranger.connect(("127.0.0.1", port + number % 2))
            stranger.sendall(WORDS[number // 2 % len(WORDS)])
        yield


def starve(host: Host) -> int:
    """Leave a node few descriptors; how many it may have."""
    limit = descriptors(host) + SPARE
    resource.prlimit(host.pid, resource.RLIMIT_NOFILE, (limit, limit))
    return limit


def joined(host: Hosts, name: str, port: int) -> Host:
    return host(name, multicast=False, connect=(f"127.0.0.1:{port + 1}",))


def test_a_node_without_a_descriptor_left_serves_whom_it_knows_and_later_everybody(
    host: Hosts, home: Home
) -> None:
    port = free_port()
    ana = host("ana", port=port, multicast=False)
    bob = joined(host, "bob", port)
    feed(ana, bob)
    feed(bob, ana)
    with Client.attach(home("ana")) as client:
        limit = starve(ana)
        with crowd(port, limit + BEYOND):
            while descriptors(ana) < limit:
                client.status()
            client.publish("chat", Content(0, "ana"))
            assert bob.ask("gather", "chat", 1)[0] == ["chat", "ana"]
            bob.ask("publish", "chat", "bob")
            events = client.subscribe(["chat"], since=0)
            assert [event.text for event in islice(events, 2)] == ["ana", "bob"]
    carol = joined(host, "carol", port)
    carol.ask("publish", "chat", "carol")
    for node in (ana, bob, carol):
        texts = [text for _, text in node.ask("gather", "chat", 3)]
        assert sorted(texts) == ["ana", "bob", "carol"]
    assert ana.stop() == 0


def test_strangers_who_stall_or_talk_nonsense_keep_no_member_out(host: Hosts) -> None:
    port = free_port()
    ana = host("ana", port=port, multicast=False)
    ana.ask("publish", "chat", "hello")
    with crowd(port, 20 * len(WORDS)):
        bob = joined(host, "bob", port)
        assert bob.ask("gather", "chat", 1) == [["chat", "hello"]]
        assert ana.ask("status")["peers"]
