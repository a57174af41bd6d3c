"""`peers`: who is on the network."""

import signal

from notify_tui import __version__
from tests.cli.conftest import HomeOf
from tests.cli.home import Home, reach


def test_peers_shows_who_is_here(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ana.peer("--name", "ana", "--status", "away", "--tag", "room=attic")
    ben.meets(node)
    peer = ben.ok("peers", "--json").objects[0]
    wanted = {"name": "ana", "state": "alive", "status": "away", "tags": {"room": "attic"},
              "address": "127.0.0.1", "version": __version__}  # fmt: skip
    assert wanted.items() <= peer.items()
    header, row = ben.ok("peers").lines
    assert header.split()[:3] == ["name", "state", "id"]
    assert row.startswith("●  ana")


def test_peers_with_no_node_joins_for_a_while(home_of: HomeOf) -> None:
    node = home_of("ana").peer("--name", "ana")
    done = home_of("ben").ok("peers", "--json", "--connect", reach(node))
    assert [peer["name"] for peer in done.objects] == ["ana"]


def test_peers_watch_prints_what_changes(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ben.peer()
    watch = ben.start("peers", "--watch", "--json")
    ana.meets(node, "--name", "ana")
    watch.wait_for_line(lambda line: '"name":"ana"' in line)
    assert watch.stop(timeout=1) == 130


def test_an_interrupted_command_exits_130_in_silence(home: Home) -> None:
    command = home.start("peers")
    while not (home.directory / "node.lock").exists():
        assert command.running
    command.signal(signal.SIGINT)
    assert command.wait(1) == 130
    assert command.errors == []
