"""How nodes find each other, and notice who is gone."""

from collections.abc import Callable
from time import monotonic

import pytest

from tests.lan.bench import Host, Lan

LanOf = Callable[[int], Lan]
INTERRUPTED = 130


def all_meet(hosts: list[Host], timeout: float = 10) -> None:
    """Each sees all the others alive, within so many seconds together."""
    deadline = monotonic() + timeout
    for host in hosts:
        others = [other for other in hosts if other is not host]
        host.meets(*others, timeout=max(0.0, deadline - monotonic()))


def test_three_nodes_with_nothing_configured_find_each_other_in_two_seconds(lan: LanOf) -> None:
    hosts = lan(3).hosts
    for host in hosts:
        host.peer()
    all_meet(hosts, timeout=2)


def test_without_multicast_one_address_is_enough_to_find_all(lan: LanOf) -> None:
    hosts = lan(4).hosts
    hosts[0].peer("--no-multicast")
    for host in hosts[1:]:
        host.peer("--no-multicast", "--connect", hosts[0].address)
    all_meet(hosts)


def test_a_node_is_reached_by_its_address_on_another_port(lan: LanOf) -> None:
    hosts = lan(2).hosts
    hosts[0].peer("--no-multicast", "--port", "9100")
    hosts[1].peer("--no-multicast", "--connect", f"{hosts[0].address}:9101")
    all_meet(hosts)


def test_nodes_meet_where_half_of_all_multicast_is_lost(lan: LanOf) -> None:
    two = lan(2)
    for host in two.hosts:
        two.multicast_loss(host.number, 50)
    for host in two.hosts:
        host.peer()
    all_meet(two.hosts, timeout=20)


def test_a_host_that_refuses_connections_is_a_full_member(lan: LanOf) -> None:
    three = lan(3)
    three.firewall(2)
    for host in three.hosts:
        host.peer()
    all_meet([three.host(1), three.host(2)])
    all_meet([three.host(3), three.host(2)])
    for sender, receiver in ((2, 1), (1, 2)):
        done = three.host(sender).notify(
            "publish", "chat", "hi", "--require", three.host(receiver).name
        )
        assert "delivered" in done.stderr


def test_a_node_that_says_goodbye_has_left_at_once(lan: LanOf) -> None:
    hosts = lan(2).hosts
    stays, leaves = (host.peer() for host in hosts)
    all_meet(hosts)
    assert leaves.stop(timeout=1) == INTERRUPTED
    hosts[0].meets(hosts[1], state="left", timeout=1)
    assert stays.stop(timeout=1) == INTERRUPTED


def test_a_node_that_dies_becomes_suspect_and_alive_again_when_it_is_back(lan: LanOf) -> None:
    hosts = lan(2).hosts
    _, dies = (host.peer() for host in hosts)
    all_meet(hosts)
    dies.kill9()
    hosts[0].meets(hosts[1], state="suspect", timeout=6)
    hosts[1].peer()
    all_meet(hosts, timeout=5)


@pytest.mark.slow
def test_a_node_that_stays_away_is_lost(lan: LanOf) -> None:
    two = lan(2)
    for host in two.hosts:
        host.peer()
    all_meet(two.hosts)
    two.isolate(2)
    two.host(1).meets(two.host(2), state="lost", timeout=15)
    two.host(2).meets(two.host(1), state="lost", timeout=15)
    two.heal()
    all_meet(two.hosts, timeout=20)
