"""Listening to Redis: who is quiet is not given up, and who is not there is."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import redis
import redis.asyncio

from api_gateway.hearing import heard
from tests.support.caller import until
from tests.support.servers import running_redis

QUIET = 0.1


@pytest.fixture
async def listening(redis_server: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client as the gateway has it."""
    async with redis.asyncio.Redis.from_url(redis_server) as client:
        yield client


def pings(client: redis.Redis) -> int:
    """How often anybody asked this Redis whether it is there."""
    counted = client.info("commandstats")
    return int(counted.get("cmdstat_ping", {}).get("calls", 0))


async def test_a_redis_that_has_nothing_to_say_is_asked_and_not_given_up(
    redis_server: str, listening: redis.asyncio.Redis
) -> None:
    async with listening.pubsub() as channel:
        await channel.subscribe("hall")
        messages = heard(channel, QUIET)
        hearing = asyncio.ensure_future(anext(messages))
        with redis.Redis.from_url(redis_server) as client:
            before = pings(client)
            await until(lambda: pings(client) >= before + 3)
            client.publish("hall", "bravo")
        message = await hearing
        assert (message["channel"], message["data"]) == (b"hall", b"bravo")


async def test_a_redis_that_does_not_answer_is_given_up() -> None:
    with running_redis() as server:
        assert server.pid is not None
        async with redis.asyncio.Redis.from_url(server.url) as client, client.pubsub() as channel:
            await channel.subscribe("hall")
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with pytest.raises(redis.ConnectionError):
                    async with asyncio.timeout(10):
                        await anext(heard(channel, QUIET))
            finally:
                os.kill(server.pid, signal.SIGCONT)
