"""Whatever waits is found, though nobody was rung for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq

from runtime.bell import actor_of
from runtime.broker import RedisRinger
from store.command_log import Place, lock
from store.roles import SCHEDULER
from tests.support.factories import entering
from tests.support.processes import running_scheduler
from tests.support.servers import wait_until
from tests.support.works import Works, close, place_of
from workers.drain import Round
from workers.sweeper import Sweeper


class Rung(list[Place]):
    """Notes who was rung."""

    def __call__(self, topic: str, part: int) -> None:
        """Ring."""
        self.append(Place(topic, part))


@contextmanager
def sweeping(works: Works) -> Iterator[tuple[Sweeper, Rung]]:
    """A sweeper and what it rang."""
    engine, rung = works.database.engine(SCHEDULER, pool=1), Rung()
    yield Sweeper(engine, rung, None), rung
    engine.dispose()


def strikes(works: Works) -> int:
    """All strikes there are."""
    counted = works.value("SELECT sum(strikes) FROM log_partition")
    assert isinstance(counted, int)
    return counted


def test_what_waits_for_over_half_a_second_is_rung_and_gets_a_strike(works: Works) -> None:
    queue = works.queue()
    works.append([entering(queue)])
    with sweeping(works) as (sweeper, rung):
        sweeper()
        assert rung == []
        works.database.advance("0.6 s")
        sweeper()
        assert rung == [place_of(queue)]
        assert strikes(works) == 1
        sweeper()
        assert strikes(works) == 1
        works.database.advance("0.6 s")
        sweeper()
        assert (rung, strikes(works)) == ([place_of(queue)] * 2, 2)


def test_a_clean_drain_takes_the_strikes_back(works: Works) -> None:
    queue = works.queue()
    works.append([entering(queue)])
    works.database.advance("1 s")
    with sweeping(works) as (sweeper, _):
        sweeper()
    assert works.drain.round(place_of(queue)) is Round.DECIDED
    assert strikes(works) == 0


def test_three_strikes_make_the_drain_careful(works: Works) -> None:
    queue = works.queue()
    people = [entering(queue) for _ in range(3)]
    works.append(people)
    with sweeping(works) as (sweeper, _):
        for _ in range(3):
            works.database.advance("1 s")
            sweeper()
    assert works.drain.round(place_of(queue)) is Round.STRUCK
    assert works.waiting() == []
    assert strikes(works) == 0
    assert works.value("SELECT count(*) FROM journal WHERE aggregate_id = %s", queue.id) == 3


def test_strikes_are_forgiven_where_nothing_waits(works: Works) -> None:
    works.rows("UPDATE log_partition SET strikes = 3")
    with sweeping(works) as (sweeper, rung):
        sweeper()
    assert (rung, strikes(works)) == ([], 0)


def test_a_partition_that_is_being_drained_is_left_alone(works: Works) -> None:
    queue = works.queue()
    works.append([entering(queue)])
    works.database.advance("1 s")
    with sweeping(works) as (sweeper, rung), works.worker.begin() as connection:
        assert lock(connection, place_of(queue)) is not None
        sweeper()
        assert rung == []


def test_a_command_that_nobody_was_rung_for_is_decided(works: Works, redis_server: str) -> None:
    queue = works.queue()
    broker = RedisRinger(redis_server)
    declare = dramatiq.actor(actor_name=actor_of("queue"), queue_name="queue", max_retries=0, broker=broker)
    declare(works.drain.__call__)
    worker = dramatiq.Worker(broker, worker_threads=2, worker_timeout=20)
    with running_scheduler(works.database, redis_server):
        worker.start()
        works.append([entering(queue)])
        wait_until(lambda: works.waiting() == [], seconds=30)
        worker.stop()
    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 1
    broker.close()
    close(broker.client)
