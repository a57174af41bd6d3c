"""Which addresses are used."""

import ifaddr
import pytest

from notify_tui.errors import NodeError
from notify_tui.node.interfaces import check_interfaces, nearest_first, places


def adapter(name: str, *addresses: str) -> ifaddr.Adapter:
    ips = []
    for text in addresses:
        address, bits = text.split("/")
        ip = (address, 0, 2) if ":" in address else address
        ips.append(ifaddr.IP(ip, int(bits), name))
    return ifaddr.Adapter(name, name, ips, 2)


LOOPBACK = adapter("lo", "127.0.0.1/8", "::1/128")
CABLE = adapter("eth0", "192.168.1.5/24", "fd77::5/64", "fe80::5/64")
WIRELESS = adapter("wlan0", "10.0.0.5/8")
BRIDGES = [adapter(name, "172.17.0.1/16") for name in ("docker0", "br-1f3c", "veth12", "virbr0")]
MACHINE = [LOOPBACK, CABLE, WIRELESS, *BRIDGES]


def test_a_node_uses_all_that_leads_to_a_lan() -> None:
    found = places((), MACHINE)
    assert found.hosts == ("192.168.1.5", "10.0.0.5", "fd77::5")
    assert found.multicast == ("192.168.1.5", "10.0.0.5")
    assert found.networks == ("192.168.1.5/24", "fd77::5/64", "10.0.0.5/8")


def test_an_interface_is_chosen_by_its_name_or_by_an_address() -> None:
    assert places(("wlan0",), MACHINE).hosts == ("10.0.0.5",)
    assert places(("192.168.1.5",), MACHINE).hosts == ("192.168.1.5",)
    assert places(("docker0",), MACHINE).hosts == ("172.17.0.1",)


def test_loopback_is_used_when_it_is_chosen_even_an_address_that_no_interface_lists() -> None:
    assert places(("127.0.0.1",), MACHINE).hosts == ("127.0.0.1",)
    assert places(("127.0.0.7",), MACHINE).hosts == ("127.0.0.7",)
    assert places(("127.0.0.7",), MACHINE).multicast == ("127.0.0.7",)


def test_an_interface_without_ipv4_is_used_by_ipv6() -> None:
    found = places((), [adapter("eth0", "fd77::5/64", "fe80::5/64")])
    assert found.hosts == ("fd77::5",)
    assert found.multicast == ("fd77::5", "fe80::5")


def test_a_machine_without_a_network_has_no_places() -> None:
    assert places((), [LOOPBACK]).hosts == ()


def test_a_chosen_interface_that_is_not_there_is_an_error_that_lists_what_is() -> None:
    with pytest.raises(NodeError, match=r"no interface or address eth9 .*lo \(127\.0\.0\.1"):
        check_interfaces(("eth9",))


def test_a_peer_is_dialled_first_where_both_are_in_one_network() -> None:
    hosts = ("172.17.0.1", "10.1.2.3", "fd77::9")
    assert nearest_first(hosts, ("10.0.0.5/8",)) == ("10.1.2.3", "172.17.0.1", "fd77::9")
    assert nearest_first(hosts, ()) == hosts
