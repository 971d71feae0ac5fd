"""What a worker process does before its first drain: settings, store, broker, keys, and one actor for each topic it serves."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import dramatiq
import structlog
from dramatiq.middleware import Middleware

from domain.catalogue import TOPICS
from runtime import metrics
from runtime.bell import Bell, actor_of
from runtime.broker import IMPATIENCE_SECONDS, broker_at, install, redis_client, takes_writes
from runtime.clock import Clock
from runtime.logging import configure
from runtime.preflight import check, refuse
from runtime.ringer import Ringer
from runtime.settings import Settings, settings
from store import database, preflight
from store.ledger import Postgres
from workers.drain import Drain
from workers.replies import RedisReplies
from workers.signing import KeyRing
from workers.unrung import Unrung, Watching

log = structlog.get_logger("worker")


def serve(topics: Mapping[str, ModuleType]) -> None:
    """Make this process a worker of these topics, each with the module of its handlers.

    dramatiq imports the module that calls this and finds the actors.
    """
    chosen = settings()
    configure(chosen.log_level)
    check(chosen, partial(preflight.of_role, chosen.database_url, database.WORKER))
    broker = broker_at(chosen.bell_url, Shutdown())
    install(broker)
    drain, ring = _drain(chosen, broker, topics)
    broker.add_middleware(Watching(_unrung(chosen, drain, ring, broker, topics)))
    settle_memory()
    for topic in topics:
        dramatiq.actor(actor_name=actor_of(topic), queue_name=topic, max_retries=0)(drain.__call__)
    metrics.serve(chosen.metrics_port, chosen.host)


def _drain(chosen: Settings, broker: Ringer, topics: Iterable[str]) -> tuple[Drain, KeyRing]:
    clock = Clock()
    # One connection for each thread, one for the look-out, one for the keys: they are looked up while a drain holds its own.
    engine = database.engine(chosen.database_url, database.WORKER, pool=chosen.worker_threads + 2)
    with engine.connect() as connection:
        partitions = database.partitions(connection)
    needed = partitions * len(tuple(topics))
    if chosen.worker_threads < needed:
        has = f"has {chosen.worker_threads} threads"
        refuse([f"This worker serves {needed} partitions and {has}: set WORKER_THREADS={needed}."])
    client = redis_client(chosen.redis_url)
    ring = KeyRing(engine, bytes.fromhex(chosen.key_encryption_key.get_secret_value()), clock, chosen.issuer)
    bell = Bell(client, broker, TOPICS)
    return Drain(Postgres(engine), partitions, bell, RedisReplies(client, ring), clock), ring


def _unrung(chosen: Settings, drain: Drain, ring: KeyRing, broker: Ringer, topics: Iterable[str]) -> Unrung:
    """The same drain with less patience for a Redis that hangs. A ring goes through Redis, and through the broker as well."""
    client = redis_client(chosen.redis_url, timeout=IMPATIENCE_SECONDS)
    impatient, served = replace(drain, replies=RedisReplies(client, ring)), tuple(topics)
    ways = [partial(takes_writes, client), *(partial(broker.takes_rings, topic) for topic in served)]
    return Unrung(impatient, served, ways)


def settle_memory() -> None:
    """What was imported stays: the collector looks at new objects only, and seldom, because drains make no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)


class Shutdown(Middleware):
    """Says when a worker is up and when it goes. The batch in hand is finished: dramatiq waits for its threads."""

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Any) -> None:
        """The worker fetches from now on."""
        log.info("worker.up", queues=sorted(broker.get_declared_queues()))

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:
        """No new batches from now on."""
        log.info("worker.going")
