"""`network`: create, invite, join, open, use, leave."""

import pytest

from tests.cli.conftest import HomeOf
from tests.cli.home import Home, reach


@pytest.fixture
def pair(home_of: HomeOf) -> tuple[Home, Home]:
    """Two homes that are told nothing."""
    homes = home_of("ana"), home_of("ben")
    for home in homes:
        del home.environ["NOTIFY_TUI_NETWORK"]
    return homes


def active(home: Home) -> str:
    name: str = next(row["name"] for row in networks(home) if row["active"])
    return name


def networks(home: Home) -> list[dict[str, str]]:
    return home.ok("network", "list", "--json").objects


def test_a_fresh_home_has_the_open_network_lan(fresh: Home) -> None:
    assert fresh.ok("network", "list").lines[1].split()[:3] == ["*", "lan", "open"]


def test_create_prints_the_invite_alone_and_makes_it_active(fresh: Home) -> None:
    done = fresh.ok("network", "create", "crew")
    assert done.out.startswith("ntui1:")
    assert len(done.lines) == 1
    assert "network crew is active now (private)" in done.err
    assert active(fresh) == "crew"
    assert fresh.ok("network", "invite").out == done.out
    assert fresh.ok("network", "invite", "crew", "--json").objects == [
        {"name": "crew", "invite": done.out.strip()}
    ]


def test_who_joins_by_the_invite_is_in_the_same_network(pair: tuple[Home, Home]) -> None:
    ana, ben = pair
    invite = ana.ok("network", "create", "crew").out
    ben.ok("network", "join", stdin=invite)
    node = ana.peer("--name", "ana")
    done = ben.ok("publish", "chat", "hello", "--wait-for", "1", "--connect", reach(node))
    assert done.err == "delivered 1/1: ana\n"


def test_an_invite_broken_into_lines_and_capitals_is_read(pair: tuple[Home, Home]) -> None:
    ana, ben = pair
    invite = ana.ok("network", "create", "crew").out.strip().upper()
    ben.ok("network", "join", "-", stdin=invite[:60] + "\n  " + invite[60:])
    assert active(ben) == "crew"
    ben.ok("network", "join", stdin=invite)


def test_an_invite_can_say_where_a_member_is(fresh: Home) -> None:
    plain = fresh.ok("network", "create", "crew").out
    assert fresh.ok("network", "invite", "--connect", "desk:7792").out != plain


def test_open_and_use_change_the_active_one_and_keep_the_users_file(fresh: Home) -> None:
    config = fresh.path / "config.toml"
    config.write_text('# mine\nname = "ana"  # me\n')
    fresh.ok("network", "open", "lab")
    assert active(fresh) == "lab"
    fresh.ok("network", "use", "lan")
    assert config.read_text() == '# mine\nname = "ana"  # me\nnetwork = "lan"\n'
    assert [row["name"] for row in networks(fresh)] == ["lab", "lan"]


def test_what_stands_above_the_file_is_said(fresh: Home) -> None:
    fresh.ok("network", "open", "lab")
    fresh.environ["NOTIFY_TUI_NETWORK"] = "lan"
    done = fresh.ok("network", "use", "lab")
    assert "warning: NOTIFY_TUI_NETWORK=lan stands above it" in done.err


def test_leaving_forgets_the_key_and_keeps_the_log(fresh: Home) -> None:
    fresh.ok("network", "create", "crew")
    fresh.peer().stop()
    fresh.ok("network", "leave", "crew", "--yes")
    assert active(fresh) == "lan"
    assert [row["name"] for row in networks(fresh)] == ["lan"]
    assert (fresh.path / "networks" / "crew" / "log.db").exists()


@pytest.mark.parametrize("word", ["publish", "subscribe", "history", "status", "topics"])
def test_network_chooses_for_one_command(fresh: Home, word: str) -> None:
    fresh.ok("network", "open", "lab")
    done = fresh.run(word, "--network", "lan", *{"publish": ("c", "x"), "subscribe": (
        "c", "--timeout", "1ms")}.get(word, ()))  # fmt: skip
    assert done.code in {0, 4}
