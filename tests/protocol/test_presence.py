from notify_tui.protocol.command import (
    Connect,
    Disconnect,
    Halt,
    Interest,
    Listen,
    Remember,
    Send,
    Transmit,
    Unlisten,
)
from notify_tui.protocol.control import AskPeers, Peers
from notify_tui.protocol.membership import Life
from notify_tui.protocol.wire import (
    AskChanges,
    Fed,
    Goodbye,
    Greet,
    Heartbeat,
    Hello,
    Introduce,
    Receipt,
    Stranger,
    Welcome,
    encode_beat,
    open_word,
)
from tests.protocol.signature import verify
from tests.protocol.stage import (
    EXCHANGE,
    FEED,
    NETWORK,
    ROUTE,
    Puppet,
    Stage,
    beats,
    messages,
    only,
    replies,
    told,
)


def life(stage: Stage, puppet: Puppet) -> Life:
    found: Life = stage.peer(puppet).life
    return found


def test_a_node_that_starts_subscribes_and_beats() -> None:
    commands = Stage(keep=("a.*", "b")).started
    assert only(commands, Interest) == [Interest((b"\x01\0", b"@", b"a.", b"b\0"))]
    assert [type(beat) for beat in beats(commands)] == [Heartbeat]


def test_a_proved_hello_makes_a_peer_alive_and_asks_what_it_holds() -> None:
    stage, ana = Stage(), Puppet("ana")
    commands = stage.accept(ana)
    assert told(commands) == ["ana is here"]
    assert AskChanges(1, 0) in messages(commands, ROUTE)
    assert life(stage, ana) is Life.ALIVE


def test_a_peer_that_is_reached_is_listened_to_and_remembered() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, commands = stage.reach(ana)
    assert [type(message) for message in messages(commands, link)] == [Introduce, AskChanges]
    assert Listen("10.0.0.9", FEED) in commands
    seen = stage.now.wall
    assert Remember(ana.public, "ana", ("10.0.0.9",), EXCHANGE, seen) in commands


def test_a_peer_that_dialled_is_dialled_back_where_its_hello_says() -> None:
    stage, ana = Stage(), Puppet("ana")
    assert Connect(1, "10.0.0.9", EXCHANGE) in stage.accept(ana)


def test_whom_a_peer_knows_is_found_too_but_never_the_node_itself() -> None:
    stage, ana, bob, node = Stage(), Puppet("ana"), Puppet("bob"), Puppet("node")
    bob.place, node.place = "10.0.0.7", "10.0.0.8"
    commands = stage.accept(ana, known=ana.knows(bob, node))
    assert {dial.host for dial in only(commands, Connect)} == {"10.0.0.9", "10.0.0.7"}


def test_hellos_pass_on_who_is_alive() -> None:
    stage, ana, bob = Stage(), Puppet("ana"), Puppet("bob")
    stage.accept(ana, b"first")
    welcome = messages(stage.receive(Greet(0, 1, bytes(16)), b"second"), b"second")[0]
    assert isinstance(welcome, Welcome)
    hello = open_word(welcome.hello, NETWORK, verify)
    assert isinstance(hello, Hello)
    assert [known.public for known in hello.known] == [ana.public]
    assert bob.public not in {known.public for known in hello.known}


def test_a_heartbeat_keeps_a_peer_alive_and_renews_what_it_says_of_itself() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    for _ in range(20):
        stage.hear(ana.heartbeat(name="ana", status="away", tags={"room": "12"}))
        stage.wait(1.0)
    assert life(stage, ana) is Life.ALIVE
    assert (stage.peer(ana).status, stage.peer(ana).tags) == ("away", {"room": "12"})


def test_silence_makes_a_peer_suspect_and_its_connections_are_made_anew() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    commands = stage.wait(4.5)
    assert life(stage, ana) is Life.SUSPECT
    assert Unlisten("10.0.0.9", FEED) in commands
    assert Disconnect(link) in commands
    assert Connect(link + 1, "10.0.0.9", EXCHANGE) in commands


def test_longer_silence_makes_a_peer_lost_and_says_so() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.reach(ana)
    commands = stage.wait(12)
    assert life(stage, ana) is Life.LOST
    assert told(commands) == ["ana is lost: nothing heard for a while"]
    assert only(stage.wait(30), Connect)


def test_a_suspect_peer_that_says_something_is_alive_again() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.wait(5)
    assert life(stage, ana) is Life.SUSPECT
    stage.hear(ana.heartbeat())
    assert life(stage, ana) is Life.ALIVE


def test_a_slow_peers_silence_is_counted_in_its_own_intervals() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.hear(ana.heartbeat(interval=10.0))
    stage.wait(25)
    assert life(stage, ana) is Life.ALIVE


