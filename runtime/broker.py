"""dramatiq, used as a bell only: no retries, no delays, no results, no dead letters of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import dramatiq
import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware
from redis.backoff import NoBackoff
from redis.retry import Retry

from runtime.rabbit import RabbitRinger
from runtime.ringer import Ringer, at_once, middleware

__all__ = ["BROKERS", "RedisRinger", "Ringer", "broker_at", "install", "redis_client", "takes_writes"]
RING_LIFETIME_MS = 3_600_000
HEARTBEAT_MS = 15_000
IMPATIENCE_SECONDS = 0.25
_PROBE, _PROBE_MS = "bell:probe", 1_000


def redis_client(url: str, *, timeout: float = 2) -> redis.Redis:
    """A client that gives up soon and never sends twice: what it carries may be lost, but must not pile up."""
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=min(timeout, 1), socket_keepalive=True, health_check_interval=5,
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip


def takes_writes(client: redis.Redis) -> bool:
    """Whether this Redis takes a write, as a ring is one. RedisError or OSError: it does not."""
    return bool(client.set(_PROBE, b"1", px=_PROBE_MS))


class RedisRinger(Ringer, RedisBroker):
    """Rings by lists in Redis."""

    def __init__(self, url: str, *extra: Middleware) -> None:
        super().__init__(  # type: ignore[no-untyped-call] # dramatiq's class is not annotated
            client=redis_client(url), namespace="drumroll", heartbeat_timeout=HEARTBEAT_MS, maintenance_chance=1_000_000,
            dead_message_ttl=RING_LIFETIME_MS, middleware=middleware(*extra),
        )  # fmt: skip
        self._impatient = redis_client(url, timeout=IMPATIENCE_SECONDS)

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, and none for delayed messages beside it: a worker would ask that one fifty times a second too."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Ring. ValueError: nothing is delayed by the broker."""
        at_once(delay)
        return super().enqueue(message)

    def waiting(self, queue: str) -> int:
        """The length of the list; prefetched rings are not in it."""
        lying: int = self.client.llen(f"{self.namespace}:{queue}")
        return lying

    def takes_rings(self, _queue: str, /) -> bool:
        """Whether Redis takes a write within a quarter of a second. A list is there as long as Redis is."""
        return takes_writes(self._impatient)

    def close(self) -> None:
        """Let the connections go."""
        self.client.close()
        self._impatient.close()


BROKERS: Mapping[str, Callable[..., Ringer]] = MappingProxyType(
    {
        "redis": RedisRinger,
        "rediss": RedisRinger,
        "unix": RedisRinger,
        "amqp": RabbitRinger,
        "amqps": RabbitRinger,
    }
)
"""Who rings, by the scheme of the broker's URL."""


def broker_at(url: str, *extra: Middleware) -> Ringer:
    """The broker at a URL, with more middleware. Nothing is dialled yet. ValueError: no broker has this scheme."""
    scheme = urlsplit(url).scheme
    if scheme not in BROKERS:
        raise ValueError(f"BROKER_URL begins with {scheme!r}; it may begin with {', '.join(BROKERS)}")
    return BROKERS[scheme](url, *extra)


def install(broker: dramatiq.Broker) -> dramatiq.Broker:
    """Make this the process's broker."""
    dramatiq.set_broker(broker)
    return broker
