"""The bench itself: each misfortune of a LAN is one that plain sockets feel."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lan.bench import Host, Lan
from tests.process import Process

PING = Path(__file__).with_name("ping.py")
GROUP = "239.77.0.1"
HEAR = f"""
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("{GROUP}", 7777))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("{GROUP}") + bytes(4))
print("ready", flush=True)
while True: print(sock.recv(100).decode(), flush=True)
"""
CALL = f"""
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for word in sys.argv[1:]: sock.sendto(word.encode(), ("{GROUP}", 7777))
"""
SERVE = """
import socket
with socket.create_server(("::", 7778), family=socket.AF_INET6, dualstack_ipv6=True) as server:
    print("ready", flush=True)
    while True: server.accept()[0].sendall(b"hello")
"""
DIAL = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], 7778), timeout=0.5) as sock:
        print(sock.recv(5).decode())
except TimeoutError: print("silence")
"""

LanOf = Callable[[int], Lan]


def python(host: Host, script: str, *arguments: str) -> str:
    return host.run(sys.executable, "-c", script, *arguments).stdout


def serve(host: Host, script: str) -> Process:
    process = host.start(sys.executable, "-c", script)
    process.wait_for_line("ready".__eq__)
    return process


def trips(host: Host, other: Host, count: int = 1, seconds: float = 0.5) -> list[float]:
    done = host.run(sys.executable, PING, other.address, str(count), str(seconds))
    return [float(line) for line in done.stdout.splitlines()]


def reaches(host: Host, other: Host) -> bool:
    return bool(trips(host, other, seconds=3))


def misses(host: Host, other: Host) -> bool:
    return not trips(host, other, seconds=0.2)


@pytest.fixture
def three(lan: LanOf) -> Lan:
    return lan(3)


def test_hosts_have_names_homes_and_addresses_of_their_own(three: Lan) -> None:
    shell = 'cat /proc/sys/kernel/hostname; echo "$NOTIFY_TUI_HOME"; ip -o address show dev eth0'
    outputs = [host.run("sh", "-c", shell).stdout for host in three.hosts]
    for host, output in zip(three.hosts, outputs, strict=True):
        assert output.startswith(f"h{host.number}\n{host.home}\n")
        assert f"inet {host.address}/24" in output
        assert f"inet6 {host.address6}/64" in output
        assert "tentative" not in output


def test_every_host_reaches_every_other(three: Lan) -> None:
    assert all(reaches(host, other) for host in three.hosts for other in three.hosts)


def test_two_lans_at_once_do_not_meet(lan: LanOf) -> None:
    left, right = lan(2), lan(1)
    assert reaches(left.host(1), left.host(2))
    assert misses(right.host(1), left.host(2))


def test_multicast_reaches_every_host(three: Lan) -> None:
    ears = [serve(host, HEAR) for host in three.hosts[1:]]
    python(three.host(1), CALL, "all")
    for ear in ears:
        ear.wait_for_line("all".__eq__)


def test_a_partition_cuts_between_its_groups_and_heals(lan: LanOf) -> None:
    four = lan(4)
    one, two, three, rest = four.hosts
    four.partition([[1, 2], [3]])
    assert reaches(one, two)
    assert misses(one, three)
    assert misses(rest, three)
    assert misses(rest, two)
    four.heal()
    assert reaches(one, three)


def test_hosts_that_a_partition_does_not_name_stay_together(lan: LanOf) -> None:
    four = lan(4)
    four.partition([[1]])
    assert reaches(four.host(2), four.host(4))
    assert misses(four.host(1), four.host(2))


def test_one_way_silence_lets_the_other_way_pass(three: Lan) -> None:
    ear, other_ear = serve(three.host(1), HEAR), serve(three.host(2), HEAR)
    three.oneway(1, 2)
    python(three.host(1), CALL, "from one")
    python(three.host(2), CALL, "from two")
    python(three.host(3), CALL, "from three")
    ear.wait_for_line("from two".__eq__)
    other_ear.wait_for_line("from three".__eq__)
    assert "from one" not in other_ear.lines


def test_an_isolated_host_hears_and_is_heard_by_nobody(three: Lan) -> None:
    three.isolate(2)
    assert misses(three.host(1), three.host(2))
    assert misses(three.host(2), three.host(3))
    assert reaches(three.host(1), three.host(3))


def test_a_pulled_link_is_seen_by_its_host(three: Lan) -> None:
    carrier = ("cat", "/sys/class/net/eth0/carrier")
    three.linkdown(1)
    assert three.host(1).run(*carrier).stdout == "0\n"
    three.linkup(1)
    assert three.host(1).run(*carrier).stdout == "1\n"
    assert reaches(three.host(1), three.host(2))


def test_loss_takes_its_share_of_what_comes_in(three: Lan) -> None:
    assert reaches(three.host(1), three.host(2))
    three.loss(2, 30)
    assert 600 < len(trips(three.host(1), three.host(2), count=1000, seconds=2)) < 800
    assert len(trips(three.host(1), three.host(3), count=1000, seconds=5)) == 1000


def test_multicast_loss_spares_what_is_addressed_to_the_host(three: Lan) -> None:
    three.multicast_loss(2, 100)
    ear, other_ear = serve(three.host(2), HEAR), serve(three.host(3), HEAR)
    neighbour = [three.host(2).address, "lladdr", "02:77:00:00:00:02", "dev", "eth0"]
    three.host(1).run("ip", "neigh", "replace", *neighbour)  # asking for it is multicast
    assert len(trips(three.host(1), three.host(2), count=100, seconds=5)) == 100
    python(three.host(1), CALL, "lost")
    other_ear.wait_for_line("lost".__eq__)
    three.heal()
    python(three.host(1), CALL, "found")
    ear.wait_for_line("found".__eq__)
    assert "lost" not in ear.lines


@pytest.mark.parametrize("family", ["address", "address6"])
def test_a_firewalled_host_can_dial_but_not_be_dialled(lan: LanOf, family: str) -> None:
    two = lan(2)
    for host in two.hosts:
        serve(host, SERVE)
    two.firewall(2)
    assert python(two.host(1), DIAL, getattr(two.host(2), family)) == "silence\n"
    assert python(two.host(2), DIAL, getattr(two.host(1), family)) == "hello\n"
    two.firewall(2, up=False)
    assert python(two.host(1), DIAL, getattr(two.host(2), family)) == "hello\n"


def test_a_delayed_host_is_that_far_away_until_it_is_healed(three: Lan) -> None:
    near = trips(three.host(1), three.host(2))
    three.delay(2, 50)
    assert 100 <= min(trips(three.host(1), three.host(2), count=5)) < 150
    three.heal()
    assert max(near + trips(three.host(1), three.host(2))) < 50


def test_a_delayed_host_may_be_cut_off_as_well(three: Lan) -> None:
    three.delay(2, 5)
    three.isolate(2)
    assert misses(three.host(1), three.host(2))


def test_closing_ends_what_still_runs_even_when_it_is_frozen(lan: LanOf) -> None:
    one = lan(1)
    process = serve(one.host(1), HEAR)
    process.sigstop()
    one.close()
    assert process.wait() == -9
    assert not Path("/run/netns", one.host(1).namespace).exists()
    one.close()
