"""The write path: whatever one sender sends, the others of its group are appended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import dramatiq
import pytest
import redis
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway import accept as accepts
from api_gateway.accept import Accept
from api_gateway.appender import Appender, connected
from api_gateway.limits import WriteLimits
from api_gateway.limits.undecided import Undecided
from api_gateway.problems import Problem
from domain.queue.state import Queue
from runtime.bell import Bell
from runtime.clock import Clock
from store.roles import GATEWAY
from tests.support.database import PARTITIONS
from tests.support.factories import deep, entering
from tests.support.works import Works

CEILING = 6


@asynccontextmanager
async def accepting(works: Works, most: int) -> AsyncIterator[Accept]:
    """The write path of a gateway on the store of `works`, where an organization may have `most` undecided."""
    url, client = works.database.url(GATEWAY), redis.Redis.from_url(works.redis_url)
    bell = Bell(client, dramatiq.get_broker(), [])
    async with AsyncConnectionPool(url, min_size=1, open=False) as pool:
        appender, limits = Appender("tests", partial(connected, url), Clock()), WriteLimits(client, Clock())
        made = Accept(appender, bell, PARTITIONS, limits, Undecided(pool, most, most), Clock())
        yield made
        await made.stop()
    bell.stop()


@pytest.fixture
async def accept(works: Works) -> AsyncIterator[Accept]:
    """A write path where nobody is at a ceiling."""
    async with accepting(works, 1_000) as made:
        yield made


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_what_cannot_be_written_fails_alone(works: Works, accept: Accept) -> None:
    queue = works.queue()
    good = [entering(queue) for _ in range(10)]
    asked = [accept(one, None) for one in (*good[:5], deep(good[0]), *good[5:])]
    with structlog.testing.capture_logs() as logged:
        ended = await asyncio.gather(*asked, return_exceptions=True)

    (problem,) = [one for one in ended if isinstance(one, BaseException)]
    assert isinstance(problem, Problem)
    assert (problem.status, problem.code) == (500, "INTERNAL_ERROR")
    assert [line["event"] for line in logged] == ["append.unwritable"]
    assert works.value("SELECT sum(n) FROM command_log") == len(good)


async def test_who_presses_waits_for_company_and_the_others_do_not_wait_for_them(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepts, "GATHER_SECONDS", 1.0)
    pressing, other = works.queue(), works.queue()
    async with accepting(works, CEILING) as accept:
        first = [accept.send(entering(pressing), None) for _ in range(CEILING)]
        with pytest.raises(Problem, match="OVERLOADED"):
            accept.send(entering(pressing), None)
        await asyncio.gather(*(one.appended() for one in first))
        works.settle()
        await refill(accept, pressing, other)
    assert works.value("SELECT max(n) FROM command_log WHERE aggregates[1] = %s", pressing.id) == CEILING // 2
    assert works.value("SELECT sum(n) FROM command_log") == 1 + CEILING // 2


async def refill(accept: Accept, pressing: Queue, other: Queue) -> None:
    """Half of what one may send, each a moment after the other, and one of somebody else in their midst, who is there first."""
    await accept._undecided.look()
    gathered = []
    for _ in range(CEILING // 2):
        gathered.append(accept.send(entering(pressing), None))
        await asyncio.sleep(0)
    await accept.send(entering(other), None).appended()
    assert not any(one.ended.is_set() for one in gathered)
    await asyncio.gather(*(one.appended() for one in gathered))
