"""What a user does wrong gets one sentence, its exit code, and never a traceback."""

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

import pytest

from notify_tui.security.invite import make_invite
from notify_tui.security.network import create_network
from tests.cli.home import COMMAND, Done, Home

USAGE, FAILED, UNCONFIRMED, SILENCE, UNKNOWN, REFUSED = 2, 1, 3, 4, 5, 6
FULL = Path("/dev/full")
INVITE = make_invite(create_network("crew", bytes(range(32))), "desk:7792")
OTHER_CREW = make_invite(create_network("crew", bytes(range(32))))


def nothing(_home: Home) -> None:
    pass


def configured(text: str | bytes) -> Callable[[Home], None]:
    def write(home: Home) -> None:
        content = text.encode() if isinstance(text, str) else text
        (home.path / "config.toml").write_bytes(content)

    return write


def environment(name: str, value: str) -> Callable[[Home], None]:
    def set_variable(home: Home) -> None:
        home.environ[name] = value

    return set_variable


def identity(content: bytes, mode: int) -> Callable[[Home], None]:
    def write(home: Home) -> None:
        path = home.path / "identity.key"
        path.write_bytes(content)
        path.chmod(mode)

    return write


def no_database(home: Home) -> None:
    home.directory.mkdir(mode=0o700, parents=True)
    (home.directory / "log.db").write_text("This is a text, not a database. " * 40)


def a_file_as_home(home: Home) -> None:
    home.path.rmdir()
    home.path.write_text("")


def a_home_for_all(home: Home) -> None:
    home.path.chmod(0o777)


def a_log(home: Home) -> None:
    assert home.run("subscribe", "chat", "--timeout", "1ms").code == SILENCE


def joined(home: Home) -> None:
    home.ok("network", "join", stdin=INVITE)


class Wrong(NamedTuple):
    """A wrong use: what was typed, what it ends with, what its sentence says."""

    typed: tuple[str, ...]
    code: int
    says: str
    stdin: str | bytes = b""
    before: Callable[[Home], None] = nothing


