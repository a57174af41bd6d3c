"""Who does not hold the network's key gets nothing, not one byte."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from notify_tui.security.network import curve_keys, load_network, open_network
from tests.lan.bench import Host, Lan
from tests.process import Process

LanOf = Callable[[int], Lan]
RAW = Path(__file__).with_name("raw.py")
FEED, EXCHANGE = 7791, 7792


def found(host: Host, network: str) -> str:
    """Create a private network; its invite."""
    done = host.notify("network", "create", network)
    invite = re.search(r"ntui1:\S+", done.stdout)
    assert invite, done.stdout
    return invite[0]


def join(host: Host, invite: str) -> None:
    host.notify("network", "join", text=f"{invite}\n")


def test_two_private_networks_on_one_lan_see_nothing_of_each_other(lan: LanOf) -> None:
    one, two, three, four = lan(4).hosts
    join(two, found(one, "left"))
    join(four, found(three, "right"))
    for host in (one, two, three, four):
        host.peer()
    one.meets(two)
    three.meets(four)
    one.notify("publish", "secret", "left's", "--wait-for", "1")
    three.notify("publish", "secret", "right's", "--wait-for", "1")
    for member, partner, text in ((one, two, "left's"), (four, three, "right's")):
        assert [event["text"] for event in member.json("history", "secret")] == [text]
        assert {peer["name"] for peer in member.json("peers")} == {partner.name}


def test_two_networks_run_side_by_side_on_one_host(lan: LanOf) -> None:
    one, two = lan(2).hosts
    join(two, found(one, "team"))
    for host in (one, two):
        host.peer("--network", "team")
        host.peer("--network", "lan")
    for network in ("team", "lan"):
        done = one.notify("publish", "x", network, "--network", network, "--wait-for", "1")
        assert "delivered 1/1" in done.stderr
        (event,) = two.json("history", "x", "--network", network)
        assert event["text"] == network


def rogue(host: Host, member: Host, port: int, *keys: bytes) -> Process:
    """Three seconds of asking for whatever a port gives to these keys."""
    place = f"{member.address}:{port}"
    return host.start(sys.executable, RAW, place, "3", *(key.decode() for key in keys))


@pytest.mark.parametrize("port", [FEED, EXCHANGE])
def test_a_stranger_gets_not_one_byte_from_any_port(lan: LanOf, port: int) -> None:
    member, stranger = lan(2).hosts
    found(member, "team")
    member.peer("--tag", "secret=yes")
    keys = curve_keys(load_network(member.home / "networks" / "team").key)
    others = curve_keys(open_network("lan").key)
    holder = rogue(stranger, member, port, keys.server_public, *keys[2:])
    outsiders = [
        rogue(stranger, member, port, *given)
        for given in (
            (),
            (zmq.curve_keypair()[0], *zmq.curve_keypair()),
            (others.server_public, *others[2:]),
            (keys.server_public, *others[2:]),
            (keys.server_public, *zmq.curve_keypair()),
        )
    ]
    while holder.running:
        member.notify("publish", "secret", "for members only")
    assert int(holder.wait_for_line(str.isdecimal)) > 0
    assert [outsider.wait_for_line(str.isdecimal) for outsider in outsiders] == ["0"] * 5
