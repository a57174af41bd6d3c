"""`notify-tui network`: create, open, join, leave and choose networks, and invite to them."""

import os
import sys

import click

from notify_tui.cli import complete
from notify_tui.cli.call import Call
from notify_tui.cli.moves import move_node
from notify_tui.cli.networks import known_networks, network_here
from notify_tui.cli.speech import say
from notify_tui.cli.table import print_table
from notify_tui.cli.verb import LateGroup, Place, verb
from notify_tui.config import (
    DEFAULT_NETWORK,
    Paths,
    active_network,
    load_config,
    set_config_value,
)
from notify_tui.errors import NodeError, NotifyError, UsageError
from notify_tui.security.network import KEY_FILE, Network, open_network, save_network

_VARIABLE = "NOTIFY_TUI_NETWORK"


def _place(attribute: str, summary: str) -> Place:
    return Place(__name__, attribute, summary)


command = LateGroup(
    "network",
    {
        "list": _place("list_", "The networks of this home; * is the active one."),
        "create": _place("create", "Make a private network and show its invite."),
        "open": _place("open_", "Use an open network: everybody on the LAN may join."),
        "join": _place("join", "Enter a private network by its invite."),
        "leave": _place("leave", "Forget a network's key."),
        "use": _place("use", "Make a network the active one."),
        "invite": _place("invite", "Show the invite of a private network."),
    },
    help="Create, open, join, leave and choose networks, and invite to them.",
)


@verb("list")
def list_(call: Call) -> None:
    """List the networks of this home; * is the active one."""
    effective = call.effective()
    active = effective.config.network
    networks = known_networks(effective.paths)
    if call.json:
        call.paper().objects([_as_object(network, active) for network in networks])
        return
    print_table(
        "_ name kind id",
        [
            ("*" if network.name == active else "", network.name, _kind(network), _short(network))
            for network in networks
        ],
    )


def _as_object(network: Network, active: str) -> dict[str, object]:
    return {
        "name": network.name,
        "active": network.name == active,
        "open": network.open,
        "id": _short(network),
    }


def _kind(network: Network) -> str:
    return "open" if network.open else "private"


def _short(network: Network) -> str:
    return network.id.hex()[:12]


@verb("create")
@click.argument("name")
@click.option(
    "--connect", metavar="HOST[:PORT]", help="Where members find one another, for the invite."
)
def create(call: Call, *, name: str, connect: str | None) -> None:
    """Make a private network NAME, make it the active one, and print its invite.

    Whoever has the invite can join, read and write: pass it on by a safe way.
    """
    from notify_tui.security.identity import Identity
    from notify_tui.security.invite import make_invite
    from notify_tui.security.network import create_network

    paths = call.effective().paths
    _refuse_known(paths, name)
    network = create_network(name, Identity.load(paths.identity).public)
    invite_line = make_invite(network, connect)
    save_network(paths.network(name), network)
    _activate(call, network)
    _print_invite(call, network, invite_line)


def _refuse_known(paths: Paths, name: str) -> None:
    for network in known_networks(paths):
        if network.name == name:
            raise UsageError(
                f"there is a network {name!r} here ({_kind(network)}); choose another name, or "
                f"`notify-tui network use {name}`"
            )


@verb("open")
@click.argument("name")
def open_(call: Call, *, name: str) -> None:
    """Use the open network NAME, and make it the active one.

    Its key follows from its name, so everybody on the LAN may join it, too.
    """
    paths = call.effective().paths
    network = open_network(name)
    if known := [here for here in known_networks(paths) if here.name == name]:
        if not known[0].open:
            raise UsageError(
                f"{name!r} is a private network here; choose another name, or "
                f"`notify-tui network use {name}`"
            )
    else:
        save_network(paths.network(name), network)
    _activate(call, network)


