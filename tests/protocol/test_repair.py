from collections.abc import Iterable

from notify_tui.protocol.command import Command, Found, Read, Store, StoreFailed, Transmit
from notify_tui.protocol.control import Publish
from notify_tui.protocol.settings import DAY
from notify_tui.protocol.wire import Changes, Pull, Pulled
from tests.protocol.stage import (
    EXCHANGE,
    ROUTE,
    Puppet,
    Stage,
    messages,
    only,
    stored,
)
from tests.protocol.test_publisher import raw


def pulls(commands: Iterable[Command]) -> list[Pull]:
    return [message for message in messages(commands) if isinstance(message, Pull)]


def met(*names: str) -> tuple[Stage, list[Puppet]]:
    """A node that is alive with these peers, by accepted links named after them."""
    stage = Stage()
    puppets = [Puppet(name) for name in names]
    for puppet in puppets:
        stage.accept(puppet, puppet.name.encode())
    return stage, puppets


def test_the_last_events_that_a_feed_lost_show_in_the_origins_heartbeat() -> None:
    stage, (ana,) = met("ana")
    batches = [ana.batch("a"), ana.batch("a")]
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 2))))
    assert [pull.wanted for pull in asked] == [(1, 2)]
    answer = Pulled(asked[0].ask, tuple(batch.frame for batch in batches), b"")
    commands = stage.receive(answer, b"ana")
    assert [store.repaired for store in only(commands, Store)] == [True, True]
    assert stage.holds(batches[0].key) == [(1, 2)]


def test_what_a_third_party_holds_is_asked_for_a_heartbeat_later() -> None:
    stage, (ana, _) = met("bob", "ana")
    key = Puppet("eve").key("a")
    assert not pulls(stage.hear(ana.heartbeat(ana.claim_of(key, 1, 3))))
    assert [pull.wanted for pull in pulls(stage.wait(1.1))] == [(1, 3)]


def test_the_origin_is_asked_first() -> None:
    stage, (bob, ana) = met("bob", "ana")
    stage.hear(bob.heartbeat(bob.claim_of(ana.key("a"), 1, 2)))
    commands = stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))
    assert [type(message) for message in messages(commands, b"ana")] == [Pull]


def test_whoever_reaches_lowest_is_asked_so_that_readers_wait_least() -> None:
    stage, (bob, ana) = met("bob", "ana")
    stage.hear(bob.heartbeat(bob.claim_of(ana.key("a"), 1, 2)))
    commands = stage.hear(ana.heartbeat(ana.claim("a", 2, 2)))
    assert not messages(commands, b"ana")
    assert pulls(commands)[0].wanted == (1, 2)


def test_a_hole_is_asked_for_after_a_moment_even_without_a_claim() -> None:
    stage, (ana,) = met("ana")
    _, second = ana.batch("a"), ana.batch("a")
    assert not pulls(stage.hear(second.frame))
    assert [pull.wanted for pull in pulls(stage.wait(0.06))] == [(1, 1)]


def test_a_hole_that_fills_itself_is_not_asked_for() -> None:
    stage, (ana,) = met("ana")
    first, second = ana.batch("a"), ana.batch("a")
    stage.hear(second.frame)
    stage.hear(first.frame)
    assert not pulls(stage.wait(0.9))


def test_a_hole_of_somebody_who_is_not_here_waits_for_offers() -> None:
    stage = Stage()
    ana = Puppet("ana")
    ana.batch("a")
    stage.hear(ana.batch("a").frame)
    assert not pulls(stage.wait(0.9))


def test_a_pull_that_is_not_answered_is_asked_of_the_next() -> None:
    stage, (bob, ana) = met("bob", "ana")
    stage.hear(bob.heartbeat(bob.claim_of(ana.key("a"), 1, 2)))
    stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))
    commands = stage.wait(2.5)
    assert [pull.wanted for pull in pulls(commands)] == [(1, 2)]
    assert any(isinstance(message, Pull) for message in messages(commands, b"bob"))


def test_a_holder_that_goes_is_not_waited_for() -> None:
    stage, (bob, ana) = met("bob", "ana")
    stage.hear(bob.heartbeat(bob.claim_of(ana.key("a"), 1, 2)))
    stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))
    commands = stage.hear(ana.goodbye())
    assert any(isinstance(message, Pull) for message in messages(commands, b"bob"))


