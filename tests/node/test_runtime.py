"""A node from start to stop, with everything real but the network beyond loopback."""

import socket
import threading
from pathlib import Path
from time import monotonic

import pytest
import zmq
from msgspec import structs

from notify_tui.client import Become, Client, EndedError
from notify_tui.errors import ForkedError, NodeError, NotifyError, StoreError
from notify_tui.log.writer import Log
from notify_tui.node import lock, runtime
from notify_tui.node.discovery import Candidate, Hosts
from notify_tui.node.interfaces import Places
from notify_tui.node.runtime import Node
from notify_tui.protocol.command import Halt
from notify_tui.protocol.event import Content
from notify_tui.protocol.node import NodeProtocol
from notify_tui.security.identity import Identity
from notify_tui.security.network import Network, save_network
from tests.node.conftest import NETWORK, Home, free_port

HELLO = Content(1, "hello")


def ended_by(node: Node, client: Client) -> NotifyError:
    """What the client is told when the node ends by itself."""
    with pytest.raises(NotifyError) as told:
        client.wake(client.info.position + 1000, 20)
    assert not node.alive
    return told.value


def test_a_node_is_ready_when_start_returns(home: Home, network: Network) -> None:
    effective = home("ana", status="here")
    node = Node(effective, network)
    node.start()
    assert node.alive
    assert (node.ready.name, node.ready.network, node.ready.open) == ("ana", NETWORK, False)
    assert node.ready.hosts == ("127.0.0.1",)
    assert node.ready.exchange == node.ready.feed + 1
    assert node.ready.id == Identity.load(effective.paths.identity).id
    held = lock.read(effective.paths.lock(NETWORK))
    assert held is not None
    assert held.options == effective.given
    with Client.attach(effective) as client:
        assert client.info.peer == node.ready.id
        assert client.info.network == NETWORK
    node.stop()
    assert lock.read(effective.paths.lock(NETWORK)) is None


def test_a_node_ends_within_a_second_from_any_thread_and_again(
    home: Home, network: Network
) -> None:
    node = Node(home("ana"), network)
    node.start()
    began = monotonic()
    stoppers = [threading.Thread(target=node.stop) for _ in range(3)]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()
    node.stop()
    assert monotonic() - began < 1
    assert not node.alive
    assert node.failure is None


def test_a_node_that_never_started_can_be_stopped(home: Home, network: Network) -> None:
    node = Node(home("ana"), network)
    node.stop()
    assert not node.alive
    node.context.term()
    node._inbox.close()


def test_a_home_and_network_have_one_node(home: Home, network: Network) -> None:
    first, second = Node(home("ana"), network), Node(home("ana"), network)
    first.start()
    with pytest.raises(lock.TakenError):
        second.start()
    first.stop()


def test_a_home_can_have_a_node_again_and_counts_its_starts(home: Home, network: Network) -> None:
    effective = home("ana")
    boots = []
    for _ in range(3):
        node = Node(effective, network)
        node.start()
        with Client.attach(effective) as client:
            boots.append((client.status()["boot"], client.status()["epoch"]))
        node.stop()
    assert boots[0][0] < boots[1][0] < boots[2][0]
    assert len({epoch for _, epoch in boots}) == 1
    assert effective.paths.starts(NETWORK).read_text() == f"{boots[-1][0]}\n"


def test_a_counter_that_cannot_be_read_begins_an_epoch(home: Home, network: Network) -> None:
    effective = home("ana")
    epochs = []
    for damage in (None, b"nonsense", b""):
        if damage is not None:
            effective.paths.starts(NETWORK).write_bytes(damage)
        node = Node(effective, network)
        node.start()
        with Client.attach(effective) as client:
            epochs.append(client.status()["epoch"])
        node.stop()
    assert epochs[0] < epochs[1] < epochs[2]


def test_a_port_that_is_taken_keeps_a_node_from_starting_and_leaves_nothing_behind(
    home: Home, network: Network
) -> None:
    port = free_port()
    first = Node(home("ana", port=port), network)
    first.start()
    effective = home("bob", port=port)
    with pytest.raises(NodeError, match=f"port {port}"):
        Node(effective, network).start()
    assert lock.read(effective.paths.lock(NETWORK)) is None
    first.stop()
    again = Node(effective, network)
    again.start()
    assert (again.ready.feed, again.ready.exchange) == (port, port + 1)
    again.stop()


def test_a_log_that_is_none_keeps_a_node_from_starting(home: Home, network: Network) -> None:
    effective = home("ana")
    effective.paths.log(NETWORK).write_bytes(b"not a database, whatever its name" * 100)
    with pytest.raises(StoreError):
        Node(effective, network).start()
    assert lock.read(effective.paths.lock(NETWORK)) is None


def test_an_interface_that_is_not_there_keeps_a_node_from_starting(
    home: Home, network: Network
) -> None:
    with pytest.raises(NodeError, match="no interface or address eth99"):
        Node(home("ana", interface=("eth99",)), network).start()


def test_the_socket_of_a_node_that_was_killed_is_removed(
    home: Home, network: Network, tmp_path: Path
) -> None:
    effective = home("ana")
    left = tmp_path / "left.sock"
    left.touch()
    path = effective.paths.lock(NETWORK)
    path.write_bytes(b'{"host":"%s","pid":1,"socket":"%s"}' % (
        lock.host().encode(), str(left).encode(),
    ))  # fmt: skip
    node = Node(effective, network)
    node.start()
    assert not left.exists()
    node.stop()


