"""The control socket: who is attached, who is gone, who may connect."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from notify_tui.errors import NodeError
from notify_tui.node.control import CLIENT_DEPTH, Control
from notify_tui.node.poll import Poll
from notify_tui.node.ready import INPROC, STOPPED, TO_ALL
from notify_tui.protocol.control import (
    VERSION,
    AnyQuestion,
    AnyReply,
    AskStatus,
    Attach,
    Detach,
    Done,
    Refused,
    decode_reply,
    encode_control,
)


class Desk:
    """A control socket, what was asked over it, and who was found gone."""

    def __init__(self, place: Path) -> None:
        self.context: zmq.Context[zmq.SyncSocket] = zmq.Context()
        self.poll = Poll()
        self.asked: list[tuple[bytes, AnyQuestion]] = []
        self.gone: list[bytes] = []
        self.path = place / "node.sock"
        self.control = Control(self.context, self.poll, self._question, self.gone.append)
        self.control.bind(str(self.path))

    def _question(self, client: bytes, question: AnyQuestion) -> None:
        self.asked.append((client, question))

    def take(self, count: int = 1) -> None:
        while len(self.asked) < count:
            self.turn(10)

    def turn(self, seconds: float = 0.01) -> None:
        for source in self.poll.wait(seconds):
            self.poll.drain(source)

    def client(self) -> zmq.SyncSocket:
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        socket.rcvtimeo = 10_000
        socket.connect(f"ipc://{self.path}")
        return socket


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.control.close(Refused(TO_ALL, STOPPED, "the end"))
    desk.poll.close()
    desk.context.term()


def heard(socket: zmq.SyncSocket) -> AnyReply:
    return decode_reply(socket.recv())


def test_a_client_asks_and_is_answered_over_ipc_and_inproc(desk: Desk) -> None:
    with desk.client() as far, desk.context.socket(zmq.DEALER) as near:
        near.connect(INPROC)
        for number, socket in enumerate((far, near), 1):
            socket.send(encode_control(AskStatus(number)))
            desk.take(number)
            client, question = desk.asked[-1]
            assert question == AskStatus(number)
            desk.control.reply(client, Done(number))
            assert heard(socket) == Done(number)


def test_the_socket_is_this_users_alone(desk: Desk) -> None:
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600


def test_it_knows_who_is_attached(desk: Desk) -> None:
    assert desk.control.alone.is_set()
    with desk.client() as client:
        client.send(encode_control(Attach(1, VERSION, "tui")))
        desk.take()
        assert list(desk.control.clients.values()) == ["tui"]
        assert not desk.control.alone.is_set()
        client.send(encode_control(Detach(2)))
        desk.take(2)
        assert desk.control.alone.is_set()


def test_a_client_that_vanished_is_found_out_by_a_probe(desk: Desk) -> None:
    with desk.client() as client:
        client.send(encode_control(Attach(1, VERSION, "tui")))
        desk.take()
        desk.control.probe()
        assert heard(client) == Done(TO_ALL)
    while not desk.gone:
        desk.control.probe()
        desk.turn()
    assert desk.gone == [desk.asked[0][0]]
    assert desk.control.alone.is_set()


def test_a_client_that_does_not_read_costs_a_bounded_number_of_answers(desk: Desk) -> None:
    with desk.client() as client:
        client.rcvhwm = 1
        client.send(encode_control(Attach(1, VERSION, "stopped")))
        desk.take()
        for number in range(CLIENT_DEPTH * 8):
            desk.control.reply(desk.asked[0][0], Done(number))
    assert desk.gone == []


def test_what_is_no_question_is_passed_over(desk: Desk) -> None:
    with desk.client() as client:
        client.send(b"\xc1 nonsense")
        client.send_multipart([b"", encode_control(AskStatus(1))])
        client.send_multipart([encode_control(AskStatus(2)), b"and", b"more"])
        desk.take()
        assert [question for _, question in desk.asked] == [AskStatus(2)]


def test_when_it_closes_every_client_is_told_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.client() as client:
        client.send(encode_control(Attach(1, VERSION, "tui")))
        desk.take()
        desk.control.close(Refused(TO_ALL, "ForkedError", "the younger one stops"))
        assert heard(client) == Refused(TO_ALL, "ForkedError", "the younger one stops")
    desk.poll.close()
    desk.context.term()


def test_a_path_where_no_socket_can_be_is_an_error_that_names_it(desk: Desk) -> None:
    with pytest.raises(NodeError, match=r"/nowhere/node\.sock cannot be made"):
        desk.control.bind("/nowhere/node.sock")
