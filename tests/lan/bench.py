"""A LAN on one machine: hosts in network namespaces, joined by a switch that can misbehave.

Everything lives in namespaces named after this process, so runs do not meet each other or the
machine's own network. `Lan` cleans up behind itself, also after a failed test.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.lan.frames import Port
from tests.process import Process

MOST_HOSTS = 200
COMMAND = Path(sys.executable).with_name("notify-tui")
RELAY = Path(__file__).with_name("relay.py")
NAMED = 'echo "$0" >/proc/sys/kernel/hostname; exec "$@"'
_runs = count(1)

T = TypeVar("T")


def why_not() -> str | None:
    """What keeps this machine from having such a LAN, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a LAN of network namespaces needs root on Linux"
    probe = f"nt{os.getpid()}-probe"
    try:
        _ip(f"netns add {probe}", f"netns del {probe}")
    except (OSError, AssertionError) as error:
        return f"no network namespaces here: {error}"
    return None


def _ip(*lines: str, inside: str | None = None) -> None:
    where = ["-n", inside] if inside else []
    _run(["ip", *where, "-batch", "-"], "\n".join(lines))


def _run(argv: Sequence[str], text: str = "") -> None:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(argv)} {text!r}: {done.stderr}"


def _until(look: Callable[[], T], met: Callable[[T], bool], timeout: float, whose: str) -> None:
    """Look again and again, each time by a command that takes its own time."""
    deadline = monotonic() + timeout
    while not met(seen := look()):
        assert monotonic() < deadline, f"{whose}: {seen} after {timeout} s"


