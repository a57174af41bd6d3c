"""`peer`: a start line, every event as a line, and a clean end."""

import json
import re
import signal
import subprocess
from time import monotonic

import pytest

from tests.cli.conftest import HomeOf
from tests.cli.home import COMMAND, Home


def test_the_start_line_tells_name_id_network_and_ports(home: Home) -> None:
    wanted = rf"ready  ana  [a-z2-7]{{16}}  network {home.network} \(open\)  ports \d+ \d+"
    assert re.fullmatch(wanted, home.peer("--name", "ana").errors[0])


def test_the_start_line_of_a_private_network_does_not_say_open(fresh: Home) -> None:
    fresh.ok("network", "create", "crew")
    assert "network crew  ports" in fresh.peer().errors[0]


def test_an_event_is_a_line_of_fixed_gutters(home: Home) -> None:
    node = home.peer("--name", "ana")
    home.ok("publish", "builds.web", "down", "--priority", "urgent")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  !!  ana       builds\.web  down", node.wait_for_count(1)[0]
    )


def test_json_is_an_object_with_every_key(home: Home) -> None:
    node = home.peer("--json")
    home.ok("publish", "chat", "hello")
    event = json.loads(node.wait_for_count(1)[0])
    assert set(event) == {
        "id", "topic", "origin", "epoch", "seq", "time", "received", "kind", "title", "text",
        "priority", "tags", "data", "reply_to", "expires",
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["time"])


def test_what_a_peer_sends_reaches_no_terminal_raw(home: Home) -> None:
    node = home.peer()
    home.ok("publish", "chat", "\x1b[2J\u202eevil[bold]\x07\nsecond")
    line = node.wait_for_count(1)[0]
    assert line.endswith("␛[2J<U+202E>evil[bold]␇↵second")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_a_second_with_a_goodbye(
    home_of: HomeOf, number: signal.Signals
) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ana.peer("--name", "ana")
    other = ben.meets(node)
    began = monotonic()
    node.signal(number)
    assert node.wait() == 130
    assert monotonic() - began < 1
    other.wait_for_error(lambda line: "ana left" in line, timeout=2)
    assert not (ana.directory / "log.db-wal").exists()
    assert "Traceback" not in "\n".join(node.errors)


def test_topics_limit_what_is_kept_and_printed(home_of: HomeOf) -> None:
    ana, ben = home_of("ana"), home_of("ben")
    node = ana.peer("--name", "ana")
    other = ben.meets(node, "--topic", "builds.>")
    ana.ok("publish", "chat", "not this")
    ana.ok("publish", "builds.web", "this", "--wait-for", "1", "--timeout", "10s")
    assert other.wait_for_count(1)[0].endswith("this")
    topics = [row["topic"] for row in ben.ok("topics", "--json").objects]
    assert topics == ["_peers", "builds.web"]


def test_a_closed_pipe_ends_it_quietly(home: Home) -> None:
    with subprocess.Popen(
        [COMMAND, "peer"], env=home.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as node:
        assert node.stdout
        assert node.stderr
        assert node.stderr.readline().startswith(b"ready")
        node.stdout.close()
        home.ok("publish", "chat", "hello")
        assert node.wait(10) == 0
        assert node.stderr.read() == b""


def test_quiet_says_nothing_on_stderr(home: Home) -> None:
    node = home.start("peer", "-q")
    assert home.ok("status", "--json").objects[0]["home"] == str(home.path)
    node.stop()
    assert node.errors == []


@pytest.mark.parametrize("_moment", range(12))
def test_a_signal_at_any_moment_of_its_start_ends_it_in_silence(home: Home, _moment: int) -> None:
    node = home.start("peer", "-q")
    for _ in range(_moment):
        home.run("--version")
    killed_before_it_could_listen = -signal.SIGTERM
    assert node.stop(timeout=1) in {130, killed_before_it_could_listen}
    assert node.errors == []