@verb("join")
@click.argument("invite", required=False, metavar="[INVITE]")
def join(call: Call, *, invite: str | None) -> None:
    """Enter the private network of an invite, and make it the active one.

    The invite is asked for, or read from stdin: as an argument other users of this machine could
    see it.
    """
    from notify_tui.security.invite import read_invite

    paths = call.effective().paths
    if invite not in (None, "-"):
        call.say("warning: an invite in the arguments stands in `ps` and in the shell's history")
    network = read_invite(invite if invite not in (None, "-") else _asked_invite())
    for known in known_networks(paths):
        if known.name == network.name and known.id != network.id:
            raise UsageError(
                f"there is another network {known.name!r} here ({_kind(known)}); leave it first: "
                f"`notify-tui network leave {known.name}`"
            )
    save_network(paths.network(network.name), network)
    _activate(call, network)


def _asked_invite() -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        prompted: str = click.prompt("invite", hide_input=True, err=True)
        return prompted
    text = "" if sys.stdin is None else sys.stdin.buffer.read(65_536).decode(errors="replace")
    if not text.strip():
        raise UsageError("there is no invite on stdin; it is one line that begins with 'ntui1:'")
    return text


@verb("leave")
@click.argument("name", shell_complete=complete.networks)
@click.option("--yes", is_flag=True, help="Don't ask.")
def leave(call: Call, *, name: str, yes: bool) -> None:
    """Forget the key of network NAME; its log stays.

    Only an invite leads back into a private network.
    """
    effective = call.effective()
    network = network_here(effective.paths, name)
    key = effective.paths.network(name) / KEY_FILE
    if not key.exists():
        raise UsageError(f"every home has the open network {name!r}; use another one instead")
    if not (network.open or yes):
        _ask_to_leave(name)
    if active := _active_in_file(call) == name:
        move_node(call, name, DEFAULT_NETWORK)
    _refuse_running(effective.paths, name)
    key.unlink()
    call.say(f"left {name}; its log stays in {effective.paths.network(name)}")
    if active:
        _activate(call, open_network(DEFAULT_NETWORK))


def _ask_to_leave(name: str) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"only an invite leads back into {name!r}: say --yes to leave it")
    if not click.confirm(f"Only an invite leads back into {name!r}. Leave it?", err=True):
        raise NotifyError(f"{name} was not left")


def _refuse_running(paths: Paths, name: str) -> None:
    from notify_tui.node import lock

    if holder := lock.read(paths.lock(name)):
        raise NodeError(f"a node of {name!r} runs here (pid {holder.pid}); end it first")


@verb("use")
@click.argument("name", shell_complete=complete.networks)
def use(call: Call, *, name: str) -> None:
    """Make network NAME the active one: what commands use unless told otherwise.

    A node that runs on the formerly active one switches, and its clients stay with it.
    """
    _activate(call, network_here(call.effective().paths, name))


@verb("invite")
@click.argument("name", required=False, shell_complete=complete.networks)
@click.option("--connect", metavar="HOST[:PORT]", help="Where a member can be reached.")
def invite(call: Call, *, name: str | None, connect: str | None) -> None:
    """Print the invite of private network NAME (of the active one).

    Whoever has it can join, read and write: pass it on by a safe way.
    """
    from notify_tui.security.invite import make_invite

    effective = call.effective()
    network = network_here(effective.paths, name) if name else active_network(effective)
    _print_invite(call, network, make_invite(network, connect))


def _print_invite(call: Call, network: Network, line: str) -> None:
    if call.json:
        call.paper().objects([{"name": network.name, "invite": line}])
    else:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    call.say(f"(whoever has this can join {network.name}, read and write)")


def _activate(call: Call, network: Network) -> None:
    """Make the network the active one, and say if something stands above config.toml.

    A node that runs on the formerly active one moves.
    """
    before = _active_in_file(call)
    set_config_value(call.effective().paths, "network", network.name)
    state = "open: everybody on the LAN may join" if network.open else "private"
    call.say(f"network {network.name} is active now ({state})")
    above = os.environ.get(_VARIABLE)
    if above and above != network.name:
        say(f"warning: {_VARIABLE}={above} stands above it, in this shell")
    move_node(call, before, network.name)


def _active_in_file(call: Call) -> str:
    """The active network, whatever stands above config.toml here."""
    environ = {name: value for name, value in os.environ.items() if name != _VARIABLE}
    return load_config(call.home, {}, environ).config.network
