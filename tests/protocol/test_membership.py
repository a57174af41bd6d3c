from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.protocol.membership import TABLE, Follow, Life, Sign, Step, step


@pytest.mark.parametrize(("life", "sign"), list(product(Life, Sign)))
def test_every_pair_that_is_not_in_the_table_changes_nothing(life: Life, sign: Sign) -> None:
    assert step(life, sign) == TABLE.get((life, sign), Step(life))


@given(st.lists(st.sampled_from(Sign)))
def test_only_a_hello_makes_a_peer_known_to_be_here(signs: list[Sign]) -> None:
    life = Life.FOUND
    for sign in signs:
        life = step(life, sign).life
    if Sign.HELLO not in signs:
        assert life is Life.FOUND


@given(st.lists(st.sampled_from(Sign)))
def test_joins_and_ends_alternate(signs: list[Sign]) -> None:
    life, here = Life.FOUND, False
    for sign in signs:
        life, follow = step(life, sign)
        if follow is Follow.JOIN:
            assert not here
            here = True
        elif follow in (Follow.LOSE, Follow.LEAVE):
            assert here
            here = False
    assert here == (life in (Life.ALIVE, Life.SUSPECT))


@pytest.mark.parametrize("life", Life)
def test_a_peer_that_left_or_was_lost_comes_back_with_a_hello_only(life: Life) -> None:
    gone = life in (Life.LOST, Life.LEFT)
    assert (step(life, Sign.HEARD).life is not Life.ALIVE) == (gone or life is Life.FOUND)
    assert step(life, Sign.HELLO).life is Life.ALIVE
