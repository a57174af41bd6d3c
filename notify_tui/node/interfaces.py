"""Interfaces: which of the machine's addresses a node uses."""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

import ifaddr

from notify_tui.errors import NodeError

IGNORED = ("docker", "veth", "br-", "virbr")
"""Beginnings of the names of interfaces that lead to no LAN."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Places(NamedTuple):
    """Where this node can be reached, and where it looks for others."""

    hosts: tuple[str, ...] = ()
    """Addresses for peers to dial, IPv4 first; of IPv6 no link-local ones."""
    multicast: tuple[str, ...] = ()
    """Addresses of interfaces for multicast: IPv4, or IPv6 where an interface has no other."""
    networks: tuple[str, ...] = ()
    """The networks that these addresses are in, as ADDRESS/BITS."""


def places(chosen: tuple[str, ...], adapters: Iterable[ifaddr.Adapter] | None = None) -> Places:
    """The addresses in use now: of the chosen interfaces (names or addresses), or of the LAN."""
    hosts: list[str] = []
    multicast: list[str] = []
    networks: list[str] = []
    for adapter in ifaddr.get_adapters() if adapters is None else adapters:
        found = [pair for pair in _addresses(adapter) if _wanted(adapter, pair[0], chosen)]
        spoken = [str(address) for address, _ in found if address.version == 4]
        multicast += spoken or [str(address) for address, _ in found]
        reachable = [pair for pair in found if not _link_local(pair[0])]
        hosts += [str(address) for address, _ in reachable]
        networks += [f"{address}/{bits}" for address, bits in reachable]
    loopback = [text for text in chosen if _is_loopback(text) and text not in hosts]
    hosts = sorted(hosts + loopback, key=lambda host: ":" in host)
    return Places(tuple(hosts), tuple(multicast + loopback), tuple(networks))


def check_interfaces(chosen: tuple[str, ...]) -> Places:
    """The addresses in use now.

    Raises:
        NodeError: interfaces were chosen, and none of them is there.
    """
    found = places(chosen)
    if chosen and not found.hosts:
        raise NodeError(
            f"no interface or address {', '.join(chosen)} on this machine; there are: "
            + ", ".join(_described(adapter) for adapter in ifaddr.get_adapters())
        )
    return found


def nearest_first(hosts: Iterable[str], networks: Iterable[str]) -> tuple[str, ...]:
    """A peer's addresses, those in one of our own networks first."""
    near = [ipaddress.ip_network(network, strict=False) for network in networks]

    def far(host: str) -> bool:
        return not any(ipaddress.ip_address(host) in network for network in near)

    return tuple(sorted(hosts, key=far))


def _addresses(adapter: ifaddr.Adapter) -> list[tuple[_Address, int]]:
    return [
        (ipaddress.ip_address(ip.ip[0] if isinstance(ip.ip, tuple) else ip.ip), ip.network_prefix)
        for ip in adapter.ips
    ]


def _wanted(adapter: ifaddr.Adapter, address: _Address, chosen: tuple[str, ...]) -> bool:
    if chosen:
        return bool({adapter.name, adapter.nice_name, str(address)}.intersection(chosen))
    return not (address.is_loopback or adapter.nice_name.startswith(IGNORED))


def _link_local(address: _Address) -> bool:
    return address.version == 6 and address.is_link_local


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _described(adapter: ifaddr.Adapter) -> str:
    addresses = " ".join(str(address) for address, _ in _addresses(adapter))
    return f"{adapter.nice_name} ({addresses})" if addresses else adapter.nice_name
