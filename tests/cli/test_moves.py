"""The running node switches with the active network, and what follows events stays with it."""

import re

import pytest

from notify_tui.config import set_config_value
from notify_tui.config.paths import Paths
from tests.cli.conftest import HomeOf
from tests.cli.home import Home, reach
from tests.process import Process

SWITCHED = "the running node has switched"


@pytest.fixture
def home(home_of: HomeOf) -> Home:
    """A home whose file names its network."""
    return of_its_file(home_of("ana"))


def of_its_file(home: Home) -> Home:
    del home.environ["NOTIFY_TUI_NETWORK"]
    set_config_value(Paths(home.path), "network", home.network)
    return home


def wait_for_client(home: Home, label: str) -> None:
    while label not in home.ok("status", "--json").objects[0]["clients"]:
        assert home.processes[-1].running


def follow(home: Home, *arguments: str) -> Process:
    """A subscribe that is attached."""
    follower = home.start("subscribe", ">", *arguments)
    wait_for_client(home, "subscribe")
    return follower


def test_peer_and_subscribe_go_along_to_a_network_that_is_created(home: Home) -> None:
    node = home.peer()
    follower = follow(home)
    done = home.ok("network", "create", "crew")
    assert SWITCHED in done.err
    home.ok("publish", "chat", "hello")
    for process in (node, follower):
        assert process.wait_for_count(1)[0].endswith("hello")
    first, second = (line for line in node.errors if line.startswith("ready"))
    assert f"network {home.network} (open)" in first
    assert "network crew  ports" in second
    assert first.split("ports")[1] == second.split("ports")[1]
    assert follower.errors == ["the node has moved: following the network crew"]
    assert node.stop(timeout=1) == 130


def test_it_goes_there_and_back_as_often_as_it_is_told(home: Home) -> None:
    node, follower = home.peer(), follow(home, "--since", "all", "--count", "4")
    home.ok("publish", "chat", "1")
    for number, words in enumerate((("open", "lab"), ("create", "crew"), ("use", "lab")), 2):
        assert SWITCHED in home.ok("network", *words).err
        home.ok("publish", "chat", str(number))
    assert follower.wait() == 0
    assert [line.split()[-1] for line in follower.lines] == ["1", "2", "3", "4"]
    assert len(node.wait_for_count(4)) == 4


def test_events_of_peers_arrive_on_the_new_network(home_of: HomeOf) -> None:
    ana, ben = of_its_file(home_of("ana")), of_its_file(home_of("ben"))
    node = ana.peer("--name", "ana")
    other = ben.meets(node)
    follower = follow(ben)
    invite = ana.ok("network", "create", "crew").out
    assert SWITCHED in ben.ok("network", "join", stdin=invite).err
    other.wait_for_error(lambda line: "network crew" in line)
    other.wait_for_error(lambda line: line.endswith(" is here") and "ana" in line)
    ana.ok("publish", "chat", "hello", "--wait-for", "1", "--timeout", "20s")
    assert follower.wait_for_count(1)[0].endswith("hello")


def test_a_subscribe_that_had_become_the_node_moves_it(home: Home) -> None:
    node = home.start("subscribe", ">")
    while not (home.directory / "log.db").exists():
        assert node.running
    wait_for_client(home, "subscribe")
    assert SWITCHED in home.ok("network", "create", "crew").err
    home.ok("publish", "chat", "hello")
    assert node.wait_for_count(1)[0].endswith("hello")
    assert home.ok("status", "--json").objects[0]["pid"] == node.pid


def test_a_node_whose_network_was_given_stays_and_that_is_said(home: Home) -> None:
    node = home.peer("--network", home.network)
    done = home.ok("network", "create", "crew")
    assert (
        f"warning: the running node stays on {home.network}: "
        "its network was given explicitly (--network)" in done.err
    )
    home.ok("publish", "chat", "hello", "--network", home.network)
    assert node.wait_for_count(1)[0].endswith("hello")


def test_a_node_stays_when_another_process_is_the_node_there(home: Home) -> None:
    node = home.peer()
    home.peer("--network", "lan")
    done = home.ok("network", "use", "lan")
    assert f"the running node stays on {home.network}: another process" in done.err
    home.ok("publish", "chat", "hello", "--network", home.network)
    assert node.wait_for_count(1)[0].endswith("hello")


def test_a_subscribe_that_was_told_its_network_stays_on_it(home: Home) -> None:
    home.peer()
    follower = follow(home, "--network", home.network)
    assert SWITCHED in home.ok("network", "create", "crew").err
    follower.wait_for_error(lambda line: line.endswith(f"following the network {home.network}"))
    home.ok("publish", "chat", "hello", "--network", home.network)
    assert follower.wait_for_count(1)[0].endswith("hello")


def test_leaving_the_active_network_moves_its_node_to_lan(home: Home) -> None:
    node = home.peer()
    home.ok("network", "create", "crew")
    assert SWITCHED in home.ok("network", "leave", "crew", "--yes").err
    node.wait_for_error(lambda line: "network lan (open)" in line)
    assert not (home.path / "networks" / "crew" / "network.key").exists()


def test_a_network_whose_node_stays_is_not_left(home: Home) -> None:
    node = home.peer("--network", home.network)
    done = home.run("network", "leave", home.network)
    assert done.code == 1
    assert f"runs here (pid {node.pid}); end it first" in done.err
    assert (home.directory / "network.key").exists()
    assert home.ok("status", "--json").objects[0]["network"] == home.network


def test_what_does_not_follow_ends_with_a_sentence(home: Home) -> None:
    home.peer()
    waiting = home.start("publish", "chat", "x", "--wait-for", "3", "--timeout", "30s")
    wait_for_client(home, "publish")
    home.ok("network", "create", "crew")
    assert waiting.wait() == 1
    assert re.search("the node has moved to the network 'crew'", waiting.errors[-1])


def test_a_timeout_counts_across_networks(home: Home) -> None:
    home.peer()
    follower = follow(home, "--timeout", "2s")
    home.ok("network", "create", "crew")
    assert follower.wait() == 4
    assert follower.errors[-1] == "notify-tui: nothing came within 2s"


def test_a_node_on_a_network_that_was_not_active_is_left_alone(home: Home) -> None:
    node = home.peer("--network", "lan")
    assert "the running node" not in home.ok("network", "create", "crew").err
    assert reach(node)
    assert home.ok("status", "--network", "lan", "--json").objects[0]["pid"] == node.pid
