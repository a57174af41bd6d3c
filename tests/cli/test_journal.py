"""What a node says while it runs is one safe line a record."""

import logging
from collections.abc import Iterator

import pytest

from notify_tui.cli.journal import keep_journal


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("notify_tui")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_record_is_a_sentence_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep_journal(0, quiet=False)
    logging.getLogger("notify_tui.node").warning("peer %s is odd", "\x1b[31m")
    assert said(capsys) == ["notify-tui: peer ␛[31m is odd"]


@pytest.mark.parametrize(
    ("verbose", "quiet", "lines"), [(0, False, 2), (1, False, 3), (2, False, 4), (0, True, 1)]
)
def test_verbose_says_more_and_quiet_less(
    capsys: pytest.CaptureFixture[str], verbose: int, quiet: bool, lines: int
) -> None:
    keep_journal(verbose, quiet=quiet)
    log = logging.getLogger("notify_tui.node")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(level, "said")
    assert len(said(capsys)) == lines


def test_a_traceback_is_for_the_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose, traced in ((0, False), (1, True)):
        keep_journal(verbose, quiet=False)
        try:
            int("no number")
        except ValueError:
            logging.getLogger("notify_tui.node").exception("failed")
        assert any("Traceback" in line for line in said(capsys)) is traced