def test_a_failure_in_the_nodes_thread_is_told_to_its_clients_and_frees_the_home(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    effective = home("ana")
    with Client.attach(effective, become=Become()) as near, Client.attach(effective) as far:
        assert near.node is not None

        def broken(*_: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        monkeypatch.setattr(NodeProtocol, "tick", broken)
        told = ended_by(near.node, near), ended_by(near.node, far)
        for error in told:
            assert "the node has failed (ZeroDivisionError: a fault of ours)" in str(error)
        assert isinstance(told[1], EndedError)
        assert not told[1].untouched
        monkeypatch.undo()
        with Client.attach(effective, become=Become()) as successor:
            successor.publish("builds.web", HELLO)


def test_a_node_that_has_to_halt_says_why_and_its_clients_end_with_that(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    effective = home("ana")
    with Client.attach(effective, become=Become()) as near, Client.attach(effective) as far:
        assert near.node is not None
        monkeypatch.setattr(NodeProtocol, "drain", lambda _: [Halt("a home was copied")])
        told = ended_by(near.node, near), ended_by(near.node, far)
        assert [str(error) for error in told] == ["a home was copied"] * 2
        assert {type(error) for error in told} == {ForkedError}


def test_a_disk_that_is_stuck_holds_nobody_up_for_long(
    home: Home, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    close = Log.close

    def stuck(log: Log) -> None:
        free.wait()
        close(log)

    monkeypatch.setattr(Log, "close", stuck)
    monkeypatch.setattr(runtime, "STOP_PATIENCE", 0.01)
    effective = home("ana")
    node = Node(effective, network)
    node.start()
    node.stop()
    assert lock.read(effective.paths.lock(NETWORK)) is not None
    free.set()
    monkeypatch.setattr(runtime, "STOP_PATIENCE", 20)
    node.stop()
    assert lock.read(effective.paths.lock(NETWORK)) is None


def test_an_inbox_stays_open_for_a_lookup_that_may_still_post(
    home: Home, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, answer = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        asking.set()
        answer.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    node = Node(home("ana", multicast=False, connect=("silent.example",)), network)
    node.start()
    assert asking.wait(20)
    node.stop()
    assert not node.alive
    assert not node._inbox.closed
    answer.set()
    node._lookup._thread.join(20)
    node.stop()
    assert node._inbox.closed


def test_a_node_follows_the_addresses_of_its_interface(home: Home) -> None:
    with Client.attach(home("ana"), become=Become()) as client:
        assert client.node is not None
        client.node._found(Hosts(Places(("127.0.0.2",))))
        while client.status()["hosts"] != ["127.0.0.2"]:
            pass
        place = f"127.0.0.2:{client.node.ready.exchange}"
        with Client.attach(home("bob", multicast=False, connect=(place,)), become=Become()) as bob:
            while [peer.name for peer in bob.peers()] != ["ana"]:
                bob.wake(bob.reader.head(), 0.05)


def test_the_address_in_an_invite_is_dialled(home: Home, network: Network) -> None:
    with Client.attach(home("ana", multicast=False), become=Become()) as ana:
        assert ana.node is not None
        place = f"localhost:{ana.node.ready.exchange}"
        effective = home("bob", multicast=False)
        invited = structs.replace(network, connect=place)
        save_network(effective.paths.network(NETWORK), invited)
        with Client.attach(effective, become=Become()) as bob:
            while [peer.name for peer in bob.peers()] != ["ana"]:
                bob.wake(bob.reader.head(), 0.05)


def test_candidates_beyond_what_a_node_can_take_are_dropped_but_no_new_address(
    home: Home, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(home("ana"), network)
    monkeypatch.setattr(runtime, "FINDINGS", 2)
    for number in range(5):
        node._found(Candidate(None, ("10.0.0.7",), 7000 + number))
    node._found(Hosts(Places()))
    assert len(node._inbox) == 3
    node._inbox.close()
    node.context.term()


def test_status_tells_what_the_shell_knows(home: Home) -> None:
    with Client.attach(home("ana"), label="tui", become=Become()) as client:
        figures = client.status()
        assert figures["network"] == NETWORK
        assert figures["open"] is False
        assert figures["clients"] == ["tui"]
        assert figures["nearby"] >= 0
        assert figures["trouble"] is None


def test_a_node_may_live_in_a_context_of_another(home: Home, network: Network) -> None:
    context: zmq.Context[zmq.SyncSocket] = zmq.Context()
    node = Node(home("ana"), network, context=context)
    node.start()
    node.stop()
    assert not context.closed
    context.term()


def test_a_node_stays_for_its_clients_and_notices_those_that_vanish(
    home: Home, network: Network
) -> None:
    effective = home("ana")
    node = Node(effective, network)
    node.start()
    staying = Client.attach(effective)
    stayer = threading.Thread(target=node.stay, args=(60,))
    stayer.start()
    assert stayer.is_alive()
    staying._channel.close()  # no goodbye: as if it had been killed
    stayer.join(20)
    assert not stayer.is_alive()
    node.stop()
    staying._end()


def test_a_node_does_not_stay_for_clients_that_only_look_on(home: Home, network: Network) -> None:
    effective = home("ana")
    node = Node(effective, network)
    node.start()
    with Client.attach(effective):
        node.stay(0.01)
        node.stop()
