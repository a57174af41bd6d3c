"""The networks that a home is a member of."""

from notify_tui.config import DEFAULT_NETWORK, Paths
from notify_tui.errors import NotifyError, UnknownError
from notify_tui.security.network import KEY_FILE, Network, load_network, open_network


def known_networks(paths: Paths) -> list[Network]:
    """Those whose key the home has, by name, and the open network that every home has."""
    found = {DEFAULT_NETWORK: open_network(DEFAULT_NETWORK)}
    for key in sorted(paths.networks.glob(f"*/{KEY_FILE}")):
        try:
            found[key.parent.name] = load_network(key.parent)
        except NotifyError:
            continue
    return [found[name] for name in sorted(found)]


def network_here(paths: Paths, name: str) -> Network:
    """The network of that name.

    Raises:
        UnknownError: the home is no member of it.
    """
    try:
        return load_network(paths.network(name))
    except UnknownError:
        if name == DEFAULT_NETWORK:
            return open_network(name)
        known = ", ".join(network.name for network in known_networks(paths))
        raise UnknownError(
            f"no network {name!r} here (there are: {known}); `notify-tui network join` enters one "
            f"with an invite, `notify-tui network open {name}` an open one"
        ) from None
