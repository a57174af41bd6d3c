"""A client in a process of its own that becomes the node: `python -m tests.node.host`.

Each line on stdin is a JSON list, each is answered by a line of JSON. The first is the home
and its options, the following are verbs and their words.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from notify_tui.client import Become, Client
from notify_tui.config import load_config
from notify_tui.protocol.event import Content


def publish(client: Client, topic: str, text: str) -> str:
    return str(client.publish(topic, Content(time.time_ns(), text)))


def lines(client: Client, topic: str, count: int) -> int:
    contents = [Content(time.time_ns(), str(number)) for number in range(count)]
    return sum(published.count for published in client.publish_lines(topic, contents))


def flood(client: Client, topic: str, count: int, size: int) -> int:
    """Events of that many letters, each of which begins with its number."""
    contents = (Content(time.time_ns(), str(number).ljust(size)) for number in range(count))
    return sum(published.count for published in client.publish_lines(topic, contents))


def numbered(client: Client, topic: str, count: int) -> bool:
    """Whether the first events of a flood are there, in order but for those marked late."""
    events = list(islice(client.subscribe([topic], since=0), count))
    on_time = [int(event.text) for event in events if not event.source.late]
    everything = sorted(int(event.text) for event in events)
    return on_time == sorted(on_time) and everything == list(range(count))


def meet(client: Client, name: str, state: str) -> bool:
    while not any(peer.name == name and peer.state == state for peer in client.peers()):
        client.wake(client.reader.head(), 0.1)
    return True


def gather(client: Client, pattern: str, count: int) -> list[tuple[str, str]]:
    """(topic, text) of the first `count` events, in log order."""
    events = client.subscribe([pattern], since=0)
    return [(event.topic, event.text) for event in islice(events, count)]


def live(client: Client, pattern: str, count: int) -> bool:
    """Whether the event that comes as number `count` came over the feed, not by repair."""
    events = client.subscribe([pattern], since=0)
    return not next(islice(events, count - 1, None)).source.repaired


def status(client: Client) -> dict[str, Any]:
    return client.status()


VERBS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (publish, lines, flood, numbered, meet, gather, live, status)
}


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    home, options = json.loads(sys.stdin.readline())
    become = Become(transient=options.pop("transient"))
    effective = load_config(Path(home), options, os.environ)
    with Client.attach(effective, label="host", become=become) as client:
        say({"pid": client.info.pid, "node": client.is_node, "peer": client.info.peer})
        for line in sys.stdin:
            verb, *words = json.loads(line)
            say(VERBS[verb](client, *words))


if __name__ == "__main__":
    main()
