"""Clients with real nodes on loopback."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from notify_tui.client import Become, Client, EndedError, seat
from notify_tui.errors import (
    EventError,
    NodeError,
    SilenceError,
    StoreError,
    TopicError,
    UnknownError,
)
from notify_tui.node import lock
from notify_tui.protocol.command import Store, StoreFailed
from notify_tui.protocol.control import MAX_PUBLISH, WINDOW, Done, Publish
from notify_tui.protocol.event import Content, EventId
from tests.node.conftest import NETWORK, Home
from tests.node.process import ROOT, Host

Hosts = Callable[..., Host]


def said(text: str) -> Content:
    return Content(time.time_ns(), text)


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    """A client that became the node."""
    with Client.attach(home("ana"), become=Become()) as client:
        yield client


def test_without_a_node_a_client_that_may_not_become_it_says_so(home: Home) -> None:
    with pytest.raises(UnknownError, match="no node is running for the network 'test'"):
        Client.attach(home("ana"))


def test_the_first_client_becomes_the_node_and_the_next_attaches_to_it(home: Home) -> None:
    effective = home("ana")
    with (
        Client.attach(effective, become=Become()) as first,
        Client.attach(effective, become=Become()) as second,
    ):
        assert first.is_node
        assert not second.is_node
        assert first.info.peer == second.info.peer
        assert second.info.pid == os.getpid()


def test_a_published_event_has_an_id_and_is_in_the_log(client: Client) -> None:
    first, second = client.publish("chat", said("one")), client.publish("chat", said("two"))
    assert (first.seq, second.seq) == (1, 2)
    event = client.reader.find(second)
    assert (event.id, event.text) == (second, "two")
    assert EventId.parse(str(second)) == second


def test_many_lines_are_published_in_order_in_few_questions(client: Client) -> None:
    count = 3 * WINDOW * MAX_PUBLISH + 7
    answers = list(client.publish_lines("flood", map(said, map(str, range(count)))))
    assert sum(answer.count for answer in answers) == count
    assert [answer.first for answer in answers[:3]] == [1, 1 + MAX_PUBLISH, 1 + 2 * MAX_PUBLISH]
    texts = [event.text for event in client.subscribe(["flood"], since=0, live=False)]
    assert texts == [str(number) for number in range(count)]


def test_large_lines_are_cut_into_questions_of_a_bounded_size(client: Client) -> None:
    answers = list(client.publish_lines("flood", [said("x" * 200_000)] * 12))
    assert max(answer.count for answer in answers) <= 6


def test_lines_that_nobody_takes_the_answers_of_leave_nothing_behind(client: Client) -> None:
    next(client.publish_lines("flood", [said("x")] * (4 * MAX_PUBLISH)))
    client.peers()
    assert client._channel._answers == {}


def test_what_is_wrong_with_an_event_is_said_before_the_node_is_asked(client: Client) -> None:
    with pytest.raises(TopicError):
        client.publish("no topic", said("x"))
    with pytest.raises(TopicError):
        client.publish("_peers", said("x"))
    with pytest.raises(EventError):
        client.publish("chat", said("x" * 300_000))
    with pytest.raises(TopicError):
        client.subscribe(["a..b"])


def test_a_publish_that_cannot_be_kept_is_an_error(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.node is not None
    log = client.node._log

    def full(jobs: list[object]) -> None:
        failed = [
            StoreFailed(job.batch, "the disk is full") for job in jobs if isinstance(job, Store)
        ]
        log._deliver(list(failed))

    monkeypatch.setattr(log, "post", full)
    with pytest.raises(StoreError, match="the disk is full"):
        client.publish("chat", said("lost"))
    monkeypatch.undo()
    assert client.publish("chat", said("kept")).seq == 1


def test_a_subscriber_gets_what_is_published_from_then_on(client: Client) -> None:
    client.publish("chat", said("before"))
    events = client.subscribe(["chat"], timeout=20)
    client.publish("logs", said("elsewhere"))
    client.publish("chat", said("after"))
    assert next(events).text == "after"


def test_since_a_position_a_subscriber_gets_history_too(client: Client) -> None:
    client.publish("chat", said("before"))
    assert [event.text for event in client.subscribe(["chat"], since=0, live=False)] == ["before"]


def test_a_subscriber_that_hears_nothing_in_time_is_told(client: Client) -> None:
    with pytest.raises(SilenceError):
        next(client.subscribe(["chat"], timeout=0.01))


def test_a_client_is_woken_when_the_log_grows(client: Client, home: Home) -> None:
    here = client.reader.head()
    assert client.wake(here, 0.01) is None
    with Client.attach(home("ana")) as other:
        other.publish("chat", said("one"))
    newest = client.wake(here, 20)
    assert newest is not None
    assert newest > here
    assert client.wake(here, 0) is None or client.wake(here, 20) == newest
    assert client.wake(newest, 0) is None


def test_a_wake_for_an_older_position_is_not_taken_for_a_newer_one(client: Client) -> None:
    here = client.reader.head()
    assert client.wake(here, 0) is None
    client.publish("chat", said("one"))
    newest = client.reader.head()
    assert client.wake(newest, 0.05) is None


def test_hold_tells_who_has_an_event_and_who_has_not(client: Client, host: Hosts) -> None:
    bob = host("bob")
    bob.ask("meet", "ana", "alive")
    (published,) = client.publish_lines("chat", [said("one")])
    held = client.hold(published, published.first, require=["bob"], timeout=20)
    assert (held.met, held.delivered, held.waiting) == (True, ("bob",), ())
    held = client.hold(published, published.first, count=2, timeout=0.05)
    assert (held.met, held.delivered) == (False, ("bob",))


def test_peers_and_status_are_asked_for(client: Client, host: Hosts) -> None:
    host("bob").ask("meet", "ana", "alive")
    assert [peer.name for peer in client.peers()] == ["bob"]
    assert client.status()["peers"] == 1


def test_patterns_can_be_added_to_what_a_node_keeps(home: Home) -> None:
    with Client.attach(home("ana", keep=("builds.>",)), become=Become()) as client:
        client.widen([])
        client.widen(["logs.>"])
        assert client.status()["interest"] == ["builds.>", "logs.>"]


def test_an_answer_of_another_kind_is_an_error(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client._channel, "answer", lambda *_: Done(1))
    with pytest.raises(NodeError, match="the node answers Done, not Peers"):
        client.peers()


def test_a_killed_node_is_noticed_and_the_next_client_becomes_the_node(
    host: Hosts, home: Home
) -> None:
    doomed = host("ana")
    effective = home("ana")
    with Client.attach(effective) as client:
        kept = client.publish("chat", said("kept"))
        doomed.kill()
        with pytest.raises(EndedError, match=rf"pid {doomed.pid}\) has ended") as told:
            client.wake(1000)
        assert not told.value.untouched
    with Client.attach(effective, become=Become()) as heir:
        assert heir.is_node
        assert heir.reader.find(kept).text == "kept"


def test_a_publish_that_a_node_had_no_time_for_goes_to_the_next_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    effective = home("ana")
    first = Client.attach(effective, become=Become())
    with Client.attach(effective, become=Become()) as client:
        ended = threading.Event()
        ask = client._channel.ask

        def late(question: type[Publish], *fields: object) -> int:
            first.close()
            ended.set()
            return ask(question, *fields)

        monkeypatch.setattr(client._channel, "ask", late)
        published = client.publish("chat", said("not lost"))
        assert ended.is_set()
        assert client.is_node
        assert client.reader.find(published).text == "not lost"


def test_lines_that_a_node_had_no_time_for_go_to_the_next_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    effective = home("ana")
    first = Client.attach(effective, become=Become())
    with Client.attach(effective, become=Become()) as client:
        ask = client._channel.ask

        def late(question: type[Publish], *fields: object) -> int:
            first.close()
            return ask(question, *fields)

        monkeypatch.setattr(client._channel, "ask", late)
        count = 3 * MAX_PUBLISH
        answers = list(client.publish_lines("flood", map(said, map(str, range(count)))))
        assert client.is_node
        assert sum(answer.count for answer in answers) == count
        texts = [event.text for event in client.subscribe(["flood"], since=0, live=False)]
        assert texts == [str(number) for number in range(count)]


def test_lines_under_way_when_a_node_ends_are_an_error(home: Home) -> None:
    effective = home("ana")
    first = Client.attach(effective, become=Become())
    with Client.attach(effective) as client:
        lines = client.publish_lines("flood", [said("x")] * (WINDOW * MAX_PUBLISH * 4))
        next(lines)
        first.close()
        with pytest.raises(EndedError):
            list(lines)


def test_a_transient_node_stays_until_the_publishers_that_attached_are_done(
    home: Home, host: Hosts
) -> None:
    cold = host("ana", transient=True)
    with Client.attach(home("ana"), become=Become(transient=True)) as client:
        assert not client.is_node
        closing = threading.Thread(target=cold.stop)
        closing.start()
        assert client.publish("chat", said("in time")).seq == 1
        assert closing.is_alive()
    closing.join(20)
    assert not closing.is_alive()


PUBLISH = """
import json, sys, time
from pathlib import Path
from notify_tui.client import Become, Client
from notify_tui.config import load_config
from notify_tui.protocol.event import Content
effective = load_config(Path(sys.argv[1]), json.loads(sys.argv[2]))
with Client.attach(effective, label="publish", become=Become(transient=True)) as client:
    print(client.publish("cold", Content(time.time_ns(), "x")), client.is_node)
