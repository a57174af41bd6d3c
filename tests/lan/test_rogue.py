"""An outsider on the LAN that lies, floods and talks nonsense costs some CPU and nothing else."""

import sys
from collections.abc import Callable
from pathlib import Path

from notify_tui.node.discovery import Announcement
from notify_tui.security.network import open_network
from tests.lan.bench import Lan

LanOf = Callable[[int], Lan]
ROGUE = Path(__file__).with_name("rogue.py")
MEGABYTE = 1024


def resident(pid: int) -> int:
    """KiB of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def test_members_meet_and_talk_while_an_outsider_lies_and_floods(lan: LanOf) -> None:
    one, two, outsider = lan(3).hosts
    nodes = [one.peer(), two.peer()]
    one.meets(two)
    before = [resident(node.pid) for node in nodes]
    ids = [peer["id"] for host in (one, two) for peer in host.json("peers")]
    opaque = Announcement("", open_network("lan").id, 0, 0).opaque
    rogue = outsider.start(sys.executable, ROGUE, "8", opaque, one.address, *ids)
    rogue.wait_for_line("busy".__eq__)
    nodes[1].stop()
    nodes[1] = two.peer()
    one.meets(two)
    two.meets(one)
    for sender, receiver in ((one, two), (two, one)):
        done = sender.notify("publish", "chat", "hi", "--require", receiver.name)
        assert receiver.name in done.stderr
    assert rogue.wait(timeout=20) == 0
    one.meets(two, timeout=2)
    after = [resident(node.pid) for node in nodes]
    assert all(now - then < 30 * MEGABYTE for then, now in zip(before, after, strict=True))
