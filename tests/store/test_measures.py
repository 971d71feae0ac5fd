"""What is counted of a stretch of time: exactly those who entered in it, found without reading the others."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from domain.queue.state import Queue
from store.reads import measures
from store.reads.base import Reader
from store.reads.measures import Stretch
from store.roles import GATEWAY
from tests.support.database import TestDatabase, fresh_database
from tests.support.factories import make_queue

MANY, STEP = 3000, timedelta(seconds=1)
_ENTER = """
INSERT INTO queue_entry (tenant_id, id, queue_id, consumer_id, ticket, first_ticket, entered_at, received_at, status,
    quantity, version, grant_id, granted_at, expires_at, validations, out_of_turn, requeues)
SELECT %(tenant)s, gen_random_uuid(), %(queue)s, md5((nth %% 2900)::text)::uuid,
  CASE WHEN nth %% 10 = 0 THEN %(many)s + nth ELSE nth END, nth, %(start)s + nth * interval '1 second',
  %(start)s + nth * interval '1 second', 'GRANTED', 1, 1, gen_random_uuid(),
  %(start)s + nth * interval '2 seconds', ledger_now(), 0, false, CASE WHEN nth %% 10 = 0 THEN 1 ELSE 0 END
FROM generate_series(0, %(many)s - 1) AS nth"""


@pytest.fixture(scope="module")
def crowd(postgres_server: str) -> Iterator[tuple[TestDatabase, Queue]]:
    """A queue that somebody entered every second; every tenth went to the back of the line once."""
    with fresh_database(postgres_server) as store:
        engine = store.engine()
        with engine.begin() as connection:
            queue = make_queue(connection)
        engine.dispose()
        with psycopg.connect(store.owner, autocommit=True) as owner:
            told = {"tenant": queue.tenant_id, "queue": queue.id, "many": MANY, "start": queue.created_at}
            owner.execute("DROP INDEX queue_entry_live")  # because people come twice here while they hold a grant
            owner.execute(_ENTER, told)
            owner.execute("UPDATE queue SET tickets = %s", (2 * MANY,))
            owner.execute("ANALYZE queue_entry")
        yield store, queue


def counted(crowd: tuple[TestDatabase, Queue], since: datetime | None, until: datetime | None, **how: Any) -> Any:
    """What the gateway counts."""
    store, queue = crowd

    async def asked() -> Any:
        async with AsyncConnectionPool(store.url(GATEWAY), min_size=1, open=False) as pool:
            return await measures.of_queue(Reader(pool, queue.tenant_id), queue.id, Stretch(since, until, **how))

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("first", "last"), [(0, MANY), (0, 1), (1, 2), (995, 1005), (10, 11), (2999, 3000), (500, 500)]
)
def test_a_stretch_counts_exactly_those_who_entered_in_it(
    crowd: tuple[TestDatabase, Queue], first: int, last: int
) -> None:
    start = crowd[1].created_at
    told = counted(crowd, start + first * STEP, start + last * STEP)
    again = sum(nth % 10 == 0 for nth in range(first, last))
    assert (told["entries"], told["grants"], told["expired"]) == (last - first, last - first + again, again)
    assert told["uniqueEntrants"] == len({nth % 2900 for nth in range(first, last)})


@pytest.mark.parametrize(
    ("since", "until", "entries"), [(None, 7, 7), (7, None, MANY - 7), (-9, 9999, MANY), (9999, None, 0)]
)
def test_a_stretch_may_have_one_bound_or_none_that_matters(
    crowd: tuple[TestDatabase, Queue], since: int | None, until: int | None, entries: int
) -> None:
    bounds = [None if one is None else crowd[1].created_at + one * STEP for one in (since, until)]
    assert counted(crowd, *bounds)["entries"] == entries
    assert counted(crowd, None, None)["entries"] == MANY


def test_parts_have_what_entered_in_them(crowd: tuple[TestDatabase, Queue]) -> None:
    start = crowd[1].created_at
    told = counted(crowd, start + 30 * STEP, start + 150 * STEP, part="minute")["series"]
    assert [(one["entries"], one["expired"]) for one in told] == [(30, 3), (60, 6), (30, 3)]


def test_waits_are_told_to_within_one_in_a_hundred(crowd: tuple[TestDatabase, Queue]) -> None:
    told = counted(crowd, None, None)["waitSeconds"]
    assert told["p50"] == pytest.approx(MANY / 2, rel=0.01)
    assert told["p95"] == pytest.approx(MANY * 0.95, rel=0.01)
    assert told["max"] == MANY - 1


def test_a_short_stretch_of_a_long_line_reads_no_more_than_itself(crowd: tuple[TestDatabase, Queue]) -> None:
    store, queue = crowd
    with psycopg.connect(store.url(GATEWAY)) as gateway:
        gateway.execute("SELECT set_config('drumroll.tenant', %s, true)", (str(queue.tenant_id),))
        moment = {"moment": queue.created_at + 1000 * STEP, "tenant": queue.tenant_id, "queue": queue.id}
        assert gateway.execute(measures._FIRST_SINCE, moment).fetchone() in {(1000,), (1001,)}
        bounds = {"first": 1000, "last": 1010, "since": moment["moment"], "until": moment["moment"] + 10 * STEP}
        values = {"part": None, "minute_ago": moment["moment"]} | bounds | moment
        plan = "\n".join(line for (line,) in gateway.execute(b"EXPLAIN " + measures._COUNTS.as_bytes(None), values))
    assert "queue_entry_ticket" in plan
    assert "queue_entry_requeued" in plan
    assert "Seq Scan" not in plan


def test_another_tenant_counts_nothing(crowd: tuple[TestDatabase, Queue]) -> None:
    store, queue = crowd
    other = (store, Queue(**{name: getattr(queue, name) for name in queue.__slots__} | {"tenant_id": UUID(int=9)}))
    assert counted(other, None, None)["entries"] == 0