def test_a_node_that_slept_does_not_blame_the_others() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.mono += 3600
    stage.give("on_hosts", ("10.0.0.1",))
    assert life(stage, ana) is Life.ALIVE


def test_a_goodbye_drops_the_connections_until_there_is_a_new_hint() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    commands = stage.hear(ana.goodbye())
    assert told(commands) == ["ana left"]
    assert Disconnect(link) in commands
    assert not only(stage.wait(60), Connect)
    assert only(stage.give("on_found", ana.id, (ana.place,), EXCHANGE), Connect)


def test_an_older_word_changes_nothing() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    late = ana.goodbye()
    stage.hear(ana.heartbeat(status="here"))
    stage.hear(late)
    assert life(stage, ana) is Life.ALIVE


def test_the_words_of_an_earlier_start_change_nothing() -> None:
    stage, ana = Stage(), Puppet("ana", boot=2)
    stage.accept(ana)
    stage.hear(Puppet("ana", boot=1).goodbye())
    assert life(stage, ana) is Life.ALIVE


def test_a_peer_that_started_anew_is_dialled_anew() -> None:
    stage, ana = Stage(), Puppet("ana", boot=1)
    link, _ = stage.reach(ana)
    commands = stage.hear(Puppet("ana", boot=2).heartbeat())
    assert Disconnect(link) in commands
    assert only(commands, Connect)


def test_what_was_known_of_an_earlier_start_is_forgotten() -> None:
    stage, ana = Stage(), Puppet("ana", boot=1)
    stage.accept(ana, b"old")
    stage.hear(ana.heartbeat(ana.claim("a", 1, 3)))
    assert stage.peer(ana).version == 1
    stage.accept(Puppet("ana", boot=2), b"new")
    assert (stage.peer(ana).boot, stage.peer(ana).version) == (2, 0)
    assert stage.peer(ana).links == [b"new"]


def test_a_dialled_link_outlives_a_start_of_the_other_end() -> None:
    stage, ana = Stage(), Puppet("ana", boot=1)
    link, _ = stage.reach(ana)
    commands = stage.accept(Puppet("ana", boot=2))
    assert Greet in [type(message) for message in messages(commands, link)]


def test_a_link_that_was_hung_up_is_not_greeted_again() -> None:
    stage, ana = Stage(), Puppet("ana", boot=1)
    old, _ = stage.reach(ana)
    commands = stage.hear(Puppet("ana", boot=2).heartbeat())
    new, commands = stage.answer(Puppet("ana", boot=2), commands)
    assert not messages(commands + stage.wait(3), old)
    assert stage.peer(ana).links == [new]


def test_a_hello_of_an_earlier_start_is_refused() -> None:
    stage = Stage()
    stage.accept(Puppet("ana", boot=2), b"one")
    stage.accept(Puppet("ana", boot=1), b"two")
    assert stage.peer(Puppet("ana")).links == [b"one"]


def test_a_peer_has_a_few_links_at_most_and_the_newest_are_kept() -> None:
    stage, ana = Stage(), Puppet("ana")
    for number in range(6):
        stage.accept(ana, bytes([number]))
    assert stage.peer(ana).links == [b"\5", b"\4", b"\3", b"\2"]


def test_dialled_links_come_first_and_a_link_counts_once() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.answer(ana, stage.accept(ana))
    stage.accept(ana)
    assert stage.peer(ana).links == [link, ROUTE]


def test_a_new_feed_is_listened_to_instead_of_the_old_one() -> None:
    stage, ana = Stage(), Puppet("ana")
    link, _ = stage.reach(ana)
    greet = messages(stage.receive(Stranger(0), link), link)[0]
    assert isinstance(greet, Greet)
    hello = ana.hello(greet.challenge + bytes(16), feed=9000)
    commands = stage.receive(Welcome(0, bytes(16), hello), link)
    assert Unlisten(ana.place, FEED) in commands
    assert Listen(ana.place, 9000) in commands


def test_a_stranger_on_the_feed_is_not_heard() -> None:
    stage, ana = Stage(), Puppet("ana")
    assert stage.hear(ana.heartbeat()) == []
    assert ana.public not in stage.node._state.peers


def test_a_peer_of_an_earlier_life_is_not_heard_before_its_hello() -> None:
    first = Stage()
    first.reach(Puppet("ana"))
    second = Stage(image=first.image)
    second.hear(Puppet("ana").heartbeat())
    assert life(second, Puppet("ana")) is Life.FOUND


def test_a_word_that_is_no_heartbeat_is_a_fault() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    receipt = Receipt(1, 99, ana.public, 5, "a", 1, 1)
    stage.hear(encode_beat(ana.said(receipt)))
    assert stage.node._state.counts["faults on the feed"] == 1


