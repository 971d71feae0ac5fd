"""What is said of servers before a process starts, and what is not: clocks, and the Redis that rings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from runtime.embedded import EmbeddedRedis
from runtime.preflight import skew, warnings_of_redis
from runtime.settings import Settings
from tests.support.servers import running_redis

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (-6, "6 s ahead of Postgres"), (-4, ""), (0, ""), (1, ""), (2, ""), (6.9, ""), (8, "6 s behind Postgres"),
        (90, "88 s behind Postgres"),
    ],
)  # fmt: skip
def test_clocks_more_than_five_seconds_apart_are_told(told: float, said: str) -> None:
    found = list(skew(NOON, NOON + told * SECOND, NOON + 2 * SECOND))
    assert [said in one for one in found] == ([True] if said else [])


@pytest.fixture(scope="module")
def own() -> Iterator[EmbeddedRedis]:
    """A Redis of its own."""
    with running_redis() as server:
        yield server


@pytest.fixture
def client(own: EmbeddedRedis) -> Iterator[redis.Redis]:
    """A client that may set what it likes."""
    with redis.Redis.from_url(own.url, decode_responses=True) as calling:
        yield calling


def test_of_a_redis_that_keeps_everything_nothing_is_said(own: EmbeddedRedis) -> None:
    assert warnings_of_redis(Settings(redis_url=own.url)) == []


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_redis_that_evicts_is_named_with_what_to_set(own: EmbeddedRedis, client: redis.Redis, policy: str) -> None:
    client.config_set("maxmemory-policy", policy)
    try:
        (said,) = warnings_of_redis(Settings(redis_url=own.url))
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    assert policy in said
    assert "Set maxmemory-policy noeviction" in said


def test_both_redises_are_asked_and_one_that_is_away_is_named_without_its_password(own: EmbeddedRedis) -> None:
    away = "redis://:hidden-word@127.0.0.1:1/0"
    for chosen in (Settings(redis_url=own.url, broker_url=away), Settings(redis_url=away, broker_url=own.url)):
        (said,) = warnings_of_redis(chosen)
        assert "Redis at 127.0.0.1:1 does not answer" in said
        assert "hidden-word" not in said


def test_a_redis_that_tells_this_user_little_is_named(own: EmbeddedRedis, client: redis.Redis) -> None:
    client.execute_command("ACL", "SETUSER", "bell", "on", ">word", "~*", "&*", "+@all", "-info")
    url = own.url.replace("://:", "://bell:").replace(str(client.connection_pool.connection_kwargs["password"]), "word")
    (said,) = warnings_of_redis(Settings(redis_url=url))
    assert "does not let this process see its maxmemory-policy" in said


def test_a_bell_that_is_no_redis_is_not_asked(own: EmbeddedRedis) -> None:
    assert warnings_of_redis(Settings(redis_url=own.url, broker_url="amqp://127.0.0.1:1")) == []
