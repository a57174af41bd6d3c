from typing import get_args

import msgspec
import pytest

from notify_tui.protocol.command import Command, Halt, Job, Now, Outcome, Restored


def test_a_fresh_log_gives_nothing_back() -> None:
    assert Restored() == ((), (), {}, 0)


def test_a_moment_is_two_clocks() -> None:
    assert Now(mono=1.5, wall=10)._asdict() == {"mono": 1.5, "wall": 10}


def test_every_job_is_a_command_and_no_outcome_is() -> None:
    assert set(get_args(Job)) < set(get_args(Command))
    assert not set(get_args(Outcome)) & set(get_args(Command))


@pytest.mark.parametrize("kind", [*get_args(Command), *get_args(Outcome)])
def test_what_passes_between_protocol_and_shell_is_frozen(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen


def test_commands_compare_by_value_so_that_a_test_reads_as_a_transcript() -> None:
    assert Halt("reason") == Halt("reason")
    assert Halt("reason") != Halt("another")
