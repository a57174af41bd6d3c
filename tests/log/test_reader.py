"""LogReader: pages, ids, topics, marks and cursors, whether or not a node runs."""

from collections.abc import Iterator

import pytest

from notify_tui.errors import StoreError, UnknownError
from notify_tui.log import reader as reader_module
from notify_tui.log.marks import Mark
from notify_tui.log.reader import Cursor, LogReader, TopicRow
from notify_tui.log.schema import FIRST_RECEIVED
from notify_tui.protocol.command import Place, Raise, Remember
from notify_tui.protocol.event import Content, Event, EventId, Priority, peer_id, stream_id
from tests.log.author import NOON, SECOND, Author, store
from tests.log.desk import Desk


@pytest.fixture
def reader(desk: Desk) -> Iterator[LogReader]:
    with LogReader(desk.path) as reader:
        yield reader


def said(events: list[Event]) -> list[str]:
    return [event.text for event in events]


def test_pages_follow_the_log(desk: Desk, reader: LogReader) -> None:
    batches = Author().batches(5)
    desk.tell(*map(store, batches))
    assert [row.batch for row in reader.read(0, 2)] == batches[:2]
    assert [row.position for row in reader.read(2)] == [3, 4, 5]
    assert reader.read(5) == []
    assert reader.head() == 5


