"""The poll loop: nothing that a socket has to say is missed, whoever touched it."""

from collections.abc import Iterator

import pytest
import zmq

from notify_tui.node.mailbox import Mailbox
from notify_tui.node.poll import Poll, Source

Pair = tuple[zmq.SyncSocket, zmq.SyncSocket]
SOON = 10.0


def nothing() -> None:
    """A drain that leaves everything where it is."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends that talk; the second has nothing to say at first."""
    with (
        zmq.Context() as context,
        context.socket(zmq.PAIR) as far,
        context.socket(zmq.PAIR) as near,
    ):
        far.bind("inproc://pair")
        near.connect("inproc://pair")
        yield far, near


@pytest.fixture
def poll() -> Iterator[Poll]:
    poll = Poll()
    yield poll
    poll.close()


def watched(poll: Poll, socket: zmq.SyncSocket) -> Source:
    """A source that is quiet, and known to be."""
    source = poll.add(socket, nothing)
    assert poll.wait(0) == []
    return source


def test_a_socket_that_received_something_speaks(pair: Pair, poll: Poll) -> None:
    far, near = pair
    source = watched(poll, near)
    far.send(b"hello")
    assert poll.wait(SOON) == [source]


def test_a_socket_speaks_until_it_is_drained(pair: Pair, poll: Poll) -> None:
    far, near = pair
    source = watched(poll, near)
    far.send(b"one")
    far.send(b"two")
    assert poll.wait(SOON) == [source]
    near.recv()
    assert poll.wait(SOON) == [source]
    near.recv()
    assert poll.wait(0) == []


def test_what_came_before_a_socket_was_watched_is_heard(pair: Pair, poll: Poll) -> None:
    far, near = pair
    far.send(b"early")
    near.poll(1000)
    assert poll.wait(0) == [] == poll.wait(0)
    source = poll.add(near, nothing)
    assert poll.wait(SOON) == [source]


def test_a_send_that_swallowed_the_signal_does_not_hide_what_came(pair: Pair, poll: Poll) -> None:
    far, near = pair
    source = watched(poll, near)
    far.send(b"a question")
    near.poll(1000)  # takes the signal from the descriptor, as any call on a socket may
    poll.touch(source)
    assert poll.wait(SOON) == [source]


def test_a_paused_socket_is_left_alone_and_heard_once_it_is_resumed(pair: Pair, poll: Poll) -> None:
    far, near = pair
    source = watched(poll, near)
    poll.pause(source)
    poll.pause(source)
    far.send(b"meanwhile")
    near.poll(1000)
    poll.touch(source)
    assert poll.wait(0) == []
    poll.resume(source)
    poll.resume(source)
    assert poll.wait(SOON) == [source]


def test_a_mailbox_is_a_source_like_any_other(poll: Poll) -> None:
    mailbox: Mailbox[str] = Mailbox()
    source = poll.add_plain(mailbox, nothing)
    assert poll.wait(0) == []
    mailbox.post("a letter")
    assert poll.wait(SOON) == [source]
    mailbox.take()
    assert poll.wait(0) == []
    mailbox.close()


def test_without_anything_to_hear_it_waits_as_long_as_it_is_told(poll: Poll) -> None:
    assert poll.wait(0.001) == []
