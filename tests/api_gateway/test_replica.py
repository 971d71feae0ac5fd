"""Long reads go to a replica that has everything which was acknowledged, and to the primary where none has."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from api_gateway import replica
from api_gateway.process import _pool
from api_gateway.replica import Replica
from runtime.clock import Clock
from store.reads.base import Reader
from tests.support.servers import query, wait_until
from tests.support.standby import Pair, running_pair

WHO = "SELECT pg_is_in_recovery() AS replica, (SELECT count(*) FROM kept) AS rows"


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    """A primary and its standby, with a table to read; the last test promotes the standby."""
    with running_pair(keeps=False) as started:
        query(started.primary.url, "CREATE TABLE kept (word text)")
        yield started


@pytest.fixture
def pair(both: Pair) -> Pair:
    """Both, with nothing in the table and nothing left to replay."""
    query(both.primary.url, "TRUNCATE kept")
    query(both.standby.url, "SELECT pg_wal_replay_resume()")
    wait_until(lambda: caught_up(both))
    return both


def caught_up(pair: Pair) -> bool:
    """Whether the standby has all that the primary has."""
    (reached,) = query(pair.primary.url, "SELECT sent_lsn = replay_lsn FROM pg_stat_replication") or [(False,)]
    return reached == (True,)


@asynccontextmanager
async def pools(pair: Pair) -> AsyncIterator[tuple[AsyncConnectionPool, AsyncConnectionPool]]:
    """A gateway's pools on both."""
    primary, standby = _pool(pair.primary.url), _pool(pair.standby.url, least=0)
    await primary.open()
    await standby.open()
    try:
        yield primary, standby
    finally:
        await standby.close()
        await primary.close()


class AheadClock(Clock):
    """A clock by which more time passes when a test says so."""

    ahead = 0.0

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return super().monotonic() + self.ahead


@pytest.fixture
def clock() -> AheadClock:
    """The gateway's."""
    return AheadClock()


@pytest.fixture
async def reader(pair: Pair, clock: AheadClock) -> AsyncIterator[Reader]:
    """One who reads what may take long."""
    async with pools(pair) as (primary, standby):
        yield Reader(Replica(primary, standby, clock), uuid4())


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A busy machine is no fault of a replica: it is waited for, until whoever asked for this has it undone."""
    monkeypatch.setattr(replica, "CONNECT_SECONDS", 20.0)
    monkeypatch.setattr(replica, "CATCH_UP_SECONDS", 20.0)
    return monkeypatch


def asked_for(reader: Reader) -> int:
    """How often the replica was asked for a connection."""
    return int(reader._pool._replica.get_stats().get("requests_num", 0))


async def asked(reader: Reader) -> tuple[bool, int]:
    """Whether a replica answered, and how many rows it saw."""
    row = await reader.one(WHO)
    assert row is not None
    return row["replica"], row["rows"]


def write(pair: Pair) -> None:
    """One row more, acknowledged."""
    query(pair.primary.url, "INSERT INTO kept VALUES ('one')")


async def test_whoever_has_written_reads_it_from_the_replica_at_once(pair: Pair, reader: Reader) -> None:
    answered = []
    for rows in range(1, 51):
        write(pair)
        by_replica, seen = await asked(reader)
        assert seen == rows
        answered.append(by_replica)
    assert all(answered)


async def test_a_replica_that_lags_is_not_asked(pair: Pair, reader: Reader, patience: pytest.MonkeyPatch) -> None:
    patience.undo()
    query(pair.standby.url, "SELECT pg_wal_replay_pause()")
    write(pair)
    assert await asked(reader) == (False, 1)
    before = asked_for(reader)
    assert await asked(reader) == (False, 1)
    assert asked_for(reader) == before > 0  # because it is let be for a while
    query(pair.standby.url, "SELECT pg_wal_replay_resume()")
    await comes_back(reader)


async def test_without_the_wait_the_same_reads_what_is_old(pair: Pair) -> None:
    """So the tests above could see it."""
    query(pair.standby.url, "SELECT pg_wal_replay_pause()")
    write(pair)
    async with pools(pair) as (_, standby):
        assert await asked(Reader(standby, uuid4())) == (True, 0)
    query(pair.standby.url, "SELECT pg_wal_replay_resume()")


async def test_where_the_replica_is_away_the_primary_answers(
    pair: Pair, reader: Reader, patience: pytest.MonkeyPatch
) -> None:
    write(pair)
    assert await asked(reader) == (True, 1)
    patience.undo()
    pair.standby.stop()
    assert await asked(reader) == (False, 1)
    pair.standby.start()
    await comes_back(reader)


async def test_a_replica_that_hangs_costs_half_a_second_once(
    pair: Pair, reader: Reader, patience: pytest.MonkeyPatch
) -> None:
    patience.undo()
    assert pair.standby.pid is not None
    os.kill(pair.standby.pid, signal.SIGSTOP)
    try:
        assert await asyncio.wait_for(asked(reader), 20 * replica.CONNECT_SECONDS) == (False, 0)
        before = asked_for(reader)
        assert await asked(reader) == (False, 0)
        assert asked_for(reader) == before > 0
    finally:
        os.kill(pair.standby.pid, signal.SIGCONT)


async def test_a_read_that_the_replica_breaks_off_is_asked_of_the_primary_next_time(pair: Pair, reader: Reader) -> None:
    assert await asked(reader) == (True, 0)
    with pytest.raises(psycopg.OperationalError):
        await broken_off(pair.standby.url, reader)
    assert await asked(reader) == (False, 0)


async def test_a_read_that_the_primary_breaks_off_says_nothing_of_the_replica(
    pair: Pair, reader: Reader, clock: AheadClock
) -> None:
    query(pair.standby.url, "SELECT pg_wal_replay_pause()")
    write(pair)
    assert await asked(reader) == (False, 1)
    query(pair.standby.url, "SELECT pg_wal_replay_resume()")
    wait_until(lambda: caught_up(pair))
    clock.ahead += replica.REST_SECONDS / 2
    with pytest.raises(psycopg.OperationalError):
        await broken_off(pair.primary.url, reader)
    clock.ahead += replica.REST_SECONDS / 2
    assert await asked(reader) == (True, 1)


async def test_a_read_that_takes_longer_than_a_gateway_waits_says_nothing_of_the_replica(reader: Reader) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        await too_long(reader)
    assert await asked(reader) == (True, 0)


async def too_long(reader: Reader) -> None:
    """A read that takes longer than it may."""
    async with reader.moment() as cursor:
        await cursor.execute("SET LOCAL statement_timeout = 1")
        await cursor.execute("SELECT pg_sleep(60)")


async def broken_off(url: str, reader: Reader) -> None:
    """A read whose connection the server ends, as a replica does for a statement that stands in the way of replaying."""
    async with reader.moment() as cursor:
        await cursor.execute("SELECT 1")
        query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE '% transaction'")
        await cursor.execute("SELECT 1")


async def test_who_was_promoted_is_no_replica(pair: Pair, reader: Reader, patience: pytest.MonkeyPatch) -> None:
    write(pair)
    assert await asked(reader) == (True, 1)
    patience.undo()
    pair.standby.promote()
    write(pair)
    assert await asked(reader) == (False, 2)


async def comes_back(reader: Reader) -> None:
    """Return when the replica answers again."""
    until = time.monotonic() + 30
    while not (await asked(reader))[0]:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
