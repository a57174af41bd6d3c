"""A node that moves to another network of its home, and its clients that go along."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notify_tui.client import Become, Client, EndedError
from notify_tui.config import Effective, load_config
from notify_tui.errors import MovedError, NodeError, RefusedError
from notify_tui.node import lock
from notify_tui.node.runtime import Node
from notify_tui.protocol.event import Content
from notify_tui.security.network import create_network, save_network
from tests.node.conftest import free_port

HELLO = Content(1, "hello")
BECOME = Become()

HomeWith = Callable[..., Effective]


@pytest.fixture
def home(tmp_path: Path) -> HomeWith:
    """(options) to the configuration of one home with two networks; its file names the first."""
    networks = [create_network(name, bytes(32)) for name in ("first", "second")]

    def made(**options: object) -> Effective:
        given = {"name": "ana", "interface": ("127.0.0.1",), "multicast": False, **options}
        effective = load_config(tmp_path / "ana", given)
        for network in networks:
            save_network(effective.paths.prepare(network.name), network)
        effective.paths.config_file.write_text('network = "first"\n')
        return load_config(tmp_path / "ana", given)

    return made


@pytest.fixture
def owner(home: HomeWith) -> Iterator[Client]:
    """A client that became the node of the first network."""
    with Client.attach(home(), label="owner", become=BECOME) as client:
        yield client


class Asking:
    """A thread that asks the node of the home to move; `told` is how that ended."""

    def __init__(self, effective: Effective, network: str) -> None:
        self.told: Exception | None = None
        self._client = Client.attach(effective, label="asking")
        self._thread = threading.Thread(target=self._ask, args=(network,))
        self._thread.start()

    def _ask(self, network: str) -> None:
        with self._client as client:
            try:
                client.move_node(network, 20)
            except NodeError as error:
                self.told = error
            except RefusedError as error:
                self.told = error

    def end(self) -> Exception | None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.told


def told_to_move(client: Client) -> MovedError:
    with pytest.raises(MovedError) as told:
        client.wake(10_000, 20)
    return told.value


def test_a_node_moves_and_all_its_clients_go_along(home: HomeWith, owner: Client) -> None:
    with Client.attach(home(), become=BECOME) as other:
        asking = Asking(home(), "second")
        began = owner.go_along(told_to_move(owner).network)
        assert other.go_along(told_to_move(other).network) == began
        assert asking.end() is None
        assert (owner.is_node, other.is_node) == (True, False)
        assert owner.info.network == other.info.network == "second"
        events = other.subscribe(["chat"], began=began, timeout=20)
        assert other.reader.find(owner.publish("chat", HELLO)).text == "hello"
        assert next(events).text == "hello"
    assert lock.read(home().paths.lock("first")) is None


def test_what_came_since_its_node_began_there_is_live_for_who_comes_late(
    home: HomeWith, owner: Client
) -> None:
    with Client.attach(home()) as other:
        asking = Asking(home(), "second")
        owner.go_along(told_to_move(owner).network)
        asking.end()
        owner.publish("chat", HELLO)
        began = other.go_along(told_to_move(other).network)
        assert next(other.subscribe(["chat"], began=began, timeout=20)).text == "hello"


def test_a_node_keeps_its_ports_when_it_moves(home: HomeWith) -> None:
    port = free_port()
    with Client.attach(home(port=port), become=BECOME) as owner:
        assert owner.go_along("second") is not None
        assert owner.node is not None
        assert (owner.node.ready.network, owner.node.ready.feed) == ("second", port)


def test_a_node_that_cannot_begin_there_stays_and_its_subscriptions_go_on(
    home: HomeWith, owner: Client
) -> None:
    events = owner.subscribe(["chat"], timeout=20)
    asking = Asking(home(), "third")
    with pytest.raises(MovedError) as told:
        next(events)
    assert owner.go_along(told.value.network) is None
    refused = asking.end()
    assert isinstance(refused, RefusedError)
    assert "third" in str(refused)
    owner.publish("chat", HELLO)
    assert next(events).text == "hello"


def test_a_node_stays_when_another_one_is_there_already(home: HomeWith, owner: Client) -> None:
    with Client.attach(home(network="second"), become=BECOME):
        asking = Asking(home(), "second")
        assert owner.go_along(told_to_move(owner).network) is None
        assert "another process" in str(asking.end())
    assert owner.publish("chat", HELLO).seq == 1


def test_a_node_whose_network_was_given_explicitly_stays(home: HomeWith) -> None:
    with (
        Client.attach(home(network="first"), become=BECOME),
        Client.attach(home()) as client,
        pytest.raises(RefusedError, match=r"given explicitly \(--network\)"),
    ):
        client.move_node("second")


def test_a_transient_node_stays(home: HomeWith) -> None:
    with (
        Client.attach(home(), become=Become(transient=True)),
        Client.attach(home()) as client,
        pytest.raises(RefusedError, match="it ends with its command"),
    ):
        client.move_node("second")


def test_a_client_that_was_told_its_network_stays_on_it_and_becomes_its_node(
    home: HomeWith, owner: Client
) -> None:
    with Client.attach(home(network="first"), become=BECOME) as told:
        owner.go_along("second")
        told.go_along(told_to_move(told).network)
        assert told.is_node
        assert (told.info.network, owner.info.network) == ("first", "second")


def test_whoever_does_not_go_along_is_told_where_the_node_went(
    home: HomeWith, owner: Client
) -> None:
    with Client.attach(home()) as client:
        owner.go_along("second")
        with pytest.raises(MovedError, match="moved to the network 'second'"):
            client.publish("chat", HELLO)


def test_a_node_that_ended_and_has_no_successor_is_an_error_and_leaves_nothing_behind(
    home: HomeWith, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise NodeError("no port is free")

    monkeypatch.setattr(Node, "_connect", broken)
    with pytest.raises(NodeError, match="no port is free"):
        owner.go_along("second")
    with pytest.raises(EndedError):
        owner.peers()
    paths = home().paths
    assert (lock.read(paths.lock("first")), lock.read(paths.lock("second"))) == (None, None)


def test_an_owner_that_does_not_do_it_in_time_is_named(home: HomeWith, owner: Client) -> None:
    with (
        Client.attach(home()) as client,
        pytest.raises(NodeError, match=rf"pid {owner.info.pid}\) has not moved it"),
    ):
        client.move_node("second", 0.05)
