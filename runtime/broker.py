"""dramatiq, used as a bell only: no retries, no delays, no results, no dead letters of its own."""

from __future__ import annotations

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, Retries, TimeLimit
from redis.backoff import NoBackoff
from redis.retry import Retry

from runtime.watchdog import Watchdog

RING_LIFETIME_MS = 3_600_000
HEARTBEAT_MS = 15_000
LONGEST_DRAIN_MS = 60_000


def redis_client(url: str, *, timeout: float = 2) -> redis.Redis:
    """A client that gives up soon and never sends twice: what it carries may be lost, but must not pile up."""
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=min(timeout, 1), socket_keepalive=True, health_check_interval=5,
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip


def redis_broker(url: str, *extra: Middleware) -> RedisBroker:
    """The broker on Redis, with its middleware written out.

    Retries stays, at zero, because without it a failed message counts as done. Age limits go by clients' clocks and
    shutdown notices interrupt commits, so neither is here.
    """
    middleware: list[Middleware] = [TimeLimit(time_limit=LONGEST_DRAIN_MS), Retries(max_retries=0), Watchdog(), *extra]
    return RedisBroker(  # type: ignore[no-untyped-call] # dramatiq's class is not annotated
        client=redis_client(url), namespace="drumroll", heartbeat_timeout=HEARTBEAT_MS, maintenance_chance=1_000_000,
        dead_message_ttl=RING_LIFETIME_MS, middleware=middleware,
    )  # fmt: skip


def install(broker: dramatiq.Broker) -> dramatiq.Broker:
    """Make this the process's broker."""
    dramatiq.set_broker(broker)
    return broker
