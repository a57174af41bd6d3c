"""A node that is killed while a client publishes over it keeps all that it acknowledged."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count

import pytest

from notify_tui.client import Client
from notify_tui.errors import NodeError
from notify_tui.log.reader import LogReader
from notify_tui.protocol.event import Content
from tests.node.conftest import NETWORK, Home
from tests.node.process import Host

Hosts = Callable[..., Host]


def numbers(dice: random.Random) -> Iterator[Content]:
    """Numbered events without an end, a few of them long."""
    for number in count():
        yield Content(0, str(number).ljust(3000 if dice.random() < 0.05 else 1))


def acknowledged(ana: Host, client: Client, topic: str, dice: random.Random) -> int:
    """Publish, kill the node on the way; how many events it had acknowledged by then."""
    patience = dice.randrange(1, 25)
    known = 0
    with suppress(NodeError):
        for answers, published in enumerate(client.publish_lines(topic, numbers(dice)), 1):
            known += published.count
            if answers == patience:
                ana.kill()
    return known


def survive(host: Hosts, home: Home, rounds: int) -> None:
    """Ana is killed and starts again; bob lives on and hears of all that ana has kept."""
    bob, ana = host("bob"), host("ana")
    effective = home("ana")
    kept: dict[str, list[int]] = {}
    for seed in range(rounds):
        topic = f"flood.{seed}"
        client = Client.attach(effective)
        known = acknowledged(ana, client, topic, random.Random(seed))
        client.close()
        ana = host("ana")
        with LogReader(effective.paths.log(NETWORK)) as reader:
            kept[topic] = [int(event.text) for event in reader.history([topic], limit=1 << 30)]
        assert kept[topic] == list(range(len(kept[topic])))
        assert len(kept[topic]) >= known > 0
    for topic, texts in kept.items():
        assert bob.ask("numbered", topic, len(texts))


def test_a_killed_node_has_all_that_it_acknowledged_and_so_has_its_peer(
    host: Hosts, home: Home
) -> None:
    survive(host, home, 5)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_kills_take_nothing_that_was_acknowledged(host: Hosts, home: Home) -> None:
    survive(host, home, 100)
