"""Moves: the running node goes to another network, and who follows events goes along."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from notify_tui.cli.call import Call
from notify_tui.cli.interrupt import INTERRUPT
from notify_tui.cli.speech import say
from notify_tui.errors import MovedError, NotifyError, RefusedError, UnknownError
from notify_tui.protocol.event import Event

if TYPE_CHECKING:
    from notify_tui.client import Client


def across_moves(
    client: "Client", begin: Callable[[int | None], Iterator[Event]]
) -> Iterator[Event]:
    """The events that `begin` gives; when the node moves, those that it gives there.

    `begin` is told the time (ns) from which they are live, None at first.
    """
    events = begin(None)
    while True:
        try:
            yield from events
            return
        except MovedError as moved:
            began = _gone_along(client, moved.network)
        if began is not None:
            events = begin(began)


def _gone_along(client: "Client", network: str) -> int | None:
    go = partial(client.go_along, network)
    return INTERRUPT.whole(go, lambda _: None) if client.is_node else go()


def move_node(call: Call, before: str, after: str) -> None:
    """Have the node that runs on the network `before`, if any, go to `after`; say how it went."""
    from notify_tui.client import Client
    from notify_tui.node import lock

    effective = call.effective()
    there = lock.read(effective.paths.lock(before))
    if before == after or there is None:
        return
    try:
        with Client.attach(effective.on(before), label="network") as client:
            client.move_node(after)
        Client.attach(effective.on(after), label="network").close()
    except UnknownError:
        say(f"warning: the running node (pid {there.pid}) ended before it switched")
    except RefusedError as refused:
        say(f"warning: the running node stays on {before}: {refused}")
    except NotifyError as error:
        say(f"warning: the running node has not switched: {error}")
    else:
        call.say("the running node has switched")
