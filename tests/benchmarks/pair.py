"""Two processes that talk over a pipe: a receiver, which measures, and a sender."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar, cast

Measured = TypeVar("Measured")

_spawn = multiprocessing.get_context("spawn")


def run_pair(
    receive: Callable[..., Measured], send: Callable[..., Any], *arguments: Any
) -> Measured:
    """Run `receive(pipe, …)` and `send(pipe, …)` in fresh processes; what `receive` returns.

    Raises:
        RuntimeError: a process ended without an answer.
    """
    left, right = _spawn.Pipe()
    answer, result = _spawn.Pipe(duplex=False)
    sender = _spawn.Process(target=_call, args=(send, right, result, arguments, False))
    receiver = _spawn.Process(target=_call, args=(receive, left, result, arguments, True))
    sender.start()
    receiver.start()
    for end in (left, right, result):
        end.close()
    try:
        return cast("Measured", answer.recv())
    except EOFError:
        raise RuntimeError("a process of the benchmark ended without an answer") from None
    finally:
        for process in (receiver, sender):
            process.join(10)
            process.kill()


def _call(
    function: Callable[..., Any],
    pipe: Connection,
    result: Connection,
    arguments: tuple[Any, ...],
    answers: bool,
) -> None:
    if not answers:
        result.close()
    value = function(pipe, *arguments)
    if answers:
        result.send(value)
