"""`--connect` names become candidates, and their silence holds nobody up."""

import logging
import socket
import threading
from itertools import chain, repeat
from queue import SimpleQueue

import pytest

from notify_tui.node import lookup
from notify_tui.node.discovery import Candidate
from notify_tui.node.lookup import Lookup

PATIENCE = 10


def test_an_address_is_a_candidate_at_once() -> None:
    found: SimpleQueue[Candidate] = SimpleQueue()
    asked = Lookup((("127.0.0.1", 7792), ("::1", 9000)), found.put)
    asked.start()
    assert found.get(timeout=PATIENCE) == Candidate(None, ("127.0.0.1",), 7792)
    assert found.get(timeout=PATIENCE) == Candidate(None, ("::1",), 9000)
    asked.stop()


def test_without_anybody_to_look_up_it_does_nothing() -> None:
    before = threading.active_count()
    asked = Lookup((), lambda _: None)
    asked.start()
    assert threading.active_count() == before
    asked.stop()
    assert asked.join()


def test_a_name_that_is_unknown_is_told_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = [OSError("unknown"), OSError("unknown")]
    answers = chain(unknown, repeat([(0, 0, 0, "", ("10.0.0.7", 0))]))

    def resolve(*_: object, **__: object) -> object:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(lookup, "AGAIN", 0.001)
    found: SimpleQueue[Candidate] = SimpleQueue()
    with caplog.at_level(logging.WARNING):
        asked = Lookup((("desk", 7792),), found.put)
        asked.start()
        assert found.get(timeout=PATIENCE) == Candidate(None, ("10.0.0.7",), 7792)
    asked.stop()
    assert [record.getMessage() for record in caplog.records] == ["--connect desk: unknown"]


def test_a_silent_name_server_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    asking = threading.Event()
    found: SimpleQueue[Candidate] = SimpleQueue()

    def resolve(*_: object, **__: object) -> list[object]:
        asking.set()
        answer.wait(PATIENCE)
        return [(0, 0, 0, "", ("10.0.0.7", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    asked = Lookup((("desk", 7792),), found.put)
    asked.start()
    assert asking.wait(PATIENCE)
    asked.stop()
    assert not asked.join()
    answer.set()
    monkeypatch.setattr(lookup, "STOP_PATIENCE", PATIENCE)
    assert asked.join()
    assert found.empty()
