"""Marks: a batch is looked over in the cheapest way that is right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.log.marks import KIND_BITS, OTHER_KIND, Mark, Marked, mentions, survey
from notify_tui.protocol.batch import Batch, decode_contents
from notify_tui.protocol.event import KINDS, Content, Priority
from tests.log.author import NOON, Author

texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.sampled_from(["", "x" * 63, "x" * 64, "mail to ana@desk", "@ana look", "řπ @bob"]),
)
plain = st.builds(Content, st.integers(NOON, NOON + 2**40), texts)
early = st.builds(Content, st.integers(0, 300), texts)
quiet = st.text(st.characters(codec="utf-8", exclude_characters="@"), max_size=70)
signs_in_times = st.builds(
    Content, st.sampled_from([NOON, int.from_bytes(b"\x17@@@@@@@", "big")]), quiet
)
other = st.builds(
    Content,
    st.integers(0, 2**62),
    texts,
    st.sampled_from([*KINDS, "novelty"]),
    texts,
    st.sampled_from(list(Priority)),
    st.lists(st.text(max_size=3), max_size=2).map(tuple),
    st.sampled_from([None, 1, ["notice", "", 3, [], None, None, None], {"a": [None] * 3}]),
    st.sampled_from([None, "kq3v7m2xab.17"]),
    st.sampled_from([None, 0, NOON, 2**64 - 1]),
)


def slowly(batch: Batch) -> tuple[int, int, set[Marked]]:
    priority, kinds, marks = 1, 0, set()
    for place, content in enumerate(decode_contents(batch)):
        priority = max(priority, content.priority)
        kinds |= KIND_BITS.get(content.kind, OTHER_KIND)
        if content.priority >= Priority.URGENT:
            marks.add(Marked(Mark.URGENT, "", place))
        if content.reply_to:
            marks.add(Marked(Mark.REPLY, content.reply_to, place))
        if content.expires is not None:
            marks.add(Marked(Mark.EXPIRY, min(content.expires, 2**63 - 1), place))
        marks |= {Marked(Mark.MENTION, name, place) for name in mentions(content.text)}
    return priority, kinds, marks


@given(
    st.one_of(
        st.lists(plain, min_size=16, max_size=40),
        st.lists(signs_in_times, min_size=16, max_size=40),
        st.lists(st.one_of(plain, early), min_size=16, max_size=20),
        st.lists(st.one_of(plain, other), min_size=1, max_size=40),
    )
)
def test_the_short_way_finds_what_the_long_way_finds(contents: list[Content]) -> None:
    batch = Author().batch(*contents)
    priority, kinds, marks = survey(batch)
    assert (priority, kinds, set(marks)) == slowly(batch)


def test_a_flood_of_plain_notices_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Author().batch(*[f"line {n} of the build" for n in range(512)])
    monkeypatch.setattr("notify_tui.log.marks.decode_contents", None)
    assert survey(batch) == (Priority.NORMAL, KIND_BITS["notice"], ())


def test_direct_events_bear_their_topic() -> None:
    topic = "@" + "a" * 16
    batch = Author(topic).batch("for you", "and this")
    assert survey(batch).marks == (
        Marked(Mark.DIRECT, topic, 0),
        Marked(Mark.DIRECT, topic, 1),
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Ana, look", {"ana"}),
        ("(@ana@desk.) and @bob-2:", {"ana@desk", "bob-2"}),
        ("write to ana@desk.lan", set()),
        ("@ @@ @. -@x", set()),
        ("@" + "x" * 65, set()),
        (" ".join(f"@n{number}" for number in range(20)), {f"n{number}" for number in range(8)}),
    ],
)
def test_a_mention_is_a_name_behind_an_at_sign(text: str, names: set[str]) -> None:
    assert mentions(text) == names


def test_what_a_newer_peer_invents_fits_in() -> None:
    odd = Content(NOON, kind="hologram", priority=99, reply_to="x" * 1000)
    assert survey(Author().batch(odd)) == (
        Priority.URGENT,
        OTHER_KIND,
        (Marked(Mark.URGENT, "", 0),),
    )
