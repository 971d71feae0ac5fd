"""A process that decides dies before and after every operation; a healthy one finds what was left and finishes it."""

from collections import Counter
from functools import partial
from uuid import UUID

import pytest

from domain.queue.commands import LeaveQueue
from domain.queue.state import Queue
from store.roles import WORKER
from tests.support.crashes import Death, Seams, die_everywhere, in_child
from tests.support.factories import entering, sent
from tests.support.recovery import recover
from tests.support.works import Works, new_drain, place_of


def drain_and_die(works: Works, queue: Queue, death: Death) -> int:
    """One round in a process that dies; returns its exit status."""

    def act() -> None:
        engine, seams = works.database.engine(WORKER), Seams(death)
        with new_drain(engine, works.redis_url) as drain, engine.connect():
            seams.watch_postgres()
            seams.watch_redis()
            drain.round(place_of(queue))

    return in_child(act)


def crowd(works: Works, size: int) -> tuple[Queue, list[UUID]]:
    """A queue and a batch: people who join, one who leaves at once, one with a key. In a crowd some come twice."""
    queue = works.queue(admit_rate=60)
    people = [entering(queue) for _ in range(size)]
    goes = people[-1].body.consumer_id
    leaves = sent(queue, LeaveQueue(queue_id=queue.id, consumer_id=goes))
    keyed = entering(queue, keyed="fingerprint")
    works.append([*people, leaves, keyed, *([people[0], keyed] if size > 1 else [])])
    return queue, [one.id for one in (*people, keyed, leaves)]


def assert_as_the_model(works: Works, queue: Queue, commands: list[UUID]) -> None:
    """Every command has exactly one effect and one outcome, and nothing is left."""
    *entered, _ = commands
    entries = works.rows("SELECT id, ticket, status FROM queue_entry WHERE queue_id = %s ORDER BY ticket", queue.id)
    assert [one.id for one in entries] == entered
    assert [one.ticket for one in entries] == list(range(len(entered)))
    are = Counter(one.status for one in entries)
    line = works.rows("SELECT tickets, waiting, inside, knock_at FROM queue WHERE id = %s", queue.id)[0]
    assert (line.tickets, line.waiting, line.inside) == (len(entered), are["QUEUED"], are["GRANTED"])
    assert (are["LEFT"], are["QUEUED"] + are["GRANTED"]) == (1, len(entered) - 1)
    assert works.rows("SELECT due_at FROM timer WHERE aggregate_id = %s", queue.id) == [(line.knock_at,)]
    assert_told_once(works, queue, commands)
    assert works.waiting() == []
    assert works.value("SELECT count(*) FROM dead_command") == 0
    assert works.value("SELECT sum(strikes) FROM log_partition") == 0


def assert_told_once(works: Works, queue: Queue, commands: list[UUID]) -> None:
    """The journal has one outcome of each command; a repeat without a key may be there twice, having found its row."""
    pages = works.rows("SELECT command_ids, replies, events FROM journal WHERE aggregate_id = %s", queue.id)
    decided = Counter(one for page in pages for one in page.command_ids)
    assert decided in (Counter(commands), Counter([*commands, commands[0]]))
    assert all("refused" not in reply for page in pages for reply in page.replies)
    happened = Counter(event["type"] for page in pages for event in page.events)
    assert (happened["queue.consumer.entered"], happened["queue.consumer.left"]) == (len(commands) - 1, 1)


@pytest.mark.timeout(300)
def test_a_drain_that_dies_anywhere_loses_nothing_and_doubles_nothing(works: Works) -> None:
    assert die_everywhere(partial(one_death, works, strikes=0, size=8)) > 15


@pytest.mark.timeout(300)
def test_a_careful_drain_that_dies_anywhere_loses_nothing_and_doubles_nothing(works: Works) -> None:
    assert die_everywhere(partial(one_death, works, strikes=3, size=1)) > 30


def one_death(works: Works, death: Death, *, strikes: int, size: int) -> int:
    """A crowd, a worker that dies over it, and what is left in the end."""
    queue, commands = crowd(works, size)
    works.rows("UPDATE log_partition SET strikes = %s WHERE part = %s", strikes, place_of(queue).part)
    status = drain_and_die(works, queue, death)
    recover(works)
    assert_as_the_model(works, queue, commands)
    return status