class Host:
    """One machine on the LAN: its own addresses, host name, home and runtime directory."""

    def __init__(self, number: int, namespace: str, place: Path) -> None:
        self.number = number
        self.namespace = namespace
        self.address = f"10.77.0.{number}"
        self.address6 = f"fd77::{number}"
        self.hostname = f"h{number}"
        self.name = f"user@{self.hostname}"
        self.home = place / self.hostname / "home"
        self.runtime = place / self.hostname / "run"
        self.runtime.mkdir(mode=0o700, parents=True)
        self.processes: list[Process] = []

    def run(
        self,
        *argv: str | Path,
        timeout: float = 30,
        text: str | None = None,
        check: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with `text` on its stdin."""
        done = subprocess.run(
            self._inside(argv),
            env=self._environment(env),
            input=text or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0 or not check, (
            f"{self.hostname}: {' '.join(map(str, argv))}: exit {done.returncode}\n"
            f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )
        return done

    def start(
        self,
        *argv: str | Path,
        stdin: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a command that runs until it is stopped, or until the LAN is closed."""
        process = Process(self._inside(argv), self._environment(env), stdin)
        self.processes.append(process)
        return process

    def notify(
        self, *arguments: str, timeout: float = 30, text: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run the installed `notify-tui` here."""
        return self.run(COMMAND, *arguments, timeout=timeout, text=text, check=check)

    def json(self, *arguments: str, timeout: float = 30) -> list[Any]:
        """What the installed `notify-tui … --json` prints here, a value a line."""
        done = self.notify(*arguments, "--json", timeout=timeout)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def follow(self, *arguments: str, stdin: Path | None = None) -> Process:
        """Start the installed `notify-tui` here."""
        return self.start(COMMAND, *arguments, stdin=stdin)

    def peer(self, *arguments: str, timeout: float = 10) -> Process:
        """Start a headless node here; it is ready."""
        process = self.follow("peer", "--json", *arguments)
        process.wait_for_error(lambda line: "ready" in line, timeout)
        return process

    def meets(self, *others: "Host", state: str = "alive", timeout: float = 10) -> None:
        """Wait until `peers` here shows each of the others in that state."""

        def states() -> dict[str, str]:
            return {peer["name"]: peer["state"] for peer in self.json("peers")}

        wanted = {other.name: state for other in others}
        _until(states, lambda seen: wanted.items() <= seen.items(), timeout, self.name)

    def holds(self, topic: str, count: int, timeout: float = 10) -> None:
        """Wait until the log here has that many events of the topic."""

        def events() -> int:
            rows = {row["topic"]: row["events"] for row in self.json("topics")}
            return int(rows.get(topic, 0))

        _until(events, count.__eq__, timeout, f"{self.name}, {topic}")

    def subscribe(self, *arguments: str) -> Process:
        """Start the installed `notify-tui subscribe --json` here; it follows its node."""

        def clients() -> int:
            return len(self.json("status")[0]["clients"])

        before = clients()
        process = self.follow("subscribe", "--json", *arguments)
        _until(clients, lambda now: now > before, 10, f"{self.name}, subscribe")
        return process

    def _inside(self, argv: Iterable[str | Path]) -> list[str]:
        # Each step execs the next, so that the process id is the command's own.
        enter = ["ip", "netns", "exec", self.namespace, "unshare", "--uts", "sh", "-c", NAMED]
        return [*enter, self.hostname, *map(str, argv)]

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "USER": "user",
            "HOME": str(self.home.parent),
            "NOTIFY_TUI_HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            **(more or {}),
        }


class Lan:
    """Hosts 1 to `hosts` at one switch, as a context manager."""

    def __init__(self, hosts: int, place: Path) -> None:
        assert 1 <= hosts <= MOST_HOSTS
        self._name = f"nt{os.getpid()}-{next(_runs)}"
        self._switch = f"{self._name}-sw"
        self._ports = {number: Port() for number in range(1, hosts + 1)}
        self._relays: dict[int, Process] = {}
        self.hosts = [Host(number, f"{self._name}-{number}", place) for number in self._ports]

    def host(self, number: int) -> Host:
        """The host of that number, from 1."""
        return self.hosts[number - 1]

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _set_up(self) -> None:
        _ip(f"netns add {self._switch}", *(f"netns add {host.namespace}" for host in self.hosts))
        for host in self.hosts:
            # An IPv6 address is usable at once only without the search for its double.
            sysctl = "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"
            _run(["ip", "netns", "exec", host.namespace, "sh", "-c", sysctl])
        _ip(
            "link set lo up",
            "link add br0 type bridge mcast_snooping 0",
            "link set br0 up",
            *(line for host in self.hosts for line in self._cable(host)),
            inside=self._switch,
        )
        for host in self.hosts:
            _ip(
                "link set lo up",
                "link set eth0 up",
                f"address add {host.address}/24 dev eth0",
                f"address add {host.address6}/64 dev eth0 nodad",
                "route add default dev eth0",
                inside=host.namespace,
            )

    def _cable(self, host: Host) -> tuple[str, str]:
        port, mac = f"p{host.number}", f"02:77:00:00:00:{host.number:02x}"
        return (
            f"link add {port} type veth peer name eth0 netns {host.namespace} address {mac}",
            f"link set {port} master br0 up",
        )

    def partition(self, groups: Sequence[Sequence[int]]) -> None:
        """Silence between the groups; hosts in none of them are one more group together."""
        side = {number: index for index, group in enumerate(groups) for number in group}
        for number, port in self._ports.items():
            port.blocked = {other for other in self._ports if side.get(other) != side.get(number)}
            self._apply(number)

    def oneway(self, sender: int, receiver: int) -> None:
        """What the sender sends no longer reaches the receiver; the other way all passes."""
        self._ports[receiver].blocked.add(sender)
        self._apply(receiver)

    def isolate(self, number: int) -> None:
        """Silence between this host and all others; its link stays up."""
        for other in self._ports:
            if other != number:
                self.oneway(other, number)
                self.oneway(number, other)

    def linkdown(self, number: int) -> None:
        """Pull the host's cable: it sees that the carrier is gone."""
        _ip(f"link set p{number} down", inside=self._switch)

    def linkup(self, number: int) -> None:
        """Put the cable back."""
        _ip(f"link set p{number} up", inside=self._switch)

    def loss(self, number: int, percent: float) -> None:
        """Lose that share of the frames towards the host, at random."""
        self._ports[number].loss = percent
        self._apply(number)

    def multicast_loss(self, number: int, percent: float) -> None:
        """The same for multicast and broadcast only, as Wi-Fi does."""
        self._ports[number].multicast_loss = percent
        self._apply(number)

    def firewall(self, number: int, *, up: bool = True) -> None:
        """Drop inbound TCP connections of the host at their first segment; it can still dial."""
        self._ports[number].firewall = up
        self._apply(number)

    def delay(self, number: int, milliseconds: float) -> None:
        """Frames from and to the host come that much later; 0 is the plain cable again."""
        if number in self._relays:
            self._relays.pop(number).kill9()
            _ip(
                f"link del d{number}",
                f"link set p{number} promisc off master br0",
                inside=self._switch,
            )
        if not milliseconds:
            return
        port, near, far = f"p{number}", f"d{number}", f"e{number}"
        _ip(
            f"link set {port} nomaster",
            f"link add {near} type veth peer name {far}",
            f"link set {near} up promisc on",
            f"link set {port} promisc on",
            f"link set {far} up master br0",
            inside=self._switch,
        )
        argv = ["ip", "netns", "exec", self._switch, sys.executable, str(RELAY), port, near]
        relay = Process([*argv, str(milliseconds)], os.environ, None)
        self._relays[number] = relay
        relay.wait_for_line(lambda line: line == "ready")

    def heal(self) -> None:
        """Undo whatever was done to links, on every host."""
        for number in self._ports:
            self._ports[number] = Port()
            self._apply(number)
            self.delay(number, 0)
            self.linkup(number)

    def close(self) -> None:
        """End every process in the LAN's namespaces, and the namespaces."""
        names = [self._switch, *(host.namespace for host in self.hosts)]
        existing = [name for name in names if Path("/run/netns", name).exists()]
        processes = [process for host in self.hosts for process in host.processes]
        for process in [*processes, *self._relays.values()]:
            process.kill9()
        for name in existing:
            self._end_all(name)
        self._relays.clear()
        _ip(*(f"netns del {name}" for name in existing))

    def _end_all(self, namespace: str) -> None:
        argv = ["ip", "netns", "pids", namespace]
        inside = subprocess.run(argv, capture_output=True, text=True, check=False)
        for pid in inside.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def _apply(self, number: int) -> None:
        port = f"p{number}"
        program = self._ports[number].program()
        tc = ["tc", "-n", self._switch]
        _run([*tc, "qdisc", "replace", "dev", port, "clsact"])
        if program:
            rule = ["protocol", "all", "bpf", "da", "bytecode", program]
            _run(
                [*tc, "filter", "replace", "dev", port, "egress", "pref", "1", "handle", "1", *rule]
            )
        else:
            _run([*tc, "qdisc", "del", "dev", port, "clsact"])
