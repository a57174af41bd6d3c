"""The mailbox: any thread posts, one is woken and takes."""

import select
import threading

from notify_tui.node.mailbox import Mailbox


def wakes(mailbox: Mailbox[int], seconds: float = 0) -> bool:
    return bool(select.select([mailbox], [], [], seconds)[0])


def test_what_is_posted_is_taken_in_order_and_once() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.post(1)
    mailbox.post(2)
    assert len(mailbox) == 2
    assert mailbox.take() == [1, 2]
    assert mailbox.take() == []
    mailbox.close()


def test_it_wakes_while_there_is_something_to_take_and_no_longer() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert not wakes(mailbox)
    mailbox.post(1)
    mailbox.post(2)
    assert wakes(mailbox)
    mailbox.take()
    assert not wakes(mailbox)
    mailbox.post(3)
    assert wakes(mailbox)
    mailbox.close()


def test_nothing_is_lost_between_threads_that_post_and_one_that_sleeps_until_woken() -> None:
    mailbox: Mailbox[int] = Mailbox()
    numbers = 5_000

    def post() -> None:
        for number in range(numbers):
            mailbox.post(number)

    posters = [threading.Thread(target=post) for _ in range(3)]
    for poster in posters:
        poster.start()
    taken: list[int] = []
    while len(taken) < 3 * numbers:
        assert wakes(mailbox, 10)
        taken += mailbox.take()
    for poster in posters:
        poster.join()
    assert sorted(taken) == sorted(list(range(numbers)) * 3)
    mailbox.close()


def test_what_comes_after_the_close_is_dropped() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.close()
    mailbox.close()
    mailbox.post(1)
    assert len(mailbox) == 0
