"""Who was seen is told to the ledger, if not at once then as soon as it takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

import redis.asyncio
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.accept import Accept
from api_gateway.appender import Appender, connected
from api_gateway.limits import WriteLimits
from api_gateway.limits.undecided import Undecided
from api_gateway.live.line import Line
from api_gateway.live.lines import Lines
from api_gateway.live.presence import Presence
from domain.command import Envelope
from domain.queue.commands import NotePresence
from domain.queue.config import QueueConfig
from runtime.clock import Clock
from store.roles import GATEWAY
from store.wire import arrays, decode
from tests.support.database import PARTITIONS
from tests.support.works import Works


@asynccontextmanager
async def presence(works: Works, *, most_undecided: int) -> AsyncIterator[Presence]:
    """What tells of presence, in a gateway that lets so many undecided commands of a queue into the log."""
    url, clock = works.database.url(GATEWAY), Clock()
    async with AsyncConnectionPool(url, min_size=1, open=False) as pool, redis.asyncio.Redis() as unused:
        undecided = Undecided(pool, 1_000, most_undecided)
        appender, limits = Appender("tests", partial(connected, url), clock), WriteLimits(works.redis, clock)
        accept = Accept(appender, works.drain.bell, PARTITIONS, limits, undecided, clock)
        yield Presence(Lines(pool, unused, clock), accept, clock)
        await accept.stop()


def seen(works: Works, count: int) -> Line:
    """A queue in which so many people were seen."""
    queue = works.queue()
    return Line(queue.tenant_id, queue.id, seen={uuid4() for _ in range(count)})


def notes(works: Works) -> list[NotePresence]:
    """The notes that are in the log."""
    bodies = works.rows("SELECT body FROM command_log ORDER BY position")
    sent = [decode(one) for (body,) in bodies for one in arrays(body)]
    return [one.body for one in sent if isinstance(one, Envelope) and isinstance(one.body, NotePresence)]


def told(works: Works) -> set[UUID]:
    """Who is named in them."""
    return {entry_id for note in notes(works) for entry_id in note.entry_ids}


async def test_whoever_the_ledger_does_not_take_is_told_of_the_next_time(works: Works) -> None:
    line = seen(works, 250)
    everybody = set(line.seen)
    async with presence(works, most_undecided=2) as first:
        await first.tell_of(line)
        assert (len(told(works)), told(works) | line.seen) == (200, everybody)
        assert not any(note.listened for note in notes(works))
    latecomer = uuid4()
    line.seen.add(latecomer)
    async with presence(works, most_undecided=1_000) as later:
        await later.tell_of(line)
    assert (told(works), line.seen) == (everybody | {latecomer}, set())
    assert [note.listened for note in notes(works)] == [False, False, True]


async def test_what_the_ledger_can_never_take_is_let_go(works: Works) -> None:
    line = seen(works, 150)
    works.rows("ALTER TABLE command_log ADD CHECK (false)")
    async with presence(works, most_undecided=1_000) as broken:
        with structlog.testing.capture_logs() as logged:
            await broken.tell_of(line)
    assert [one["people"] for one in logged if one["event"] == "presence.dropped"] == [100, 50]
    assert line.seen == set()


async def test_a_gateway_tells_that_it_listened_until_everybody_can_have_been_missed(works: Works) -> None:
    queue, clock = works.queue(), Clock()
    asks = QueueConfig(name="Main door", admit_rate=600, idle_timeout_seconds=60)
    async with presence(works, most_undecided=1_000) as telling:
        line = Line(queue.tenant_id, queue.id, known=True, config=asks, settling=True, asked_at=clock.monotonic())
        telling._lines._known[queue.tenant_id, queue.id] = line
        await telling.tell_now()
        telling._lines._known.clear()
        await telling.tell_now()
        assert [(note.entry_ids, note.listened) for note in notes(works)] == [((), True), ((), True)]
        line.asked_at -= 90
        telling._lines._known[queue.tenant_id, queue.id] = line
        await telling.tell_now()
        telling._lines._known.clear()
        await telling.tell_now()
    assert len(notes(works)) == 3


async def test_of_a_queue_that_asks_for_no_signs_or_has_nobody_waiting_nothing_is_told(works: Works) -> None:
    queue, clock = works.queue(), Clock()
    asks = QueueConfig(name="Main door", admit_rate=600, idle_timeout_seconds=60)
    async with presence(works, most_undecided=1_000) as telling:
        line = Line(queue.tenant_id, queue.id, known=True, config=asks, settling=False, asked_at=clock.monotonic())
        telling._lines._known[queue.tenant_id, queue.id] = line
        await telling.tell_now()
        line.settling, line.config = True, asks.model_copy(update={"idle_timeout_seconds": None})
        await telling.tell_now()
    assert notes(works) == []


async def test_a_queue_that_nobody_asks_about_any_more_is_told_of_when_the_ledger_takes_it(works: Works) -> None:
    line = seen(works, 150)
    everybody = set(line.seen)
    async with presence(works, most_undecided=1) as telling:
        telling._owed = [line]
        await telling.tell_now()
        assert len(told(works)) == 100
        telling._accept._undecided = Undecided(telling._lines._pool, 1_000, 1_000)
        await telling.tell_now()
    assert told(works) == everybody
