"""What the shell may complete a word with; a completion that fails offers nothing."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from notify_tui.errors import NotifyError

if TYPE_CHECKING:
    from notify_tui.config import Effective

Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def _offered(words: "Callable[[Effective], Iterable[str]]") -> Completion:
    def completion(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        from notify_tui.config import load_config

        root = ctx.find_root().params
        home, network = (ctx.params.get(key) or root.get(key) for key in ("home", "network"))
        try:
            effective = load_config(home, {"network": network} if network else {}, os.environ)
            return sorted({word for word in words(effective) if word.startswith(begun)})
        except (NotifyError, OSError):
            return []

    return completion


def _topics(effective: "Effective") -> list[str]:
    from notify_tui.log.reader import LogReader

    reader = LogReader(effective.paths.log(effective.config.network))
    return [row.topic for row in reader.topics()]


def _peers(effective: "Effective") -> list[str]:
    from notify_tui.log.reader import LogReader

    reader = LogReader(effective.paths.log(effective.config.network))
    return [peer.name for peer in reader.peers()]


def _networks(effective: "Effective") -> list[str]:
    from notify_tui.cli.networks import known_networks

    return [network.name for network in known_networks(effective.paths)]


topics = _offered(_topics)
peers = _offered(_peers)
networks = _offered(_networks)


def priorities(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The priorities' names."""
    from notify_tui.protocol.event import Priority

    return [p.name.lower() for p in Priority if p.name.lower().startswith(begun)]


def kinds(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """The kinds that a user may publish."""
    from notify_tui.protocol.event import KINDS

    return [kind for kind in KINDS if kind.startswith(begun)]
