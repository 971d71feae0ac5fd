"""A command that makes workers send it on again and again is kept for the operator, and nobody else notices."""

from typing import Any

import pytest

from domain.command import MOST_HOPS, Envelope
from domain.decision import Decision, Refused, Reply
from domain.queue.commands import KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from store import dead
from store.dead import Retried
from store.work import Work
from tests.support.database import PARTITIONS
from tests.support.factories import entering, sent
from tests.support.faults import handled_by
from tests.support.works import Works, place_of
from workers import careful

ROUNDS = 3 * MOST_HOPS


def goes_in_a_circle(work: Work, sent: Envelope[Any], times: Times) -> Reply | Refused:
    """A knock that is sent on to its own queue."""
    work.save(Decision(Reply(), follow_ups=(KnockQueue(queue_id=sent.body.queue_id),)))
    return Reply()


@pytest.fixture
def queue(works: Works, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """A queue whose knocks go in a circle."""
    handled_by(monkeypatch, KnockQueue, goes_in_a_circle)
    return works.queue()


def few_rounds(works: Works) -> int:
    """Drain while something waits, for so many rounds; returns how many it took."""
    for gone in range(ROUNDS):
        places = works.waiting()
        if not places:
            return gone
        for place in places:
            works.drain.round(place)
    return ROUNDS


def test_a_circle_of_commands_ends_after_its_hops_and_the_others_are_decided(works: Works, queue: Queue) -> None:
    people = [entering(queue) for _ in range(100)]
    first = sent(queue, KnockQueue(queue_id=queue.id))
    works.append([*people[:50], first, *people[50:]])

    assert few_rounds(works) == MOST_HOPS + 1

    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 100
    assert works.outcomes(queue, [first.id])[first.id].get("refused") is None
    (buried,) = works.rows("SELECT id, type, error, envelope FROM dead_command")
    assert (buried.type, buried.error) == (KnockQueue.type, f"Astray: sent on {MOST_HOPS} times")
    assert works.rows("SELECT dedupe_key FROM outbox") == [(f"command.buried:{buried.id}",)]


def test_careful_mode_sends_on_no_further(works: Works, queue: Queue) -> None:
    works.append([sent(queue, KnockQueue(queue_id=queue.id))])
    for _ in range(MOST_HOPS + 1):
        assert careful.oldest_batch(works.drain, place_of(queue))
    assert works.waiting() == []
    assert works.value("SELECT count(*) FROM dead_command") == 1


def test_what_an_operator_sends_again_may_be_sent_on_as_often_as_what_is_new(works: Works, queue: Queue) -> None:
    works.append([sent(queue, KnockQueue(queue_id=queue.id))])
    few_rounds(works)
    (buried,) = works.rows("SELECT id FROM dead_command")
    with works.owner.begin() as connection:
        assert dead.retry(connection, buried.id, PARTITIONS) is Retried.APPENDED
    assert few_rounds(works) == MOST_HOPS + 1
    assert works.value("SELECT count(*) FROM dead_command") == 1
    assert works.value("SELECT id FROM dead_command") != buried.id
