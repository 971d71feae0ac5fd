"""While Redis is away nobody is rung, and what waits is decided all the same."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from cli.system.ports import free_ports
from runtime.bell import Bell
from runtime.broker import broker_at, redis_client, takes_writes
from runtime.embedded import EmbeddedRedis
from store.command_log import MOST_ROWS, lock
from tests.support.database import TestDatabase
from tests.support.factories import entering
from tests.support.servers import running_redis, wait_until
from tests.support.works import Works, close, place_of, works_on
from workers import drain
from workers.drain import Round
from workers.unrung import AWAY_SECONDS, FIRST_PAUSE, LONGEST_PAUSE, PROBE_SECONDS, Unrung

TOPICS = ("queue",)


@pytest.fixture
def doorbell() -> Iterator[EmbeddedRedis]:
    """A Redis that may be stopped."""
    with running_redis() as server:
        yield server


@pytest.fixture
def works(store: TestDatabase, doorbell: EmbeddedRedis) -> Iterator[Works]:
    """A store and a drain by this Redis."""
    with works_on(store, doorbell.url) as made:
        yield made


@pytest.fixture
def look(works: Works, doorbell: EmbeddedRedis) -> Iterator[Unrung]:
    """A worker's look-out."""
    client = redis_client(doorbell.url, timeout=0.25)
    yield Unrung(works.drain, TOPICS, [partial(takes_writes, client)])
    close(client)


def test_where_redis_answers_whoever_is_rung_does_the_work(works: Works, look: Unrung) -> None:
    works.append([entering(works.queue())])
    assert look() == PROBE_SECONDS
    assert works.waiting() != []


def test_what_waits_is_decided_once_redis_was_away_for_over_a_second(
    works: Works, look: Unrung, doorbell: EmbeddedRedis
) -> None:
    queue = works.queue()
    doorbell.stop()
    works.append([entering(queue) for _ in range(3)])
    began = time.monotonic()
    assert look() == PROBE_SECONDS
    assert works.waiting() != []
    wait_until(lambda: look() != PROBE_SECONDS)
    assert time.monotonic() - began > AWAY_SECONDS
    assert works.waiting() == []
    assert works.value("SELECT count(*) FROM queue_entry WHERE queue_id = %s", queue.id) == 3


def test_however_few_commands_a_row_has_no_rest_is_taken_while_rows_are_left(
    works: Works, look: Unrung, doorbell: EmbeddedRedis
) -> None:
    queue = works.queue()
    doorbell.stop()
    for _ in range(MOST_ROWS + 1):
        works.append([entering(queue)])
    assert look.drain_waiting() == {Round.FULL}
    assert len(works.waiting()) == 1
    assert look.drain_waiting() == {Round.DECIDED}
    assert works.waiting() == []


def test_it_looks_less_often_while_nothing_comes_and_at_once_more_often_when_something_does(
    works: Works, look: Unrung, doorbell: EmbeddedRedis
) -> None:
    queue = works.queue()
    doorbell.stop()
    wait_until(lambda: look() == LONGEST_PAUSE)
    works.append([entering(queue)])
    assert look() == FIRST_PAUSE


def test_it_rests_when_redis_is_back(works: Works, look: Unrung, doorbell: EmbeddedRedis) -> None:
    queue = works.queue()
    doorbell.stop()
    wait_until(lambda: look() == LONGEST_PAUSE)
    doorbell.start()
    works.append([entering(queue)])
    assert look() == PROBE_SECONDS
    doorbell.stop()
    assert look() == PROBE_SECONDS
    assert works.waiting() != []


def test_a_redis_that_hangs_is_as_good_as_away(works: Works, look: Unrung, doorbell: EmbeddedRedis) -> None:
    with redis_client(doorbell.url) as client:
        client.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
    works.append([entering(works.queue())])
    wait_until(lambda: look() != PROBE_SECONDS)
    assert works.waiting() == []


def test_a_partition_that_somebody_else_drains_is_left_to_him(works: Works, look: Unrung) -> None:
    queue = works.queue()
    works.append([entering(queue)])
    with works.worker.begin() as connection:
        assert lock(connection, place_of(queue)) is not None
        assert look.drain_waiting() == {Round.NOT_MINE}
    assert look.drain_waiting() == {Round.DECIDED}
    assert look.drain_waiting() == set()


def test_a_broker_that_takes_no_ring_is_as_good_as_a_redis_that_is_away(works: Works, doorbell: EmbeddedRedis) -> None:
    nowhere = broker_at(f"amqp://127.0.0.1:{free_ports(0, 1)[0]}")
    with redis_client(doorbell.url) as client:
        look = Unrung(works.drain, TOPICS, [partial(takes_writes, client), partial(nowhere.takes_rings, "queue")])
        works.append([entering(works.queue())])
        wait_until(lambda: look() != PROBE_SECONDS)
    assert works.waiting() == []
    nowhere.close()


@pytest.mark.parametrize("broker_url", ["redis://127.0.0.1:{}/0", "amqp://127.0.0.1:{}"])
def test_a_drain_that_was_there_for_long_leaves_in_peace_where_no_ring_gets_through(
    works: Works, doorbell: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch, broker_url: str
) -> None:
    monkeypatch.setattr(drain, "LONGEST_SECONDS", 0.0)
    client, nowhere = redis_client(doorbell.url), broker_at(broker_url.format(free_ports(0, 1)[0]))
    bell, queue = Bell(client, nowhere, TOPICS), works.queue()
    works.append([entering(queue)])
    place = place_of(queue)
    replace(works.drain, bell=bell)(place.topic, place.part)
    assert works.waiting() == [place]
    bell.stop()
    close(client)
    nowhere.close()


def test_every_way_of_a_ring_has_to_be_open(works: Works) -> None:
    took = {"redis": True, "queue": False}
    look = Unrung(works.drain, TOPICS, [lambda: took["redis"], lambda: took["queue"]])
    wait_until(lambda: look() == LONGEST_PAUSE)
    took["queue"] = True
    assert look() == PROBE_SECONDS
