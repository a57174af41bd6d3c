"""Search: words behind the log, in a file that can always be made anew."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from notify_tui.errors import StoreError, UnknownError
from notify_tui.log import search as search_module
from notify_tui.log.search import Search, quoted
from notify_tui.protocol.event import Content
from tests.log.author import NOON, Author, store
from tests.log.desk import Desk, damage


@pytest.fixture
def index(path: Path) -> Path:
    return path.with_name("search.db")


@pytest.fixture
def search(desk: Desk, index: Path) -> Iterator[Search]:
    search = Search(index, desk.path)
    yield search
    search.close()


def test_words_are_found_newest_first(desk: Desk, search: Search) -> None:
    author = Author()
    desk.tell(store(author.batch("deploy of web", "nothing")), store(author.batch("Deploy done")))
    assert search.find("deploy") == [], "before it has caught up"
    assert search.catch_up()
    assert search.find("deploy") == [(2, 0), (1, 0)]
    assert search.find("deploy", 1) == [(2, 0)]
    assert search.find("deploy web") == [(1, 0)]
    assert search.find("rollback") == []


def test_an_index_follows_the_log_from_where_it_was(desk: Desk, search: Search) -> None:
    author = Author()
    for number in range(3):
        desk.tell(store(author.batch(f"build {number}")))
        search.catch_up()
    assert search.find("build") == [(3, 0), (2, 0), (1, 0)]


def test_title_text_and_tags_are_words(desk: Desk, search: Search) -> None:
    event = Content(NOON, "of the evening", title="Backup", tags=("nas", "nightly-job"))
    desk.tell(store(Author().batch(event, Content(NOON, kind="progress", data={"done": 4}))))
    search.catch_up()
    for words in ("backup", "evening", "nas", "nightly-job", "backup nightly"):
        assert search.find(words) == [(1, 0)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("STRASSE", False),
        ("straße", True),
        ("uber", True),
        ("über", True),
        ("db-1.lan", True),
        ("lan db", True),
        ("d*", True),
        ("ube*", True),
        ("be*", False),
        ("ub", False),
        ('"', False),
        ('über"', True),
        ("AND", False),
        ("über AND", False),
        ("NEAR(über", False),
        ("text:über", False),
        ("-über", True),
        ("* ** über", True),
        ("\0", False),
        ("", False),
        ("(", False),
        ("über " * 400, True),
    ],
)
def test_words_are_plain_and_nothing_in_them_is_syntax(
    desk: Desk, search: Search, words: str, found: bool
) -> None:
    desk.tell(store(Author().batch("Über die Straße zu db-1.lan")))
    search.catch_up()
    assert bool(search.find(words)) is found


def test_places_in_one_batch_are_told(desk: Desk, search: Search) -> None:
    author = Author()
    desk.tell(store(author.batch("x", "disk", "x", "disk")), store(author.batch("disk")))
    search.catch_up()
    assert search.places("disk", 1) == [3, 1]
    assert search.places("disk", 2) == [0]
    assert search.places("disk", 3) == []
    assert search.places("", 1) == []


def test_a_long_log_is_indexed_in_steps_that_a_limit_of_time_interrupts(
    desk: Desk, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "STEP_EVENTS", 2)
    desk.tell(*map(store, Author().batches(5)))
    assert not search.catch_up(0)
    assert len(search.find("text")) == 2
    assert not search.catch_up(0)
    assert search.catch_up()
    assert len(search.find("text")) == 5
    assert search.catch_up(0), "there is nothing left"


def test_steps_are_bounded_in_bytes(
    desk: Desk, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "STEP_BYTES", 1)
    desk.tell(*map(store, Author().batches(2)))
    assert not search.catch_up(0)
    assert len(search.find("text")) == 1


def test_an_index_is_its_owners_alone_and_outlives_its_maker(
    desk: Desk, search: Search, index: Path
) -> None:
    desk.tell(store(Author().batch("disk")))
    search.catch_up()
    assert index.stat().st_mode & 0o777 == 0o600
    search.close()
    assert search.find("disk") == [(1, 0)]


def test_two_may_index_the_same_log(desk: Desk, search: Search, index: Path) -> None:
    other = Search(index, desk.path)
    author = Author()
    for mine in (search, other, search):
        desk.tell(store(author.batch("disk")))
        assert mine.catch_up()
    assert other.find("disk") == [(3, 0), (2, 0), (1, 0)]
    other.close()


@pytest.mark.parametrize("harm", ["garbage", "gone", "emptied", "cut", "newer", "foreign"])
def test_a_broken_index_is_made_anew(desk: Desk, search: Search, index: Path, harm: str) -> None:
    desk.tell(*(store(batch) for batch in Author().batches(300)))
    search.catch_up()
    search.close()
    match harm:
        case "garbage":
            index.write_bytes(b"garbage " * 4096)
        case "gone":
            index.unlink()
        case "emptied":
            run(index, "DROP TABLE progress")
        case "cut":
            index.write_bytes(index.read_bytes()[:4096])
        case "newer":
            run(index, "PRAGMA user_version = 99")
        case "foreign":
            run(index, "UPDATE progress SET log = 'another'")
    assert search.catch_up()
    assert len(search.find("text", 1000)) == 300


def run(index: Path, sql: str) -> None:
    connection = sqlite3.connect(index, isolation_level=None)
    connection.execute(sql)
    connection.close()


def test_an_index_that_breaks_while_it_is_asked_is_made_anew(
    desk: Desk, search: Search, index: Path
) -> None:
    desk.tell(store(Author().batch("disk")))
    search.catch_up()
    run(index, "DROP TABLE words")
    assert search.find("disk") == []
    search.catch_up()
    assert search.find("disk") == [(1, 0)]


def test_an_index_that_breaks_in_the_middle_of_an_answer_says_so(
    desk: Desk, search: Search, index: Path
) -> None:
    author = Author()
    desk.tell(*(store(author.batch(*["disk"] * 512)) for _ in range(20)))
    search.catch_up()
    leaf = "(SELECT min(id) + 1 FROM words_data WHERE id > 1000)"
    run(index, f"UPDATE words_data SET block = x'' WHERE id = {leaf}")
    hits = search.hits("disk")
    assert next(hits) == (20, 511)
    with pytest.raises(StoreError, match="made anew: search again"):
        list(hits)
    search.catch_up()
    assert len(search.find("disk", 99_999)) == 20 * 512


def test_damaged_events_have_no_words(desk: Desk, search: Search) -> None:
    author = Author()
    desk.tell(store(author.batch("disk")), store(author.batch("disk")))
    damage(desk, "batches", 1)
    search.catch_up()
    assert search.find("disk") == [(2, 0)]
    assert search.find("event") == []


def test_without_a_log_there_is_nothing_to_search(path: Path, index: Path) -> None:
    search = Search(index, path)
    with pytest.raises(UnknownError):
        search.catch_up()


def test_an_index_that_is_held_by_another_is_an_error(
    desk: Desk, search: Search, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "BUSY_SECONDS", 0.001)
    desk.tell(store(Author().batch("disk")))
    search.find("disk")
    other = sqlite3.connect(index, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        search.catch_up()
    other.execute("ROLLBACK")
    other.close()
    assert search.catch_up()


def test_a_query_has_a_limit_of_words() -> None:
    assert quoted("a " * 100).count('"a"') == 32
