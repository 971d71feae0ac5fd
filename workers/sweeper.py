"""The sweeper: rings for whatever waits because nobody was rung for it, or because whoever came did not get through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from runtime import metrics
from runtime.bell import UNHEARD
from runtime.ringer import Ringer
from store import outbox
from store.command_log import Place
from store.database import ledger_now
from store.ledger import Transactions
from store.pipelined import Connection
from store.sweeping import sweep
from workers.delivery import QUEUE

EVERY_SECONDS = 0.25
MOST_UNHEARD = 100
log = structlog.get_logger("sweeper")


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Looks four times a second.

    `ring` rings a partition whatever the bell says; `ring_mail` rings whoever delivers mail, None when nobody does.
    """

    transactions: Transactions
    ring: Callable[[str, int], None]
    ring_mail: Callable[[], None] | None

    def __call__(self) -> float:
        """Ring what waited for over half a second, and for mail that is due or was left half sent."""
        places, mail = self.swept()
        for place in places:
            metrics.swept.labels(place.topic).inc()
            _quietly(partial(self.ring, place.topic, place.part), place.topic)
        if mail and self.ring_mail is not None:
            _quietly(self.ring_mail, QUEUE)
        return EVERY_SECONDS

    def swept(self) -> tuple[list[Place], bool]:
        """The partitions to ring, each with a strike more, and whether mail is to be sent."""
        with self.transactions.begin() as connection:
            now = ledger_now(connection)
            return sweep(connection, now), self._mail_is_due(connection, now)

    @staticmethod
    def _mail_is_due(connection: Connection, now: datetime) -> bool:
        """Whether mail is to be sent. What expired, and senders who did not come back, are given up first."""
        if not outbox.is_due(connection, now):
            return False
        for mail in outbox.lapse(connection, now):
            log.error("mail.dead", mail=str(mail))
        return outbox.is_due(connection, now)


@dataclass(frozen=True, slots=True)
class Patiently:
    """Rings, unless so many rings lie unheard in the queue already that whoever comes will wake everybody anyway.

    Without workers for a night a sweeper would else fill the broker with rings, and the workers' morning with answering them.
    """

    broker: Ringer

    def heard(self, queue: str) -> bool:
        """Whether a ring in this queue is worth its place."""
        return self.broker.waiting(queue) < MOST_UNHEARD

    def ringing(self, ring: Callable[[str, int], None]) -> Callable[[str, int], None]:
        """`ring`, where it is worth it."""
        return lambda topic, part: ring(topic, part) if self.heard(topic) else None

    def ringing_mail(self, ring: Callable[[], None]) -> Callable[[], None]:
        """`ring`, where it is worth it."""
        return lambda: ring() if self.heard(QUEUE) else None


def _quietly(ring: Callable[[], None], queue: str) -> None:
    """A bell that cannot be rung now is rung by the next sweep."""
    try:
        ring()
    except UNHEARD as failure:
        log.warning("sweeper.unheard", queue=queue, error=type(failure).__name__)
