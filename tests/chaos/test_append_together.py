"""The write path: whatever one sender sends, the others of its group are appended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import dramatiq
import pytest
import redis
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.accept import Accept
from api_gateway.appender import Appender, connected
from api_gateway.limits import WriteLimits
from api_gateway.limits.undecided import Undecided
from api_gateway.problems import Problem
from runtime.bell import Bell
from runtime.clock import Clock
from store.roles import GATEWAY
from tests.support.database import PARTITIONS
from tests.support.factories import deep, entering
from tests.support.works import Works


@pytest.fixture
async def accept(works: Works) -> AsyncIterator[Accept]:
    """The write path of a gateway on the store of `works`."""
    url, client = works.database.url(GATEWAY), redis.Redis.from_url(works.redis_url)
    bell = Bell(client, dramatiq.get_broker(), [])
    async with AsyncConnectionPool(url, min_size=1, open=False) as pool:
        appender, limits = Appender("tests", partial(connected, url), Clock()), WriteLimits(client, Clock())
        made = Accept(appender, bell, PARTITIONS, limits, Undecided(pool, 1_000, 1_000), Clock())
        yield made
        await made.stop()
    bell.stop()


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
