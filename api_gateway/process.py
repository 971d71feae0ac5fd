"""One gateway process: opened, kept running, closed without losing what was accepted."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
import redis.asyncio
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.accept import Accept
from api_gateway.appender import Appender, connected
from api_gateway.auth import Guard, Keys, RefreshTokens, Signers, Tokens
from api_gateway.context import Gateway
from api_gateway.limits import Addresses, Policies, ReadLimits, WriteLimits
from api_gateway.limits.undecided import Undecided
from api_gateway.live.key_uses import KeyUses
from api_gateway.live.lines import Lines
from api_gateway.live.presence import Presence
from api_gateway.live.tickets import Tickets
from api_gateway.live.urns import Urns
from api_gateway.replica import Replica
from api_gateway.replies import Replies
from domain.catalogue import TOPICS
from runtime.bell import Bell
from runtime.broker import broker_at, redis_client
from runtime.clock import Clock
from runtime.settings import Settings
from store.database import GATEWAY
from store.reads import ledger
from store.reads.base import Connections

POOL = 6
FOLLOW_SECONDS = 5.0
LIMITS_SECONDS = 0.5
AGAIN_SECONDS = 0.5
_KEEPALIVE = {"connect_timeout": 2, "tcp_user_timeout": 3000, "keepalives_idle": 5, "keepalives_interval": 2}
log = structlog.get_logger("gateway")
Endless = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """A gateway and what its routes use besides."""

    gateway: Gateway
    lines: Lines
    urns: Urns
    tickets: Tickets
    signers: Signers
    undecided: Undecided


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    """A running gateway. Leaving it appends what was accepted, rings for it and closes."""
    name, clock = f"{socket.gethostname()}:{os.getpid()}", Clock()
    pool = _pool(settings.database_url)
    await pool.open(wait=True, timeout=10)
    replica = None if settings.reads_database_url is None else _pool(settings.reads_database_url, least=0)
    if replica is not None:
        await replica.open()
    await follow_ledger(pool, clock)
    client = redis.asyncio.Redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_keepalive=True)
    bell = Bell(redis_client(settings.redis_url), broker_at(settings.bell_url), TOPICS)
    parts, tasks = await _assembled(settings, clock, name, pool, _long_reads(pool, replica, clock), client, bell)
    running = [asyncio.create_task(kept_going(task)) for task in tasks]
    log.info("gateway.up", name=name)
    try:
        yield parts
    finally:
        await parts.gateway.accept.stop()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.to_thread(bell.stop)
        await client.aclose()
        for one in (pool, replica):
            if one is not None:
                await one.close()
        log.info("gateway.gone", name=name)


async def kept_going(endless: Endless) -> None:
    """Run what must not end until this is cancelled: should it end all the same, that is logged and it starts again."""
    while True:
        try:
            await endless()
            log.error("gateway.task_ended", task=_name(endless))
        except Exception:  # because without this task the gateway would live on half dead
            log.exception("gateway.task_broken", task=_name(endless))
        await asyncio.sleep(AGAIN_SECONDS)


def _name(endless: Endless) -> str:
    called: Any = endless.func if isinstance(endless, partial) else endless
    return str(called.__qualname__)


async def _assembled(
    settings: Settings,
    clock: Clock,
    name: str,
    pool: AsyncConnectionPool,
    long_reads: Connections,
    client: redis.asyncio.Redis,
    bell: Bell,
) -> tuple[Parts, list[Endless]]:
    signers = Signers(pool, clock)
    keys, tokens = Keys(pool, clock), Tokens(signers, clock, settings.issuer)
    writes = WriteLimits(redis_client(settings.redis_url, timeout=LIMITS_SECONDS), clock)
    undecided = Undecided(pool, settings.undecided_per_organization, settings.undecided_per_aggregate)
    replies = Replies(client, pool, name, clock)
    lines, urns = Lines(pool, client, clock), Urns(pool, client, clock)
    lines.hear_for(urns)
    replies.whenever_decided(undecided.decided)
    appender = Appender(name, partial(connected, settings.database_url), clock)
    accept = Accept(appender, bell, await _partitions(pool), writes, undecided, clock)
    secret = settings.gateway_secret.get_secret_value().encode()
    gateway = Gateway(
        settings=settings, clock=clock, name=name, pool=pool, long_reads=long_reads, guard=Guard(keys, tokens),
        refresh_tokens=RefreshTokens(secret),
        reads=ReadLimits(clock), policies=Policies(), addresses=Addresses(settings.trusted_proxies),
        accept=accept, replies=replies,
    )  # fmt: skip
    tasks: list[Endless] = [replies.listen, replies.look, signers.watch, lines.pull, lines.listen, undecided.watch]
    tasks += [
        urns.pull,
        partial(_follow, pool, clock),
        Presence(lines, accept, clock).tell,
        KeyUses(keys, accept, clock).tell,
    ]
    return Parts(gateway, lines, urns, Tickets(client, keys, clock), signers, undecided), tasks


def _long_reads(primary: AsyncConnectionPool, replica: AsyncConnectionPool | None, clock: Clock) -> Connections:
    return primary if replica is None else Replica(primary, replica, clock)


def _pool(url: str, least: int = POOL) -> AsyncConnectionPool:
    return AsyncConnectionPool(
        url, min_size=least, max_size=POOL, timeout=2, open=False, check=None,
        kwargs={"autocommit": True, "options": GATEWAY.options, "prepare_threshold": 2, **_KEEPALIVE},
    )  # fmt: skip


async def follow_ledger(pool: AsyncConnectionPool, clock: Clock) -> None:
    """Set the clock by the ledger."""
    async with pool.connection() as connection:
        asked = clock.monotonic()
        clock.set_by(await ledger.now(connection), asked, clock.monotonic())


async def _follow(pool: AsyncConnectionPool, clock: Clock) -> None:
    while True:
        await asyncio.sleep(FOLLOW_SECONDS)
        try:
            await follow_ledger(pool, clock)
        except psycopg.Error as failure:
            log.warning("clock.not_followed", error=type(failure).__name__)


async def _partitions(pool: AsyncConnectionPool) -> int:
    async with pool.connection() as connection:
        return await ledger.partitions(connection)
