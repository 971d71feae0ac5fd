"""One thread talks to a server that may never answer; nobody else waits for it long."""

import threading
import time
from collections.abc import Iterator

import pytest

from runtime.spokesman import MOST_ASKED, OVERDUE_SECONDS, REST_SECONDS, DeclinedError, Spokesman, UnansweredError
from tests.support.servers import wait_until


@pytest.fixture
def spokesman() -> Iterator[Spokesman]:
    """One who has nothing to do while nothing is asked."""
    one = Spokesman("tests", lambda: None, idle_seconds=0.01)
    yield one
    one.stop(5)


def fails() -> None:
    """An errand that does not succeed."""
    raise OSError("gone")


def is_declined() -> None:
    """An errand that meets with a no."""
    raise DeclinedError("not to be had")


def answers(spokesman: Spokesman) -> bool:
    """Whether an errand is run."""
    try:
        return spokesman.run(lambda: True, 1)
    except UnansweredError:
        return False


def test_an_errand_is_run_by_another_thread_and_its_answer_comes_back(spokesman: Spokesman) -> None:
    assert spokesman.run(threading.current_thread, 1) is not threading.current_thread()


def test_after_a_failure_it_rests_and_then_goes_again(spokesman: Spokesman) -> None:
    with pytest.raises(UnansweredError, match="gone"):
        spokesman.run(fails, 1)
    began = time.monotonic()
    with pytest.raises(UnansweredError, match="just now"):
        spokesman.run(lambda: True, 1)
    wait_until(lambda: answers(spokesman))
    assert time.monotonic() - began > REST_SECONDS / 2


def test_whoever_is_declined_keeps_nobody_else_from_asking(spokesman: Spokesman) -> None:
    for _ in range(3):
        with pytest.raises(DeclinedError, match="not to be had"):
            spokesman.run(is_declined, 1)
        assert spokesman.run(lambda: True, 1)


def test_while_an_errand_is_overdue_nobody_else_waits(spokesman: Spokesman) -> None:
    go = threading.Event()
    with pytest.raises(UnansweredError, match="no answer"):
        spokesman.run(go.wait, OVERDUE_SECONDS + 0.1)
    began = time.monotonic()
    with pytest.raises(UnansweredError, match="just now"):
        spokesman.run(lambda: True, 5)
    assert time.monotonic() - began < 2.5
    go.set()
    wait_until(lambda: answers(spokesman))


def test_what_nobody_waits_for_any_more_is_not_done(spokesman: Spokesman) -> None:
    go, done = threading.Event(), []
    for errand in (go.wait, lambda: done.append(1)):
        with pytest.raises(UnansweredError, match="no answer"):
            spokesman.run(errand, 0.05)
    go.set()
    wait_until(lambda: answers(spokesman))
    assert done == []


def test_only_so_much_is_asked_of_it(spokesman: Spokesman) -> None:
    go = threading.Event()
    asking = [threading.Thread(target=answers, args=(spokesman,)) for _ in range(MOST_ASKED)]
    with pytest.raises(UnansweredError, match="no answer"):
        spokesman.run(go.wait, 0.01)
    for thread in asking:
        thread.start()
    wait_until(spokesman._asked.full)
    with pytest.raises(UnansweredError, match="too much"):
        spokesman.run(lambda: True, 1)
    go.set()
    for thread in asking:
        thread.join()


def test_while_nothing_is_asked_it_shows_that_it_lives() -> None:
    lived = threading.Event()
    one = Spokesman("tests", lived.set, idle_seconds=0.01)
    one.run(lambda: True, 1)
    assert lived.wait(5)
    one.stop(5)
