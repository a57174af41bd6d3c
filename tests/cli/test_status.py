"""`status`: whether a node runs, and what the log holds."""

import re

import pytest

from notify_tui.cli.status import _print
from tests.cli.home import Home


def test_status_tells_whether_a_node_runs(home: Home) -> None:
    home.ok("publish", "chat", "hello")
    assert home.ok("status", "--json").objects[0]["running"] is False
    node = home.peer("--name", "ana")
    figures = home.ok("status", "--json").objects[0]
    wanted = {
        "running": True,
        "name": "ana",
        "network": home.network,
        "open": True,
        "pid": node.pid,
    }
    assert wanted.items() <= figures.items()
    assert figures["events"] == 1


def test_an_open_network_is_said_to_be_open_and_a_private_one_not(home: Home) -> None:
    open_one = r"^open +yes: everybody on the LAN may join$"
    assert re.search(open_one, home.ok("status").out, re.MULTILINE)
    home.ok("network", "create", "crew")
    shown = home.ok("status", "--network", "crew").out
    assert re.search(r"^open +no$", shown, re.MULTILINE)


def test_numbers_that_are_names_bear_no_separators(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"pid": 27068, "boot": 1795549014, "epoch": 1795549014095, "feed_port": 17791}
    _print({**names, "exchange_port": 17792, "events": 1234567})
    assert capsys.readouterr().out.splitlines() == [
        "pid            27068",
        "boot           1795549014",
        "epoch          1795549014095",
        "feed port      17791",
        "exchange port  17792",
        "events         1,234,567",
    ]


def test_what_the_node_counted_is_a_table_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    _print({"pid": 5, "counts": {"batches new": 12345, "pulls": 7}, "trouble": None})
    assert capsys.readouterr().out.splitlines() == [
        "pid      5",
        "trouble  -",
        "",
        "counted      since it began",
        "batches new          12,345",
        "pulls                     7",
    ]


def test_a_node_that_has_counted_nothing_shows_no_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _print({"pid": 5, "counts": {}})
    assert capsys.readouterr().out == "pid  5\n"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "0 s"),
        (59.9, "59 s"),
        (61, "1 min 1 s"),
        (7380, "2 h 3 min"),
        (86_400, "1 d 0 h"),
        (9.2e5, "10 d 15 h"),
    ],
)
def test_how_long_it_runs_is_said_in_two_units(
    capsys: pytest.CaptureFixture[str], seconds: float, shown: str
) -> None:
    _print({"uptime_s": seconds})
    assert capsys.readouterr().out == f"uptime  {shown}\n"


def test_what_a_peer_or_a_disk_puts_into_a_figure_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _print({"trouble": "\x1b[2J", "hosts": ["a\nb"]})
    assert "\x1b" not in (out := capsys.readouterr().out)
    assert len(out.splitlines()) == 2
