"""The scheduler: fires timers, sweeps, brings draws their beacon, clears what is past its term, and shows how it all stands.

Run two or more: they are all alike, none leads, and what one does the others leave alone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from functools import partial

import structlog
from sqlalchemy import Engine

from domain.catalogue import TOPICS
from runtime import metrics
from runtime.bell import Bell
from runtime.broker import broker_at, redis_client
from runtime.logging import configure
from runtime.preflight import check, warn
from runtime.relays import fetch
from runtime.settings import Settings, settings
from store import database, preflight
from workers.beacons import PATIENCE_SECONDS, Beacons
from workers.delivery import mail_bell
from workers.firing import Firing, Listening
from workers.gauges import Gauges
from workers.janitor import Janitor
from workers.loops import Loop, Loops
from workers.sweeper import Patiently, Sweeper

CONNECTIONS = 4
log = structlog.get_logger("scheduler")


class Scheduler:
    """The loops of one scheduler process, over the store and the bell of these settings."""

    def __init__(self, chosen: Settings) -> None:
        self._engine = database.engine(chosen.database_url, database.WORKER, pool=CONNECTIONS)
        self._maintenance = _maintenance(chosen)
        self._client = redis_client(chosen.redis_url)
        self._broker = broker_at(chosen.bell_url)
        self._bell = Bell(self._client, self._broker, TOPICS)
        self._loops = Loops(list(self._each(chosen)))

    def start(self) -> None:
        """Begin; returns at once."""
        self._loops.start()
        log.info("scheduler.up")

    def stop(self) -> bool:
        """Finish what is in hand, ring for it, and let go of everything; whether all loops ended in time."""
        log.info("scheduler.going")
        ended = self._loops.stop()
        self._bell.stop()
        for engine in (self._engine, self._maintenance):
            if engine is not None:
                engine.dispose()
        self._broker.close()
        self._client.close()
        return ended

    def _each(self, chosen: Settings) -> Iterator[Loop]:
        with self._engine.connect() as connection:
            partitions = database.partitions(connection)
        timers = Loop("timers", Firing(self._engine, partitions, self._bell.ring))
        yield timers
        yield Loop("timers.listening", Listening(self._client, timers.wake))
        patiently = Patiently(self._broker)
        ring_mail = patiently.ringing_mail(mail_bell(self._client, self._broker)) if chosen.smtp_url else None
        yield Loop("sweeper", Sweeper(self._engine, patiently.ringing(self._bell.ring_now), ring_mail))
        yield Loop("gauges", Gauges(self._engine, self._maintenance))
        if chosen.relays:
            ask = partial(fetch, urls=chosen.relays, seconds=PATIENCE_SECONDS)
            yield Loop("beacons", Beacons(self._engine, partitions, ask, self._bell.ring))
        if self._maintenance is not None:
            yield Loop("janitor", Janitor(self._maintenance))


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit status: 0 when everything in hand was finished."""
    chosen, told = settings(), threading.Event()
    configure(chosen.log_level)
    check(chosen, partial(preflight.of_role, chosen.database_url, database.WORKER))
    if chosen.maintenance_database_url is not None:
        warn(preflight.warnings_of_maintenance(chosen.maintenance_database_url))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    scheduler = Scheduler(chosen)
    metrics.serve(chosen.metrics_port, chosen.host)
    scheduler.start()
    told.wait()
    return 0 if scheduler.stop() else 1


def _maintenance(chosen: Settings) -> Engine | None:
    if chosen.maintenance_database_url is None:
        log.warning("scheduler.no_janitor", because="MAINTENANCE_DATABASE_URL is not set")
        return None
    return database.engine(chosen.maintenance_database_url, database.WORKER, pool=CONNECTIONS)
