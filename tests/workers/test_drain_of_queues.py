"""The drain on real servers, where nothing goes wrong."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.queue.commands import EnterQueue, LeaveQueue
from store.database import AWAY
from tests.support.factories import entering, sent
from tests.support.works import Works, place_of
from workers.drain import Round


def test_twenty_people_join_in_one_commit(works: Works) -> None:
    queue = works.queue()
    people = [entering(queue) for _ in range(20)]
    works.append(people)

    assert works.drain.round(place_of(queue)) is Round.DECIDED

    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 20
    assert works.outcomes(queue, [one.id for one in people]).keys() == {one.id for one in people}
    assert works.waiting() == []
    assert works.drain.round(place_of(queue)) is Round.EMPTY


def test_gateways_hear_of_whoever_comes_back_but_not_of_whoever_comes(works: Works) -> None:
    queue, person = works.queue(open_at=datetime.now(UTC) + timedelta(days=1), entry_open_at=datetime.now(UTC)), uuid4()
    for command in (
        EnterQueue(queue_id=queue.id, consumer_id=person),
        LeaveQueue(queue_id=queue.id, consumer_id=person),
        EnterQueue(queue_id=queue.id, consumer_id=person),
    ):
        works.append([sent(queue, command)])
        works.settle()

    told = works.rows("SELECT changed FROM journal WHERE aggregate_id = %s ORDER BY at", queue.id)
    assert [list(row.changed) for row in told] == [[], [person], [person]]


def test_a_migration_under_workers_that_run_buries_nothing(works: Works) -> None:
    queue = works.queue()
    for _ in range(3):
        works.append([entering(queue)])
        works.settle()
    works.rows("ALTER TABLE queue ADD COLUMN of_a_later_version int")
    works.append([entering(queue) for _ in range(12)])
    until = time.monotonic() + 30
    while works.waiting() and time.monotonic() < until:
        with suppress(*AWAY):
            works.drain.round(place_of(queue))
    assert works.value("SELECT count(*) FROM dead_command") == 0
    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 15