TOPICS = [
    Wrong(("publish", "", "x"), USAGE, "must not be empty"),
    Wrong(("publish", "a..b", "x"), USAGE, "a dot too many"),
    Wrong(("publish", "builds.", "x"), USAGE, "a dot too many"),
    Wrong(("publish", "a b", "x"), USAGE, "white space"),
    Wrong(("publish", "a.\x1b[31m", "x"), USAGE, "unprintable"),
    Wrong(("publish", "builds.*", "x"), USAGE, "'*' and '>' belong in patterns"),
    Wrong(("publish", "_peers", "x"), USAGE, "system's own"),
    Wrong(("publish", "@", "x"), USAGE, "names its receiver"),
    Wrong(("publish", "a" * 201, "x"), USAGE, "at most 200 bytes, this one has 201"),
    Wrong(("publish", ".".join("a" * 17), "x"), USAGE, "at most 16 segments, not 17"),
    Wrong(("subscribe", "a.>.b"), USAGE, "'>' may only be the last segment"),
    Wrong(("subscribe", "build*"), USAGE, "stand for whole segments"),
    Wrong(("history", "a..b"), USAGE, "a dot too many"),
    Wrong(("peer", "--topic", "a b"), USAGE, "white space"),
]
FIELDS = [
    Wrong(("publish", "chat", "x", "--data", "{bad"), USAGE, "--data '{bad' is no JSON"),
    Wrong(("publish", "chat", "x", "--data", "NaN"), USAGE, "--data 'NaN' is no JSON"),
    Wrong(("publish", "chat", "x", "--data", "[" * 5000), USAGE, "nested too deep"),
    Wrong(("publish", "chat", "x", "--data", "[" * 40 + "]" * 40), USAGE, "32 levels deep"),
    Wrong(("publish", "chat", "x", "--data", "null"), USAGE, "says nothing"),
    Wrong(("publish", "chat", "x", "--priority", "loud"), USAGE, "none of: min, low, normal"),
    Wrong(("publish", "chat", "x", "--kind", "shout"), USAGE, "none of: message, notice"),
    Wrong(("publish", "chat", "x", "--expires", "soon"), USAGE, "--expires 'soon'"),
    Wrong(("publish", "chat", "x", "--expires", "2020-01-01"), USAGE, "that is past"),
    Wrong(("publish", "chat", "x", "--expires", "0s"), USAGE, "more than 0"),
    Wrong(("publish", "chat", "x", "--reply-to", "this"), USAGE, "ids look like"),
    Wrong(("publish", "chat", "x", "--reply-to", "abcdefghij.1"), UNKNOWN, "no event"),
    Wrong(("publish", "chat", "x", "--tag", "two words"), USAGE, "a tag is one word"),
    Wrong(("publish", "chat", "x", "--tag", ""), USAGE, "a tag is one word"),
    Wrong(("publish", "chat", "x", *["--tag", "t"] * 17), USAGE, "at most 16 tags"),
    Wrong(("publish", "chat", "\udcff"), USAGE, "TEXT is no UTF-8"),
    Wrong(("publish", "chat", "x", "--title", "a\udcff"), USAGE, "--title is no UTF-8"),
    Wrong(("publish", "chat"), USAGE, "nothing to publish"),
    Wrong(("publish", "chat", "-"), USAGE, "nothing to publish", "\n"),
    Wrong(("publish", "chat"), USAGE, "byte 0xff at 3", b"ab\xff"),
    Wrong(("publish", "chat"), USAGE, "more than the 256 KiB", b"x" * 300_000),
    Wrong(("publish", "chat", "--lines"), USAGE, "line 2 is no UTF-8", b"\n\xff\n"),
    Wrong(("publish", "chat", "--lines"), USAGE, "line 1 has more than 256 KiB", b"x" * 700_000),
    Wrong(("publish", "chat", "--lines", "x"), USAGE, "leave TEXT out"),
    Wrong(("publish", "chat"), USAGE, "at most 256 KiB encoded", b"x" * 262_144),
    Wrong(("publish", "chat", "x", "--wait-for", "0"), USAGE, "at least one peer"),
    Wrong(("publish", "chat", "x", "--wait-for", "some"), USAGE, "not a valid integer"),
    Wrong(("publish", "chat", "x", "--timeout", "3s"), USAGE, "needs --wait-for or --require"),
    Wrong(("publish", "chat", "x", "--wait-for", "1", "--timeout", "5"), USAGE, "a duration looks"),
]  # fmt: skip
WORDS = [
    Wrong(("pubish", "chat", "x"), USAGE, "did you mean 'publish'?"),
    Wrong(("publish",), USAGE, "missing argument 'TOPIC'"),
    Wrong(("publish", "chat", "one", "two"), USAGE, "unexpected extra argument"),
    Wrong(("publish", "chat", "x", "--prio", "high"), USAGE, "no such option"),
    Wrong(("publish", "chat", "x", "--title"), USAGE, "requires an argument"),
    Wrong(("--loud",), USAGE, "no such option"),
    Wrong(("subscribe",), USAGE, "missing argument"),
    Wrong(("subscribe", "chat", "--since", "yesterday"), USAGE, "--since 'yesterday'"),
    Wrong(("subscribe", "chat", "--since", "abcdefghij.7"), UNKNOWN, "no event"),
    Wrong(("subscribe", "chat", "--since", "abcdefghij.7"), UNKNOWN, "abcdefghij.7", before=a_log),
    Wrong(("subscribe", "chat", "--count", "0"), USAGE, "at least one event"),
    Wrong(("subscribe", "chat", "--timeout", "never"), USAGE, "a duration looks"),
    Wrong(("subscribe", "chat", "--priority", "loud"), USAGE, "none of: min, low"),
    Wrong(("subscribe", "chat", "--timeout", "1ms"), SILENCE, "nothing came within 1ms"),
    Wrong(("history", "--limit", "0"), USAGE, "at least one event"),
    Wrong(("history", "--until", "10"), USAGE, "--until '10'"),
    Wrong(("history", "--from", "nobody"), UNKNOWN, "nobody called 'nobody'", before=a_log),
    Wrong(("completion", "tcsh"), USAGE, "bash, zsh, fish"),
]
NETWORKS = [
    Wrong(("history", "--network", "nowhere"), UNKNOWN, "no network 'nowhere' here"),
    Wrong(("publish", "chat", "x", "--network", "nowhere"), UNKNOWN, "no network 'nowhere'"),
    Wrong(("status", "--network", "nowhere"), UNKNOWN, "no network 'nowhere'"),
    Wrong(("status", "--network", "No Name"), USAGE, "--network is 'No Name'"),
    Wrong(("network", "frobnicate"), USAGE, "no command 'frobnicate'"),
    Wrong(("network", "use", "nowhere"), UNKNOWN, "no network 'nowhere'"),
    Wrong(("network", "leave", "nowhere"), UNKNOWN, "no network 'nowhere'"),
    Wrong(("network", "leave", "lan"), USAGE, "every home has"),
    Wrong(("network", "leave", "crew"), USAGE, "say --yes", before=joined),
    Wrong(("network", "invite"), USAGE, "is open"),
    Wrong(("network", "create", "lan"), USAGE, "there is a network 'lan'"),
    Wrong(("network", "create", "No Name"), USAGE, "network name 'No Name'"),
    Wrong(("network", "create", "crew", "--connect", "a b"), USAGE, "address 'a b'"),
    Wrong(("network", "open", "crew"), USAGE, "is a private network", before=joined),
    Wrong(("network", "join"), USAGE, "no invite on stdin"),
    Wrong(("network", "join"), USAGE, "begins with 'ntui1:'", "hello"),
    Wrong(("network", "join"), USAGE, "another version", INVITE.replace("ntui1", "ntui9")),
    Wrong(("network", "join"), USAGE, "truncated", INVITE[:40]),
    Wrong(("network", "join"), USAGE, "truncated", INVITE[:-10]),
    Wrong(("network", "join"), USAGE, "is '1'", INVITE[:20] + "1" + INVITE[21:]),
    Wrong(("network", "join"), USAGE, "checksum",
          INVITE[:20] + ("a" if INVITE[20] != "a" else "b") + INVITE[21:]),
    Wrong(("network", "join"), USAGE, "another network 'crew'", OTHER_CREW, before=joined),
]  # fmt: skip
SETTINGS = [
    Wrong(("status",), USAGE, "unknown key 'colour'", before=configured('colour = "red"')),
    Wrong(("status",), USAGE, "port is '7000'", before=configured('port = "7000"')),
    Wrong(("status",), USAGE, "is no TOML", before=configured("port = \n")),
    Wrong(("status",), USAGE, "is no text in UTF-8", before=configured(b"\xff")),
    Wrong(("status",), UNKNOWN, "no network 'gone'", before=configured('network = "gone"')),
    Wrong(("status",), USAGE, "did you mean 'NOTIFY_TUI_NAME'?",
          before=environment("NOTIFY_TUI_NAMEE", "x")),
    Wrong(("status",), USAGE, "NOTIFY_TUI_PORT is 'x'", before=environment("NOTIFY_TUI_PORT", "x")),
    Wrong(("status",), USAGE, "HOME is empty", before=environment("NOTIFY_TUI_HOME", "")),
    Wrong(("peer", "--port", "99999"), USAGE, "--port is 99999"),
    Wrong(("peer", "--connect", "a b"), USAGE, "address 'a b'"),
    Wrong(("peer", "--tag", "attic"), USAGE, "'attic' has no '='"),
    Wrong(("peer", "--name", ""), USAGE, "--name is ''"),
    Wrong(("peer", "--interface", "192.0.2.77"), FAILED, "no interface or address 192.0.2.77"),
    Wrong(("publish", "chat", "x"), USAGE, "a file; allowed is a directory", before=a_file_as_home),
    Wrong(("publish", "chat", "x"), REFUSED, "others may write in", before=a_home_for_all),
    Wrong(("--home", "/proc/nowhere", "publish", "chat", "x"), FAILED, "cannot make the directory"),
    Wrong(("publish", "chat", "x"), REFUSED, "others may read", before=identity(bytes(32), 0o644)),
    Wrong(("publish", "chat", "x"), USAGE, "has 8 bytes", before=identity(bytes(8), 0o600)),
    Wrong(("publish", "chat", "x"), FAILED, "no log", before=no_database),
    Wrong(("history",), FAILED, "no log", before=no_database),
    Wrong(("topics",), FAILED, "no log", before=no_database),
    Wrong(("status",), FAILED, "no log", before=no_database),
]  # fmt: skip


