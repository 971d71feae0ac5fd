"""What breaks in one of a gateway's endless tasks neither ends it nor leaves anybody without an answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import redis.asyncio
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api_gateway import process
from api_gateway.live.line import Line
from api_gateway.live.lines import Lines
from domain.queue.state import Queue
from runtime.clock import Clock
from store.roles import GATEWAY
from tests.support.servers import wait_until
from tests.support.works import Works


class Faulty(AsyncConnection[Any]):
    """A connection of a driver that has a bug, when it is told to have one."""

    broken = False

    def transaction(self, *args: Any, **named: Any) -> Any:
        """A transaction."""
        if Faulty.broken:
            raise ZeroDivisionError
        return super().transaction(*args, **named)


def on_lines(works: Works, act: Callable[[Lines], Awaitable[None]]) -> None:
    """The lines of a gateway, for as long as `act` takes."""

    async def run() -> None:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            works.database.url(GATEWAY), connection_class=Faulty, kwargs={"autocommit": True}, min_size=2, open=False
        )
        async with pool, redis.asyncio.Redis.from_url(works.redis_url) as client:
            await act(Lines(pool, client, Clock()))

    asyncio.run(run())


async def line_of(lines: Lines, queue: Queue) -> Line:
    """The line of a queue that is there."""
    line = await lines.found(queue.tenant_id, queue.id)
    assert line is not None
    return line


def pulled_since(line: Line, moment: float) -> bool:
    """Whether a line was pulled after this moment."""
    return line.pulled_at > moment


def test_a_queue_that_cannot_be_read_keeps_no_other_from_being_pulled(works: Works) -> None:
    bad, good = works.queue(), works.queue()

    async def act(lines: Lines) -> None:
        await line_of(lines, bad)
        line, pulling = await line_of(lines, good), asyncio.create_task(lines.pull())
        works.rows("""UPDATE queue SET config = '{"name": 5}' WHERE id = %s""", bad.id)
        for _ in range(2):
            await asyncio.to_thread(wait_until, partial(pulled_since, line, line.pulled_at))
        assert not pulling.done()
        pulling.cancel()

    on_lines(works, act)


def test_a_queue_with_a_setting_of_a_newer_program_is_shown(works: Works) -> None:
    queue = works.queue()
    works.rows("""UPDATE queue SET config = config || '{"brandNew": 1}' WHERE id = %s""", queue.id)

    async def act(lines: Lines) -> None:
        assert (await line_of(lines, queue)).config == queue.config

    on_lines(works, act)


def test_whoever_waits_for_a_participation_is_told_when_it_cannot_be_read(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = works.queue()

    async def act(lines: Lines) -> None:
        line = await line_of(lines, queue)
        monkeypatch.setattr(Faulty, "broken", True)
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(lines.standing(line, uuid4()), 5)
        monkeypatch.setattr(Faulty, "broken", False)
        assert (await lines.standing(line, uuid4())).status == "NOT_QUEUED"

    on_lines(works, act)


def test_a_task_that_ends_or_breaks_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "AGAIN_SECONDS", 0.0)
    begun: list[int] = []

    async def fragile(going_on: asyncio.Event) -> None:
        begun.append(len(begun))
        if begun == [0]:
            return
        if begun == [0, 1]:
            raise ZeroDivisionError
        going_on.set()
        await asyncio.Event().wait()

    async def run() -> None:
        going_on = asyncio.Event()
        kept = asyncio.create_task(process.kept_going(lambda: fragile(going_on)))
        await asyncio.wait_for(going_on.wait(), 5)
        kept.cancel()
        with suppress(asyncio.CancelledError):
            await kept
        assert kept.cancelled()

    asyncio.run(run())
    assert begun == [0, 1, 2]
