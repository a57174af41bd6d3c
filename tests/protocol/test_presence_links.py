"""What goes over connections because a feed cannot be dialled, or a hello has gone stale."""

from notify_tui.protocol.command import Send
from notify_tui.protocol.wire import AskFeed, Fed, Greet, Welcome
from tests.protocol.stage import ROUTE, Puppet, Stage, messages, only


def test_who_cannot_be_dialled_is_asked_for_its_feed() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    assert AskFeed(0) in messages(stage.wait(1.1), ROUTE)


def test_who_can_be_dialled_is_not() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.reach(ana)
    assert AskFeed(0) not in messages(stage.wait(1.1))


def test_whoever_asks_for_the_feed_gets_it_for_a_while() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.receive(AskFeed(0))
    commands = stage.wait(1.1)
    assert [send.frame for send in only(commands, Send)] == [
        message.frame for message in messages(commands, ROUTE) if isinstance(message, Fed)
    ]
    later = stage.wait(8)
    assert len(only(later, Send)) > len(
        [message for message in messages(later) if isinstance(message, Fed)]
    )


def test_a_feed_that_comes_over_a_connection_is_heard_like_any_other() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.receive(Fed(0, ana.heartbeat(status="behind a firewall")))
    assert stage.peer(ana).status == "behind a firewall"
    batch = ana.batch("a.b")
    stage.receive(Fed(0, batch.frame))
    assert stage.holds(batch.key) == [(1, 1)]


def test_hellos_are_renewed_now_and_then() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    greets = 0
    for _ in range(25):
        stage.hear(ana.heartbeat())
        sent = messages(stage.wait(1.0), link)
        greets += sum(isinstance(message, Greet) for message in sent)
    assert greets == 2


def test_a_renewed_hello_brings_news_and_keeps_the_link_known() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    greets: list[Greet] = []
    while not greets:
        stage.hear(ana.heartbeat())
        greets = [word for word in messages(stage.wait(1.0), link) if isinstance(word, Greet)]
    assert stage.node._greeting.author(link) == ana.public
    hello = ana.hello(greets[0].challenge + bytes(16), interest=("a.>",))
    stage.receive(Welcome(0, bytes(16), hello), link)
    assert stage.peer(ana).interest == ("a.>",)