def says_one_sentence(done: Done, code: int, says: str) -> None:
    assert done.code == code, done
    assert done.out == "", done
    assert done.err.startswith("notify-tui: "), done
    assert done.err.count("\n") == 1, done
    assert says in done.err, done
    assert len(done.err) < 400, done


@pytest.mark.parametrize(
    "wrong",
    [*TOPICS, *FIELDS, *WORDS, *NETWORKS, *SETTINGS],
    ids=lambda wrong: " ".join(wrong.typed)[:40].encode("ascii", "replace").decode(),
)
def test_a_wrong_use_gets_one_sentence(fresh: Home, wrong: Wrong) -> None:
    wrong.before(fresh)
    typed = [os.fsencode(word) for word in wrong.typed]
    says_one_sentence(fresh.run(*typed, stdin=wrong.stdin), wrong.code, wrong.says)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_refused(fresh: Home) -> None:
    fresh.path.chmod(0o500)
    says_one_sentence(fresh.run("publish", "chat", "x"), REFUSED, "permission denied")


def test_a_second_node_of_a_home_names_the_first(fresh: Home) -> None:
    first = fresh.peer()
    done = fresh.run("peer")
    says_one_sentence(done, FAILED, f"runs already (pid {first.pid})")


def test_a_port_in_use_is_named(fresh: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        says_one_sentence(fresh.run("peer", "--port", str(port)), FAILED, str(port))


def test_a_stopped_node_is_named_by_its_pid(fresh: Home) -> None:
    node = fresh.peer()
    node.sigstop()
    says_one_sentence(fresh.run("publish", "chat", "x"), FAILED, f"pid {node.pid}")
    node.sigcont()
    fresh.ok("publish", "chat", "x")


def test_a_network_whose_node_runs_is_not_left(fresh: Home) -> None:
    joined(fresh)
    fresh.ok("network", "use", "lan")
    node = fresh.peer("--network", "crew")
    done = fresh.run("network", "leave", "crew", "--yes")
    says_one_sentence(done, FAILED, f"runs here (pid {node.pid})")


def test_an_invite_in_the_arguments_is_taken_with_a_warning(fresh: Home) -> None:
    done = fresh.ok("network", "join", INVITE)
    assert done.err.startswith("warning: ")
    assert "network crew is active now (private)" in done.err


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_said(fresh: Home) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [COMMAND, "-q", "config"], env=fresh.environ, stdout=full, stderr=PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == FAILED
    assert done.stderr == "notify-tui: no space left on device\n"
