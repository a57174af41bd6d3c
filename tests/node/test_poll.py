"""The poll loop: nothing that a socket has to say is missed, whoever touched it."""

from collections.abc import Iterator

import pytest
import zmq

from notify_tui.node.mailbox import Mailbox
from notify_tui.node.poll import MESSAGES, Poll, Source

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
        far.sndhwm = near.rcvhwm = 0
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


def test_a_source_is_drained_within_a_limit_and_speaks_again_if_there_is_more(
    pair: Pair, poll: Poll
) -> None:
    far, near = pair
    taken: list[bytes] = []
    source = poll.add(near, lambda: taken.append(near.recv(zmq.NOBLOCK)))
    for _ in range(MESSAGES + 3):
        far.send(b"a message")
    while len(taken) < MESSAGES:
        assert poll.wait(SOON) == [source]
        poll.drain(source)
    assert len(taken) == MESSAGES
    assert poll.wait(SOON) == [source]
    poll.drain(source)
    assert len(taken) == MESSAGES + 3
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
    letters: list[list[str]] = []
    source = poll.add_plain(mailbox, lambda: letters.append(mailbox.take()))
    assert poll.wait(0) == []
    mailbox.post("a letter")
    assert poll.wait(SOON) == [source]
    poll.drain(source)
    assert letters == [["a letter"]]
    assert poll.wait(0) == []
    mailbox.close()


def test_without_anything_to_hear_it_waits_as_long_as_it_is_told(poll: Poll) -> None:
    assert poll.wait(0.001) == []
