"""Discovery on loopback, with real multicast, under networks that no other test is in."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

import pytest
import zeroconf.asyncio

from notify_tui.node import discovery
from notify_tui.node.discovery import Announcement, Candidate, Discovery, Finding, Hosts
from notify_tui.node.interfaces import Places, places

LOOPBACK = ("127.0.0.1",)
PATIENCE = 10

Found = SimpleQueue[Finding]
Announce = Callable[..., tuple[Discovery, Found]]


@pytest.fixture
def network() -> bytes:
    return os.urandom(16)


@pytest.fixture
def announce() -> Iterator[Announce]:
    """(peer, network, options) to a running discovery, and what it finds."""
    with ExitStack() as running:

        def started(peer: str, network: bytes, **options: bool) -> tuple[Discovery, Found]:
            found: Found = SimpleQueue()
            told = Announcement(peer.ljust(16, "a"), network, 7791, 7792)
            made = Discovery(told, places(LOOPBACK), LOOPBACK, found.put, **options)
            running.callback(made.join)
            running.callback(made.stop)
            made.start()
            return made, found

        yield started


def test_two_nodes_of_a_network_find_each_other(announce: Announce, network: bytes) -> None:
    _, found = announce("ana", network)
    _, also = announce("bob", network)
    assert found.get(timeout=PATIENCE) == Candidate("bobaaaaaaaaaaaaa", LOOPBACK, 7792)
    assert also.get(timeout=PATIENCE) == Candidate("anaaaaaaaaaaaaaa", LOOPBACK, 7792)


def test_a_node_that_comes_back_is_found_again(announce: Announce, network: bytes) -> None:
    _, found = announce("ana", network)
    gone, _ = announce("bob", network)
    found.get(timeout=PATIENCE)
    gone.stop()
    assert gone.join()
    announce("bob", network)
    assert found.get(timeout=PATIENCE) == Candidate("bobaaaaaaaaaaaaa", LOOPBACK, 7792)


def test_a_node_of_another_network_is_nearby_and_no_candidate(
    announce: Announce, network: bytes
) -> None:
    other = os.urandom(16)
    ana, found = announce("ana", network)
    _, seen = announce("zoe", other)
    announce("eve", other)
    seen.get(timeout=PATIENCE)
    announce("bob", network)
    candidate = found.get(timeout=PATIENCE)
    assert isinstance(candidate, Candidate)
    assert candidate.peer == "bobaaaaaaaaaaaaa"
    assert found.empty()
    assert ana.nearby >= 1


def test_the_announcement_tells_the_network_to_its_members_only(network: bytes) -> None:
    info = Announcement("a" * 16, network, 7791, 7792).info(("10.0.0.7", "fd77::7"))
    assert info.port == 7792
    assert info.properties[b"f"] == b"7791"
    assert info.parsed_addresses() == ["10.0.0.7", "fd77::7"]
    assert network not in info.text
    assert network.hex().encode() not in info.text
    assert len(info.text) <= 400


def test_without_multicast_it_says_so_and_still_follows_the_addresses(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(**_: object) -> None:
        raise OSError("Address already in use")

    moved = Places(("127.0.0.2",), ("127.0.0.2",))
    monkeypatch.setattr(zeroconf.asyncio, "AsyncZeroconf", taken)
    monkeypatch.setattr(discovery, "POLL_INTERFACES", 0.01)
    monkeypatch.setattr(discovery, "places", lambda _: moved)
    ana, found = announce("ana", network)
    assert found.get(timeout=PATIENCE) == Hosts(moved)
    assert ana.trouble == (
        "no multicast (Address already in use): peers are found by --connect and by memory"
    )


def test_multicast_can_be_left_out(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(zeroconf.asyncio, "AsyncZeroconf")
    quiet, _ = announce("ana", network, multicast=False)
    quiet.stop()
    assert quiet.join()
    assert quiet.trouble is None


def test_new_addresses_are_told_to_the_node_and_to_the_lan(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, heard = announce("bob", network)
    moved = Places(("127.0.0.2",), ("127.0.0.1", "127.0.0.2"), ("127.0.0.2/8",))
    monkeypatch.setattr(discovery, "POLL_INTERFACES", 0.2)
    monkeypatch.setattr(discovery, "places", lambda _: moved)
    _, found = announce("ana", network)
    while found.get(timeout=PATIENCE) != Hosts(moved):
        pass
    hosts: tuple[str, ...] = ()
    while "127.0.0.2" not in hosts:
        match heard.get(timeout=PATIENCE):
            case Candidate(hosts=hosts):
                pass


def test_addresses_that_cannot_be_read_for_a_while_are_followed_afterwards(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Places(("127.0.0.2",), ("127.0.0.1", "127.0.0.2"), ("127.0.0.2/8",))
    troubles = [OSError("Too many open files")] * 2

    def sometimes(_: object) -> Places:
        if troubles:
            raise troubles.pop()
        return moved

    monkeypatch.setattr(discovery, "POLL_INTERFACES", 0.01)
    monkeypatch.setattr(discovery, "places", sometimes)
    ana, found = announce("ana", network)
    assert found.get(timeout=PATIENCE) == Hosts(moved)
    assert ana.trouble is None


def test_a_failure_inside_is_told_and_ends_discovery_alone(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Places:
        raise ValueError("an address that is none")

    monkeypatch.setattr(discovery, "POLL_INTERFACES", 0.01)
    monkeypatch.setattr(discovery, "places", broken)
    ana, _ = announce("ana", network)
    assert ana.join()
    assert ana.trouble == "discovery has failed: peers are found by --connect and by memory"


@pytest.mark.parametrize("instance", ["short", "far-too-long-for-a-peer-id", "anaaaaaaaaaaaaaa"])
def test_an_announcement_that_is_no_peers_or_ones_own_is_passed_over(
    announce: Announce, network: bytes, instance: str
) -> None:
    ana, found = announce("ana", network)
    ana._changed(None, discovery.SERVICE, f"{instance}.{discovery.SERVICE}", None)  # type: ignore[arg-type]
    assert found.empty()


def test_an_announcement_that_came_in_parts_is_asked_for(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class InParts(zeroconf.asyncio.AsyncServiceInfo):
        """What the first packet did not say."""

        asked = False

        def load_from_cache(self, zc: zeroconf.Zeroconf, now: float | None = None) -> bool:
            return self.asked and super().load_from_cache(zc, now)

        async def async_request(self, *arguments: Any, **options: Any) -> bool:
            self.asked = True
            return await super().async_request(*arguments, **options)

    monkeypatch.setattr(zeroconf.asyncio, "AsyncServiceInfo", InParts)
    _, found = announce("ana", network)
    announce("bob", network)
    assert found.get(timeout=PATIENCE) == Candidate("bobaaaaaaaaaaaaa", LOOPBACK, 7792)


def test_an_announcement_that_stays_incomplete_is_given_up(
    announce: Announce, network: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = threading.Event()

    class Hollow(zeroconf.asyncio.AsyncServiceInfo):
        def load_from_cache(self, zc: zeroconf.Zeroconf, now: float | None = None) -> bool:
            return False

        async def async_request(self, *_: Any, **__: Any) -> bool:
            given_up.set()
            return False

    monkeypatch.setattr(zeroconf.asyncio, "AsyncServiceInfo", Hollow)
    ana, found = announce("ana", network)
    announce("bob", network)
    assert given_up.wait(PATIENCE)
    ana.stop()
    assert ana.join()
    assert found.empty()
    assert ana._resolving == set()


def test_it_ends_even_if_it_has_only_just_begun(announce: Announce, network: bytes) -> None:
    for _ in range(5):
        hasty, _ = announce("ana", network)
        hasty.stop()
        assert hasty.join()