def test_what_another_peer_was_asked_for_is_still_waited_for() -> None:
    stage, (bob, ana) = met("bob", "ana")
    stage.hear(bob.heartbeat(bob.claim("b", 1, 1)))
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    assert not pulls(stage.hear(bob.goodbye()))
    stage.receive(Pulled(asked[0].ask, (ana.batch("a").frame,), b""), b"ana")
    assert stage.holds(ana.key("a")) == [(1, 1)]


def test_an_offer_that_was_withdrawn_meanwhile_is_not_struck() -> None:
    stage, (ana,) = met("ana")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    stage.hear(ana.heartbeat(ana.claim("a", baseline=1)))
    stage.receive(Pulled(asked[0].ask, (), b""), b"ana")
    assert not stage.peer(ana).offers


def test_what_a_peer_offered_is_asked_for_when_it_is_back() -> None:
    stage, (ana,) = met("ana")
    stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))
    stage.wait(12)
    back = stage.accept(ana, b"again")
    assert [pull.wanted for pull in pulls(back)] == [(1, 2)]


def test_a_claim_that_is_not_proved_costs_one_try() -> None:
    stage, (ana,) = met("ana")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 9))))
    stage.receive(Pulled(asked[0].ask, (), b""), b"ana")
    assert not pulls(stage.wait(8))
    assert not stage.peer(ana).offers


def test_part_of_a_claim_that_is_not_proved_is_struck() -> None:
    stage, (ana,) = met("ana")
    stage.hear(ana.heartbeat(ana.claim("a", 1, 9)))
    stage.hear(ana.heartbeat(ana.claim("a", 1, 12)))
    ask = stage.node._repair._wants[ana.key("a")].ask
    stage.receive(Pulled(ask, (), b""), b"ana")
    assert [pull.wanted for pull in pulls(stage.wait(0.3))] == [(10, 12)]


def test_the_next_pull_goes_out_when_the_last_one_is_stored() -> None:
    stage, (ana,) = met("ana")
    first, second = ana.batch("a"), ana.batch("a")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 2))))
    stage.stalled = True
    assert not pulls(stage.receive(Pulled(asked[0].ask, (first.frame,), b""), b"ana"))
    assert not pulls(stage.wait(0.1))
    stage.stalled = False
    again = pulls(stage.commit())
    assert [pull.wanted for pull in again] == [(2, 2)]
    stage.receive(Pulled(again[0].ask, (second.frame,), b""), b"ana")
    assert not stage.node._repair._wants


def test_what_is_on_its_way_to_the_disk_is_not_asked_for_again() -> None:
    stage, (ana,) = met("ana")
    batch = ana.batch("a")
    stage.stalled = True
    stage.hear(batch.frame)
    assert not pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    stage.jobs.clear()
    stage.give("on_outcomes", [StoreFailed(batch, "full")])
    assert [pull.wanted for pull in pulls(stage.wait(2.1))] == [(1, 1)]


def test_an_answer_that_cannot_be_taken_in_is_asked_for_again() -> None:
    stage, (ana,) = met("ana")
    batch = ana.batch("a")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    stage.node._intake.pause()
    stage.receive(Pulled(asked[0].ask, (batch.frame,), b""), b"ana")
    assert pulls(stage.wait(1.5))


def test_so_many_pulls_are_open_at_once() -> None:
    stage = Stage(pulls=2)
    ana = Puppet("ana")
    stage.accept(ana)
    claims = [ana.claim(topic, 1, 1) for topic in ("a", "b", "c")]
    commands = stage.hear(ana.heartbeat(*claims))
    assert len(pulls(commands)) == 2
    assert stage.node._repair.pulling == 2
    first = pulls(commands)[0]
    batch = ana.batch(first.topic)
    commands = stage.receive(Pulled(first.ask, (batch.frame,), b""), ROUTE)
    assert [pull.topic for pull in pulls(commands + stage.wait(0.1))] == ["c"]


def test_answers_may_come_in_any_order() -> None:
    stage, (ana,) = met("ana")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1), ana.claim("b", 1, 1))))
    for pull in reversed(asked):
        stage.receive(Pulled(pull.ask, (ana.batch(pull.topic).frame,), b""), b"ana")
    assert not stage.node._repair._wants


def test_what_is_outside_the_interest_is_not_asked_for() -> None:
    stage = Stage(keep=("a.>",))
    ana = Puppet("ana")
    stage.accept(ana)
    claims = [ana.claim(topic, 1, 1) for topic in ("a.x", "b.x", "@bob")]
    asked = pulls(stage.hear(ana.heartbeat(*claims)))
    assert [pull.topic for pull in asked] == ["a.x", "@bob"]