"""


def test_many_cold_publishers_at_once_are_one_node_and_its_clients(home: Home) -> None:
    effective = home("ana", multicast=False)
    given = msgspec.json.encode(effective.given).decode()
    publishers = [
        subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(effective.paths.home), given],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(12)
    ]
    told = [publisher.communicate(timeout=50) for publisher in publishers]
    assert [error for _, error in told if error] == []
    ids = [out.split()[0] for out, _ in told]
    assert sorted(EventId.parse(text).seq for text in ids) == list(range(1, 13))


def test_an_interrupt_while_a_client_waits_ends_it_cleanly(home: Home) -> None:
    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    effective = home("ana")
    with Client.attach(effective, become=Become()) as client:
        threading.Timer(0.1, interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            client.wake(1000)
    assert lock.read(effective.paths.lock(NETWORK)) is None


def test_nodes_that_come_and_go_all_the_time_are_an_error_in_the_end(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat, "ATTACH_PATIENCE", 0.01)
    monkeypatch.setattr(lock, "take", lambda *_: None)
    with pytest.raises(lock.TakenError):
        Client.attach(home("ana"), become=Become())


def test_a_client_that_only_attaches_loads_no_node_no_database_and_no_zeroconf() -> None:
    code = (
        "import sys, notify_tui.client;"
        "print(*sorted({'zeroconf', 'nacl', 'sqlite3', 'asyncio', 'notify_tui.node.runtime',"
        "'notify_tui.log', 'textual', 'ifaddr'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "\n"
