import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.errors import WireError
from notify_tui.protocol.control import (
    AnyQuestion,
    AnyReply,
    AskPeers,
    AskStatus,
    Attach,
    Attached,
    Await,
    Detach,
    Done,
    Held,
    Hold,
    Move,
    Moved,
    Peers,
    PeerView,
    Publish,
    Published,
    Refused,
    Status,
    Widen,
    Woken,
    decode_question,
    decode_reply,
    encode_control,
)
from notify_tui.protocol.event import Content, encode_content
from tests.protocol.strategies import NESTED, broken_bytes, broken_fields

RAW = msgspec.Raw(encode_content(Content(1, "hello")))
VIEW = PeerView(
    "id", "ana", "alive", "10.0.0.1", 0.1, 0, 2, "0.1", "away", {"room": "12"}, False, 5, 0
)
QUESTIONS: list[AnyQuestion] = [
    Attach(1, 1, "tui"),
    Publish(2, "a.b", [RAW, RAW]),
    Await(3, 17),
    Hold(4, 1, "a.b", 5, 2, ("ana",), True, 0.5, 10.0),
    Widen(5, ("a.>",)),
    AskPeers(6),
    AskStatus(7),
    Detach(8),
    Move(9, "crew"),
]
REPLIES: list[AnyReply] = [
    Attached(1, "id", "ana@pc", "lan", 4711, 17),
    Published(2, bytes(32), 1, "a.b", 5, 2),
    Refused(3, "StoreError", "the disk is full"),
    Woken(4, 18),
    Held(5, True, ("ana",), ("bob",)),
    Peers(6, (VIEW,)),
    Status(7, {"events": 5}),
    Done(8),
    Moved(0, "crew"),
]
questions = st.sampled_from(QUESTIONS)
replies = st.sampled_from(REPLIES)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda item: type(item).__name__)
def test_a_question_reads_back(question: AnyQuestion) -> None:
    assert decode_question(encode_control(question)) == question


@pytest.mark.parametrize("reply", REPLIES, ids=lambda item: type(item).__name__)
def test_a_reply_reads_back(reply: AnyReply) -> None:
    assert decode_reply(encode_control(reply)) == reply


@given(st.data(), questions, replies)
def test_a_broken_frame_is_read_or_refused(
    data: st.DataObject, question: AnyQuestion, reply: AnyReply
) -> None:
    for decode, message in ((decode_question, question), (decode_reply, reply)):
        encoded = encode_control(message)
        broken = data.draw(broken_bytes(encoded) | broken_fields(encoded))
        try:
            read = decode(broken)
        except WireError:
            continue
        assert decode(encode_control(read)) == read


@pytest.mark.parametrize("frame", [b"", b"\xc0", b"\x92\x63\x01", b"\x93\x06\x01" + NESTED])
def test_what_is_no_control_message_is_refused(frame: bytes) -> None:
    for decode in (decode_question, decode_reply):
        with pytest.raises(WireError, match="cannot be read"):
            decode(frame)