def test_one_shots_come_and_go_without_a_word() -> None:
    stage, ana = Stage(), Puppet("ana")
    assert told(stage.accept(ana, transient=True)) == []
    assert told(stage.hear(ana.goodbye())) == []
    assert told(Stage(transient=True).accept(ana)) == []


def met_itself(stage: Stage, twin: Puppet, link: bytes = ROUTE) -> list[object]:
    return [command for command in stage.accept(twin, link) if not isinstance(command, Transmit)]


def test_the_younger_of_two_nodes_with_one_identity_stops() -> None:
    stage = Stage()
    commands = met_itself(stage, Puppet("node", boot=1))
    assert [type(command) for command in commands] == [Halt]
    assert "--home" in only(commands, Halt)[0].reason


def test_the_elder_of_two_nodes_with_one_identity_goes_on_and_says_so() -> None:
    stage = Stage()
    elder = Puppet("node", boot=2**61)
    assert told(stage.accept(elder)) == [
        "another node runs with this node's identity; the younger one stops"
    ]


def test_a_node_that_dials_itself_hangs_up() -> None:
    stage, ghost = Stage(), Puppet("ghost")
    dialled = stage.give("on_found", ghost.id, ("10.0.0.1",), EXCHANGE)
    link = only(dialled, Connect)[0].link
    greet = messages(dialled, link)[0]
    echo = stage.receive(greet, ROUTE)
    welcome = messages(echo, ROUTE)[0]
    commands = stage.receive(welcome, link)
    assert Disconnect(link) in commands
    assert not only(commands, Halt)
    assert told(commands) == []


def test_a_node_that_ends_says_goodbye() -> None:
    stage = Stage()
    stage.node.stop(stage.now)
    assert [type(word) for word in beats(stage.node.drain())] == [Goodbye]


def test_the_goodbye_goes_over_connections_too_for_who_does_not_hear_the_feed_yet() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    stage.node.stop(stage.now)
    commands = stage.node.drain()
    frames = [command.frame for command in only(commands, Send)]
    assert [said.frame for said in messages(commands) if isinstance(said, Fed)] == frames


def test_a_goodbye_goes_over_connections_where_there_are_some() -> None:
    stage, ana, bob = Stage(), Puppet("ana"), Puppet("bob")
    stage.accept(ana, b"ana")
    stage.wait(5)
    stage.hear(ana.heartbeat())
    stage.accept(bob, b"bob")
    stage.node.stop(stage.now)
    sent = stage.node.drain()
    assert [type(word) for word in beats(sent)] == [Goodbye]
    assert [type(word) for word in messages(sent, b"bob")] == [Fed]
    assert not messages(sent, b"ana")


def test_peers_are_shown_with_their_state() -> None:
    stage, ana = Stage(), Puppet("ana")
    stage.accept(ana)
    shown = replies(stage.ask(AskPeers(1)))[0]
    assert isinstance(shown, Peers)
    view = shown.peers[0]
    assert (view.name, view.state, view.address, view.version) == ("ana", "alive", "10.0.0.9", "1")
    stage.reach(Puppet("bob"))
    shown = replies(stage.ask(AskPeers(2)))[0]
    assert isinstance(shown, Peers)
    assert [view.address for view in shown.peers] == ["10.0.0.9", "10.0.0.9"]


def test_strangers_make_no_room_by_pushing_out_who_was_introduced() -> None:
    stage, ana = Stage(strangers=2), Puppet("ana")
    stage.accept(ana)
    for number in range(9):
        stage.receive(Greet(0, 1, bytes(16)), b"stranger %d" % number)
    assert not [m for m in messages(stage.receive(AskChanges(1, 0))) if isinstance(m, Stranger)]


def test_identities_are_bounded_and_who_is_gone_makes_room() -> None:
    stage = Stage(peers=2)
    names = ("ana", "bob", "eve")
    for name in names[:2]:
        stage.accept(Puppet(name), name.encode())
    stage.accept(Puppet("eve"), b"eve")
    assert stage.node._state.counts["faults on the exchange"] == 1
    bob = Puppet("bob")
    bob.turn = 9
    stage.hear(bob.goodbye())
    stage.accept(Puppet("eve"), b"eve again")
    assert {peer.name for peer in stage.node._state.peers.values()} == {"ana", "eve"}


def test_an_interval_is_bounded_however_many_peers_there_are() -> None:
    stage = Stage(beat_peers=1)
    for number in range(20):
        stage.accept(Puppet(f"n{number}"), b"%d" % number)
    assert stage.node._state.interval() == 8.0