def test_offers_of_a_peer_are_bounded() -> None:
    stage = Stage(streams_per_origin=1)
    ana = Puppet("ana")
    stage.accept(ana)
    claims = [ana.claim(f"t{number}", 1, 1) for number in range(20)]
    stage.hear(ana.heartbeat(*claims))
    assert len(stage.peer(ana).offers) == 16


def test_an_answer_that_nobody_waits_for_is_taken_for_what_it_is_worth() -> None:
    stage, (ana,) = met("ana")
    batch = ana.batch("a")
    assert stored(stage.receive(Pulled(99, (batch.frame,), b""), b"ana")) == [batch]


def test_a_newcomer_wants_nothing_that_is_older_than_a_week() -> None:
    stage, (ana,) = met("ana")
    week = 7 * 86_400 * 1_000_000_000
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 3))))
    assert asked[0].not_before == stage.now.wall - week
    old, new = ana.batch("a", time=stage.now.wall - 2 * week), ana.batch("a")
    commands = stage.receive(Pulled(asked[0].ask, (new.frame,), old.proof), b"ana")
    kept = stage.image.kept(old.key)
    assert (kept.baseline, kept.placed) == (1, 2)
    assert [(pull.wanted, pull.not_before) for pull in pulls(commands)] == [((3, 3), 0)]


def test_a_stream_that_is_all_too_old_ends_at_its_proof() -> None:
    stage, (ana,) = met("ana")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    old = ana.batch("a", time=1)
    stage.receive(Pulled(asked[0].ask, (), old.proof), b"ana")
    assert stage.image.kept(old.key).baseline == 1
    assert not pulls(stage.wait(5))


def test_a_proof_of_what_is_not_old_raises_nothing() -> None:
    stage, (ana,) = met("ana")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    young = ana.batch("a", time=stage.now.wall)
    stage.receive(Pulled(asked[0].ask, (), young.proof), b"ana")
    assert stage.image.kept(young.key).baseline == 0


def test_a_proof_that_the_origin_did_not_sign_is_a_fault() -> None:
    stage, (ana,) = met("ana")
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    other = Puppet("bob").batch("a", time=1)
    stage.receive(Pulled(asked[0].ask, (), other.proof), b"ana")
    assert stage.peer(ana).faults == 1


def test_everything_is_wanted_where_history_is_without_end() -> None:
    stage = Stage(history=0)
    ana = Puppet("ana")
    stage.accept(ana)
    asked = pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    assert asked[0].not_before == 0


def test_an_answer_that_nobody_waits_for_and_that_is_garbage_is_a_fault() -> None:
    stage, (ana,) = met("ana")
    stage.receive(Pulled(99, (b"garbage",), b""), b"ana")
    assert stage.peer(ana).faults == 1


def test_a_pull_whose_peer_is_not_known_any_more_is_given_up() -> None:
    stage, (ana,) = met("ana")
    assert pulls(stage.hear(ana.heartbeat(ana.claim("a", 1, 1))))
    del stage.node._state.peers[ana.public]
    assert not pulls(stage.wait(5))
    assert stage.node._repair.pulling == 0


def test_a_peer_is_answered_what_the_log_has() -> None:
    stage, (_, bob) = met("ana", "bob")
    batch = bob.batch("a")
    stage.hear(batch.frame)
    pull = Pull(7, *batch.key, (1, 5), 1000, 0)
    stage.stalled = True
    read = only(stage.receive(pull, b"ana"), Read)[0]
    assert (read.key, read.wanted, read.budget) == (batch.key, ((1, 5),), 1000)
    answered = stage.give("on_outcomes", [Found(read.token, (batch.frame,), b"")])
    assert messages(answered, b"ana") == [Pulled(7, (batch.frame,), b"")]
    assert not only(stage.give("on_outcomes", [Found(read.token, (), b"")]), Transmit)


def test_a_peer_has_so_many_reads_open_at_once() -> None:
    stage = Stage(reads_per_link=2)
    stage.accept(Puppet("ana"))
    batch = Puppet("bob").batch("a")
    stage.hear(batch.frame)
    stage.stalled = True
    for ask in (1, 2, 3):
        stage.receive(Pull(ask, *batch.key, (1, 1), 1000, 0))
    answers = [word for word in messages(stage.commit()) if isinstance(word, Pulled)]
    assert [answer.ask for answer in answers] == [1, 2]
    stage.stalled = False
    again = messages(stage.receive(Pull(4, *batch.key, (1, 1), 1000, 0)))
    assert again == [Pulled(4, (batch.frame,), b"")]


