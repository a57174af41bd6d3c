"""The first signal ends a command, once."""

import os
import signal
from collections.abc import Iterator

import pytest

from notify_tui.cli.interrupt import Interrupt


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made = Interrupt()
    made.listen()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_raised_and_the_second_ignored(
    interrupt: Interrupt, number: signal.Signals
) -> None:
    with pytest.raises(KeyboardInterrupt):
        send(number)
    send(number)


def test_what_is_made_as_a_whole_is_undone_when_a_signal_came(interrupt: Interrupt) -> None:
    undone: list[str] = []

    def make() -> str:
        send(signal.SIGTERM)
        return "made"

    with pytest.raises(KeyboardInterrupt):
        interrupt.whole(make, undone.append)
    assert undone == ["made"]


def test_what_is_made_in_peace_is_given(interrupt: Interrupt) -> None:
    assert interrupt.whole(lambda: "made", lambda _made: None) == "made"


def test_an_error_while_making_passes(interrupt: Interrupt) -> None:
    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        interrupt.whole(fail, lambda _made: None)
