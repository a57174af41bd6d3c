"""Two nodes in two processes that find each other by multicast on loopback."""

from collections.abc import Callable
from itertools import count

import pytest

from notify_tui.client import Client, channel
from notify_tui.errors import NodeError
from tests.node.conftest import Home
from tests.node.process import Host

Hosts = Callable[..., Host]


def meet(one: Host, other: Host) -> None:
    one.ask("meet", "bob", "alive")
    other.ask("meet", "ana", "alive")


def test_two_nodes_find_each_other_and_exchange_events_both_ways(host: Hosts) -> None:
    ana, bob = host("ana"), host("bob")
    meet(ana, bob)
    ana.ask("publish", "chat", "from ana")
    assert bob.ask("gather", "chat", 1) == [["chat", "from ana"]]
    bob.ask("publish", "chat", "from bob")
    for node in (ana, bob):
        assert node.ask("gather", "chat", 2) == [["chat", "from ana"], ["chat", "from bob"]]


def test_a_node_that_was_killed_has_all_it_missed_once_it_is_back(host: Hosts) -> None:
    ana, bob = host("ana"), host("bob")
    meet(ana, bob)
    ana.ask("lines", "flood", 3000)
    bob.ask("publish", "chat", "before")
    bob.kill()
    ana.ask("lines", "flood", 3000)
    bob = host("bob")
    flood = bob.ask("gather", "flood", 6000)
    assert [text for _, text in flood] == [str(number) for number in range(3000)] * 2
    bob.ask("publish", "chat", "after")
    assert ana.ask("gather", "chat", 2) == [["chat", "before"], ["chat", "after"]]


def test_events_of_a_dead_node_reach_a_third_from_who_holds_them(host: Hosts) -> None:
    ana, bob = host("ana"), host("bob")
    meet(ana, bob)
    ana.ask("lines", "flood", 1000)
    bob.ask("gather", "flood", 1000)
    ana.kill()
    carol = host("carol")
    flood = carol.ask("gather", "flood", 1000)
    assert [text for _, text in flood] == [str(number) for number in range(1000)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_kills_lose_and_double_nothing(host: Hosts) -> None:
    ana = host("ana")
    published = 0
    for _ in range(100):
        bob = host("bob")
        ana.send("lines", "flood", 500)
        published += 500
        bob.send("gather", "flood", published - 250)
        ana.receive()
        bob.kill()
    flood = host("bob").ask("gather", "flood", published)
    assert [text for _, text in flood] == [str(number) for number in range(500)] * 100


def test_without_multicast_an_address_is_enough(host: Hosts) -> None:
    ana = host("ana", multicast=False)
    place = f"localhost:{ana.ask('status')['exchange_port']}"
    bob = host("bob", multicast=False, connect=(place,))
    meet(ana, bob)


def test_a_node_that_ends_has_left_at_once(host: Hosts) -> None:
    ana, bob = host("ana"), host("bob")
    meet(ana, bob)
    for number in count(1):
        bob.ask("publish", "chat", "do you hear me?")
        if ana.ask("live", "chat", number):
            break
    assert bob.stop() == 0
    ana.ask("meet", "bob", "left")
    assert ana.stop() == 0


def test_a_stopped_node_fails_its_clients_in_time_and_they_name_it(
    host: Hosts, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "PATIENCE", 0.5)
    stopped = host("ana")
    effective = home("ana")
    with Client.attach(effective) as client:
        stopped.freeze()
        with pytest.raises(NodeError, match=rf"pid {stopped.pid}\) does not answer"):
            client.peers()
        with pytest.raises(NodeError, match=rf"kill -CONT {stopped.pid}"):
            Client.attach(effective)
        stopped.thaw()
        assert client.peers() == ()
