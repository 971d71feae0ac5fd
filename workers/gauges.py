"""What the schedulers show of the whole installation: how much waits, since when, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import Gauge
from sqlalchemy import Engine

from domain.catalogue import TOPICS
from runtime import metrics
from store import dead, outbox
from store.sweeping import backlog

EVERY_SECONDS = 1.0
mails = Gauge("drumroll_outbox_mails", "Mails that are owed.", ["state"])


@dataclass(frozen=True, slots=True)
class Gauges:
    """Refreshed every second. Dead commands are counted under the maintenance role, which alone may read them."""

    engine: Engine
    maintenance: Engine | None

    def __call__(self) -> float:
        """Look and show."""
        with self.engine.connect() as connection:
            now, waiting = backlog(connection)
            owed = outbox.counted(connection, now)
        for topic in TOPICS:
            depth, oldest = waiting.get(topic, (0, now))
            metrics.log_depth.labels(topic).set(depth)
            metrics.log_age.labels(topic).set(max(0.0, (now - oldest).total_seconds()))
        for state, count in owed.items():
            mails.labels(state.value).set(count)
        if self.maintenance is not None:
            with self.maintenance.connect() as connection:
                metrics.dead.set(dead.counted(connection))
        return EVERY_SECONDS