def test_a_page_is_bounded_in_bytes_and_never_empty(
    desk: Desk, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = Author()
    desk.tell(*(store(author.batch("x" * 1000)) for _ in range(5)))
    monkeypatch.setattr(reader_module, "PAGE_BYTES", 2000)
    assert len(reader.read(0)) == 2
    assert len(reader.timeline()) == 2
    monkeypatch.setattr(reader_module, "PAGE_BYTES", 1)
    assert len(reader.read(0)) == 1


def test_a_log_is_read_when_nobody_writes_it(desk: Desk) -> None:
    desk.tell(store(Author().batch("a")))
    desk.log.close()
    with LogReader(desk.path) as reader:
        assert [said(reader.events(row)) for row in reader.read(0)] == [["a"]]


def test_each_log_has_an_identity_that_lasts(desk: Desk, tmp_path_factory: object) -> None:
    with LogReader(desk.path) as reader:
        identity = reader.identity
    desk.reopen()
    other = Desk(tmp_path_factory.mktemp("other") / "log.db")  # type: ignore[attr-defined]
    other.log.close()
    with LogReader(desk.path) as again, LogReader(other.path) as elsewhere:
        assert again.identity == identity
        assert elsewhere.identity != identity


def test_an_event_is_found_by_its_id_or_a_beginning_of_it(desk: Desk, reader: LogReader) -> None:
    author = Author()
    desk.tell(store(author.batch("a", "b", "c")), store(author.batch("d")))
    stream = stream_id(author.key)
    assert reader.find(EventId(stream, 2)).text == "b"
    assert reader.find(EventId(stream[:3], 4)).text == "d"
    assert str(reader.find(EventId(stream[:1], 4)).id) == f"{stream}.4"


@pytest.mark.parametrize("seq", [0, 3, 99, 10**19 - 1])
def test_an_event_that_is_not_there_is_unknown(desk: Desk, reader: LogReader, seq: int) -> None:
    author = Author()
    desk.tell(store(author.batch("a", "b")))
    with pytest.raises(UnknownError, match="not in this log"):
        reader.find(EventId(stream_id(author.key), seq))
    with pytest.raises(UnknownError, match="not in this log"):
        reader.find(EventId("zzzzzzzzzz", 1))


def test_an_id_that_is_too_short_names_what_it_could_be(desk: Desk, reader: LogReader) -> None:
    authors = [Author(f"topic{number}") for number in range(40)]
    desk.tell(*(store(author.batch()) for author in authors))
    letters = [stream_id(author.key)[0] for author in authors]
    twice = next(letter for letter in letters if letters.count(letter) > 1)
    with pytest.raises(UnknownError) as caught:
        reader.find(EventId(twice, 1))
    names = [stream_id(author.key) for author in authors if stream_id(author.key)[0] == twice]
    assert all(f"{name}.1" in str(caught.value) for name in names[:2])


def test_topics_count_what_is_there(desk: Desk, reader: LogReader) -> None:
    ana, bob, chat = Author(name="ana"), Author(name="bob"), Author("chat")
    bob.time += 100 * SECOND
    desk.tell(store(ana.batch("a", "b")), store(bob.batch("c")), store(chat.batch("d")))
    missed = chat.batch("e")
    after = chat.batch("f")
    desk.tell(store(after, placed=False))
    desk.tell(Place(chat.key, after.first, missing=missed.header.count))
    assert reader.topics() == [
        TopicRow("builds.web", 3, 2, bob.time - SECOND),
        TopicRow("chat", 2, 1, after.header.time),
    ]
    desk.tell(Raise(chat.key, 3))
    assert [row.topic for row in reader.topics()] == ["builds.web"]


def test_a_position_is_found_by_the_time_of_receipt(desk: Desk, reader: LogReader) -> None:
    author = Author()
    desk.tell(*map(store, author.batches(10)))
    assert reader.position_at(NOON) == 0
    assert reader.position_at(NOON + 1) == 1
    assert reader.position_at(NOON + 3 * SECOND) == 3
    assert reader.position_at(NOON + 999 * SECOND) == 10


def test_a_clock_that_went_back_hides_nothing_that_came_after_it(
    desk: Desk, reader: LogReader
) -> None:
    author = Author()
    for received in (1000, 2000, 500, 600, 3000):
        desk.tell(store(author.batch(), received=received))
    moments = (500, 1000, 1001, 2000, 2001, 3001)
    assert [reader.position_at(moment) for moment in moments] == [0, 0, 1, 1, 4, 5]


def test_a_position_is_found_without_reading_the_batches(desk: Desk, reader: LogReader) -> None:
    desk.tell(store(Author().batch()))
    plan = [row[3] for row in reader._log.ask(f"EXPLAIN QUERY PLAN {FIRST_RECEIVED}", (NOON,))]
    assert plan == ["SEARCH batches USING INDEX batches_by_receipt (received>?)"]


def test_an_event_has_the_position_of_its_batch(desk: Desk, reader: LogReader) -> None:
    author = Author()
    desk.tell(store(author.batch("a")), store(author.batch("b", "c", "d")))
    stream = stream_id(author.key)
    ids = [EventId(stream[:5], seq) for seq in (1, 2, 3, 4)]
    assert [reader.position_of(wanted) for wanted in ids] == [1, 2, 2, 2]
    with pytest.raises(UnknownError, match="not in this log"):
        reader.position_of(EventId(stream, 5))


def test_what_was_held_long_ago_hides_nothing_that_came_before_it(
    desk: Desk, reader: LogReader
) -> None:
    slow, quick = Author("slow"), Author("quick")
    slow.batch()
    desk.tell(store(slow.batch(), placed=False, received=NOON))
    quick.time += 100 * SECOND
    desk.tell(*map(store, quick.batches(3)))
    desk.tell(Place(slow.key, 2, missing=1))
    desk.tell(store(quick.batch()))
    assert reader.position_at(NOON + 101 * SECOND) == 1


def test_marked_events_are_found_without_reading_the_rest(desk: Desk, reader: LogReader) -> None:
    author, direct = Author(), Author("@" + "a" * 16)
    loud = Content(NOON, "fire", priority=Priority.URGENT)
    answer = Content(NOON, "me too", reply_to="kq3v7m2xab.17")
    brief = Content(NOON, "soon gone", expires=NOON + SECOND)
    desk.tell(
        store(author.batch("plain", loud, "plain", answer)),
        store(author.batch("hello @Ana and @bob", brief)),
        store(direct.batch("psst")),
        store(author.batch(loud)),
    )
    assert said(reader.marked(Mark.URGENT)) == ["fire", "fire"]
    assert said(reader.marked(Mark.URGENT, after=1)) == ["fire"]
    assert len(reader.marked(Mark.URGENT, limit=1)) == 1
    assert said(reader.marked(Mark.REPLY, "kq3v7m2xab.17")) == ["me too"]
    assert reader.marked(Mark.REPLY, "kq3v7m2xab.18") == []
    assert said(reader.marked(Mark.MENTION, "ana")) == ["hello @Ana and @bob"]
    assert said(reader.marked(Mark.MENTION)) == ["hello @Ana and @bob"]
    assert said(reader.marked(Mark.EXPIRY, NOON + SECOND)) == ["soon gone"]
    assert said(reader.marked(Mark.DIRECT)) == ["psst"]


def test_origins_are_found_by_name_or_id(desk: Desk, reader: LogReader) -> None:
    ana, bob = Author(name="ana").key.origin, Author(name="bob").key.origin
    desk.tell(store(Author(name="ana").batch()), store(Author(name="bob").batch()))
    desk.tell(Remember(ana, "ana@desk", ("10.0.0.1",), 7792, NOON))
    assert [peer.name for peer in reader.peers()] == ["ana@desk"]
    assert reader.find_origin("ana@desk") == [ana]
    assert reader.find_origin(peer_id(bob)) == [bob]
    assert reader.find_origin(peer_id(bob)[:8]) == [bob]
    assert reader.names() == {ana: "ana@desk"}
    for nobody in ("carol", ""):
        with pytest.raises(UnknownError, match="nobody called"):
            reader.find_origin(nobody)


def test_an_origin_that_could_be_several_is_unknown(desk: Desk, reader: LogReader) -> None:
    authors = [Author(name=f"peer{number}") for number in range(40)]
    desk.tell(*(store(author.batch()) for author in authors))
    letters = [peer_id(author.key.origin)[0] for author in authors]
    twice = next(letter for letter in letters if letters.count(letter) > 1)
    with pytest.raises(UnknownError, match="one of several"):
        reader.find_origin(twice)


def test_cursors_are_kept_by_name(desk: Desk, reader: LogReader) -> None:
    reader.save_cursor("welcome", 3)
    reader.save_cursor("deploys", 5, 17)
    reader.save_cursor("welcome", 4, 1)
    assert reader.cursors() == {"welcome": Cursor(4, 1), "deploys": Cursor(5, 17)}
    reader.drop_cursor("deploys")
    desk.reopen()
    with LogReader(desk.path) as again:
        assert again.cursors() == {"welcome": Cursor(4, 1)}


def test_a_cursor_that_cannot_be_kept_is_an_error(desk: Desk, reader: LogReader) -> None:
    reader.save_cursor("welcome", 1)
    assert reader._cursors
    reader._cursors.execute("PRAGMA busy_timeout = 1")
    desk.log._db.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        reader.save_cursor("welcome", 2)
    desk.log._db.execute("ROLLBACK")
