"""`notify-tui topics`: the topics that the log knows."""

import time
from contextlib import nullcontext

from notify_tui.cli.call import Call
from notify_tui.cli.table import print_table
from notify_tui.cli.verb import verb
from notify_tui.protocol.event import timestamp


@verb("topics")
def command(call: Call) -> None:
    """List the topics that the log knows, by name. It needs no running node."""
    with call.reader() or nullcontext() as reader:
        rows = reader.topics() if reader else []
    if call.json:
        call.paper().objects(
            [
                {
                    "topic": row.topic,
                    "events": row.events,
                    "origins": row.origins,
                    "last": timestamp(row.last_time),
                }
                for row in rows
            ]
        )
        return
    if not rows:
        call.say("(no topic yet; `notify-tui publish chat hello` makes one)")
    print_table(
        "topic >events >origins last",
        [(row.topic, f"{row.events:,}", row.origins, _local(row.last_time)) for row in rows],
    )


def _local(ns: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ns // 1_000_000_000))
