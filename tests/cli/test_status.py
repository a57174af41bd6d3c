"""`status`: whether a node runs, and what the log holds."""

import re

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
    assert re.search(r"^open +yes$", home.ok("status").out, re.MULTILINE)
