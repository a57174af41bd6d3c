"""Memory: whoever does not listen costs the publisher none, and misses nothing."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.node.process import Host, feed

Hosts = Callable[..., Host]

MIB = 1024
"""KiB."""
EVENTS = 100_000
LETTERS = 1000
MARGIN = 40 * MIB
"""Much less than the flood, and more than what two runs of a process differ by."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak memory"),
]


def peak(host: Host) -> int:
    """The most memory that a process has had, in KiB."""
    for line in Path(f"/proc/{host.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise AssertionError("no peak")


def test_a_stopped_subscriber_costs_a_publisher_no_memory_and_gets_everything_later(
    host: Hosts,
) -> None:
    alone = host("carol", multicast=False)
    alone.ask("flood", "flood", EVENTS, LETTERS)
    usual = peak(alone)
    alone.stop()
    ana, bob = host("ana"), host("bob")
    feed(ana, bob)
    bob.freeze()
    ana.ask("flood", "flood", EVENTS, LETTERS)
    assert peak(ana) < usual + MARGIN
    bob.thaw()
    assert bob.ask("numbered", "flood", EVENTS)
    assert peak(ana) < usual + 2 * MARGIN
