"""The order of a small cohort, through the whole opening of the real worker: every order is as likely as any other."""

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import permutations
from math import factorial
from uuid import UUID

import pytest

from domain.queue.commands import EnterQueue
from domain.queue.state import Queue
from tests.support.factories import make_queue, make_sequence, sent
from tests.support.works import Works
from tests.workers.queue_room import firing_in

# Because the seeds follow from ids and instants, which are new in every run, the bound is one that chance passes once
# in a million runs: the quantile of chi-square with (size! - 1) degrees of freedom.
ONCE_IN_A_MILLION = {2: 23.93, 3: 35.89, 4: 70.55}
OPENINGS = {2: 60, 3: 120, 4: 264}
_TOLD = """
SELECT aggregate_id, event->>'consumerId' AS person FROM journal, json_array_elements(events) WITH ORDINALITY AS e(event, nth)
WHERE event->>'type' = 'queue.consumer.granted' ORDER BY seq, nth"""


def openings(works: Works, size: int) -> list[Queue]:
    """Queues that open in ten minutes, with so many people in each, who came one after the other."""
    with works.owner.begin() as connection:
        sequence = make_sequence(connection)
        opens = connection.exec_driver_sql("SELECT ledger_now()").scalar_one() + timedelta(minutes=10)
        queues = [make_queue(connection, sequence, open_at=opens) for _ in range(OPENINGS[size])]
    people = [UUID(int=number) for number in range(size)]
    works.append([sent(one, EnterQueue(queue_id=one.id, consumer_id=person)) for one in queues for person in people])
    works.settle()
    return queues


def orders(works: Works, queues: list[Queue]) -> Counter[tuple[int, ...]]:
    """Open the queues by their timers; how often which order came about."""
    works.database.advance("10 minutes")
    with firing_in(works) as firing:
        while firing() == 0.0:
            works.settle()
    works.settle()
    told = defaultdict[UUID, list[int]](list)
    for row in works.rows(_TOLD):
        told[row.aggregate_id].append(UUID(row.person).int)
    return Counter(tuple(told[queue.id]) for queue in queues)


@pytest.mark.parametrize("size", OPENINGS)
def test_every_order_of_a_small_cohort_is_as_likely_as_any_other(works: Works, size: int) -> None:
    counted = orders(works, openings(works, size))
    assert set(counted) <= set(permutations(range(size)))
    expected = OPENINGS[size] / factorial(size)
    distance = sum((counted[order] - expected) ** 2 / expected for order in permutations(range(size)))
    assert distance < ONCE_IN_A_MILLION[size], counted
