"""`notify-tui publish`: one event, or each line of stdin one."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from notify_tui.cli import complete
from notify_tui.cli.call import Call
from notify_tui.cli.draft import Draft, draft, lines_of, text_of_stdin, unicode_text
from notify_tui.cli.moment import duration
from notify_tui.cli.speech import say
from notify_tui.cli.verb import verb
from notify_tui.errors import UnconfirmedError, UsageError
from notify_tui.protocol.control import Held, Published
from notify_tui.protocol.event import Content, EventId, StreamKey, stream_id
from notify_tui.protocol.topic import publishable

if TYPE_CHECKING:
    from notify_tui.client import Client

GRACE = 0.5
COLD_PATIENCE = 2.0
PATIENCE = "5s"


class Wish(Struct, frozen=True):
    """Whom to wait for: `count` peers and each named one, at most `timeout` seconds."""

    count: int
    require: tuple[str, ...]
    timeout: float


@verb("publish", node=True)
@click.argument("topic", shell_complete=complete.topics)
@click.argument("text", required=False)
@click.option("--title", default="", help="A headline.")
@click.option(
    "--priority",
    default="normal",
    metavar="LEVEL",
    shell_complete=complete.priorities,
    help="min, low, normal, high or urgent.",
)
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A word to find it by.")
@click.option("--data", metavar="JSON", help="Any JSON value.")
@click.option("--kind", default="notice", shell_complete=complete.kinds, help="What it is.")
@click.option("--reply-to", metavar="ID", help="The event that it answers.")
@click.option("--expires", metavar="1h|TIME", help="When it loses its point.")
@click.option("--lines", is_flag=True, help="Each line of stdin is an event, as it comes.")
@click.option("--wait-for", type=int, metavar="N", help="Return when N peers hold it durably.")
@click.option(
    "--require",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.peers,
    help="Return when this peer holds it durably.",
)
@click.option("--timeout", metavar="5s", help=f"How long to wait for them (default: {PATIENCE}).")
def command(
    call: Call,
    topic: str,
    text: str | None,
    *,
    reply_to: str | None,
    lines: bool,
    wait_for: int | None,
    require: tuple[str, ...],
    timeout: str | None,
    **fields: Any,
) -> None:
    """Publish an event to TOPIC; its id is printed once it is stored durably.

    TEXT is read from stdin when it is absent or "-". Exit code 3: it is kept, but was not
    confirmed in time.

    \b
    notify-tui publish builds.web "deployed 1f3c" --priority high
    make 2>&1 | notify-tui publish builds.web --title "make failed"
    tail -f app.log | notify-tui publish logs.app --lines
    """
    topic = publishable(topic)
    wish = _wish(wait_for, require, timeout)
    plan = draft(**fields, reply_to=call.event_id(reply_to) if reply_to else None)
    if lines and text not in (None, "-"):
        raise UsageError("--lines takes the texts from stdin: leave TEXT out")
    call.effective()
    contents = _each_line(plan) if lines else iter([[plan.content(_text(text), time.time_ns())]])
    with call.client("publish") as client:
        last = _publish(call, client, topic, contents)
        if last is not None:
            _confirm(call, client, last, wish)


def _wish(count: int | None, require: tuple[str, ...], timeout: str | None) -> Wish | None:
    if count is not None and count < 1:
        raise UsageError(f"--wait-for {count}: wait for at least one peer")
    if count is None and not require:
        if timeout is not None:
            raise UsageError("--timeout needs --wait-for or --require")
        return None
    return Wish(count or 0, require, duration(timeout or PATIENCE, "--timeout"))


def _text(text: str | None) -> str:
    if text not in (None, "-"):
        return unicode_text(text, "TEXT")
    if sys.stdin is not None and sys.stdin.isatty():
        say("(type the text; Ctrl-D on an empty line ends it)")
    return text_of_stdin()


def _each_line(plan: Draft) -> Iterator[list[Content]]:
    for texts in lines_of(sys.stdin.buffer):
        yield [plan.content(text, time.time_ns()) for text in texts]


def _publish(
    call: Call, client: "Client", topic: str, contents: Iterable[list[Content]]
) -> Published | None:
    """Publish what comes, print each id; the last of it."""
    last = None
    for some in contents:
        for last in client.publish_lines(topic, some):
            _print_ids(call, last)
    return last


def _print_ids(call: Call, published: Published) -> None:
    stream = stream_id(StreamKey(published.origin, published.epoch, published.topic))
    numbers = range(published.first, published.first + published.count)
    if call.json:
        call.paper().objects(
            [
                {
                    "id": str(EventId(stream, seq)),
                    "topic": published.topic,
                    "epoch": published.epoch,
                    "seq": seq,
                }
                for seq in numbers
            ]
        )
    else:
        sys.stdout.write("".join(f"{EventId(stream, seq)}\n" for seq in numbers))
        sys.stdout.flush()


def _confirm(call: Call, client: "Client", last: Published, wish: Wish | None) -> None:
    """Wait for the peers as wished; a client that became the node waits for all it can meet.

    Raises:
        UnconfirmedError: those that were wished for did not confirm in time.
    """
    seq = last.first + last.count - 1
    if wish is not None:
        held = client.hold(last, seq, count=wish.count, require=wish.require, timeout=wish.timeout)
        _say_delivered(call, held, wish)
    elif client.is_node:
        held = client.hold(last, seq, everyone=True, grace=GRACE, timeout=COLD_PATIENCE)
        call.say(_kept(held))


def _kept(held: Held) -> str:
    if not held.delivered:
        return "kept, no peer reached: leaves when a node next runs here"
    waiting = f" · waiting: {', '.join(held.waiting)}" if held.waiting else ""
    return f"kept, delivered to {len(held.delivered)}{waiting}"


def _say_delivered(call: Call, held: Held, wish: Wish) -> None:
    absent = [name for name in wish.require if name not in held.delivered + held.waiting]
    waiting = [*held.waiting, *absent]
    sentence = f"delivered {len(held.delivered)}/{len(held.delivered) + len(waiting)}"
    if held.delivered:
        sentence += f": {', '.join(held.delivered)}"
    if waiting:
        sentence += f" · waiting: {', '.join(waiting)}"
    if call.json:
        call.paper().objects([{"delivered": held.delivered, "waiting": waiting, "met": held.met}])
    if not held.met:
        raise UnconfirmedError(f"{sentence}; it is kept, and delivered when they meet")
    call.say(sentence)