def test_a_peer_cannot_ask_for_more_than_the_budget() -> None:
    stage = Stage(pull_budget=500)
    stage.accept(Puppet("ana"))
    pull = Pull(7, *Puppet("bob").key("a"), (1, 5), 10**9, 0)
    assert only(stage.receive(pull), Read)[0].budget == 500


def test_found_again_after_a_restart_what_was_offered_is_asked_anew() -> None:
    stage, (ana,) = met("ana")
    stage.hear(ana.heartbeat(ana.claim("a", 1, 2)))
    stage.receive(Changes(0, 9, (ana.claim("b", 1, 1),), more=False), b"ana")
    assert "b" not in {key.topic for key in stage.peer(ana).offers}
    stage.give("on_found", ana.id, (ana.place,), EXCHANGE)
    assert ana.key("a") in stage.peer(ana).offers


def test_a_claim_that_is_never_proved_keeps_no_gap_open_and_is_rarely_tried() -> None:
    stage, (mal, ana) = met("mal", "ana")
    first, lost, third = (ana.batch("a") for _ in range(3))
    stage.hear(first.frame)
    stage.hear(third.frame)
    tries = 0
    for _ in range(120):
        beat = mal.heartbeat(mal.claim_of(ana.key("a"), 1, 3))
        commands = stage.hear(beat) + stage.hear(ana.heartbeat()) + stage.wait(1)
        for pull in [said for said in messages(commands, b"mal") if isinstance(said, Pull)]:
            tries += 1
            stage.receive(Pulled(pull.ask, (), b""), b"mal")
    assert lost.first == 2
    assert stage.node._state.streams.get(ana.key("a")).tail == 3  # type: ignore[union-attr]
    assert tries < 20


def test_a_proof_of_age_that_was_not_asked_for_raises_no_baseline() -> None:
    stage, (ana,) = met("ana")
    old = stage.now.wall - 8 * DAY
    batches = [ana.batch("a", time=old + number) for number in range(6)]
    for batch in batches[:3]:
        stage.hear(batch.frame)
    asked = pulls(stage.hear(batches[5].frame) + stage.wait(0.2))
    stage.receive(Pulled(asked[0].ask, (), batches[4].proof), b"ana")
    stream = stage.node._state.streams.get(ana.key("a"))
    assert stream is not None
    assert (stream.baseline, stream.tail) == (0, 3)


def test_claims_about_own_streams_are_believed_as_far_as_they_go() -> None:
    stage, (ana,) = met("ana")
    stage.ask(Publish(1, "a", [raw()]))
    key = stage.node._state.own("a")
    stage.hear(ana.heartbeat(ana.claim_of(key, 1, 2**60)))
    assert list(stage.peer(ana).acked[key]) == [(1, 1)]


def test_claims_about_own_streams_of_the_past_are_bounded() -> None:
    stage, ana = Stage(streams_per_origin=2), Puppet("ana")
    stage.accept(ana)
    past = [stage.node._state.own("a")._replace(epoch=epoch) for epoch in range(9)]
    stage.hear(ana.heartbeat(*(ana.claim_of(key, 1, 1) for key in past)))
    assert len(stage.peer(ana).acked) == 2
    stage.hear(ana.heartbeat(ana.claim_of(past[0], 1, 7)))
    assert list(stage.peer(ana).acked[past[0]]) == [(1, 7)]


def test_a_queue_of_many_wants_costs_what_is_asked_not_what_waits() -> None:
    stage, (ana,) = met("ana")
    for number in range(20):
        claims = [ana.claim(f"t{number}.{place}", 1, 1) for place in range(100)]
        stage.hear(ana.heartbeat(*claims))
    repair = stage.node._repair
    assert repair.pulling == 16
    assert repair.deadline >= stage.mono


def test_a_peer_that_never_gives_what_it_claims_is_asked_after_longer_and_longer_rests() -> None:
    stage, (mal,) = met("mal")
    key, times = Puppet("eve").key("a"), []
    for _ in range(120):
        commands = stage.hear(mal.heartbeat(mal.claim_of(key, 1, 3))) + stage.wait(1)
        for pull in pulls(commands):
            times.append(stage.mono)
            stage.receive(Pulled(pull.ask, (), b""), b"mal")
    assert 4 < len(times) < 12
    assert times[-1] - times[-2] > 20
