"""Firing timers: what is due is appended to the log.

Firing decides nothing: the drain looks whether anything is due at all. So a fire that is early, late, double or stale
does no harm, and any number of schedulers may do this at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import redis
import structlog
from pydantic import ValidationError
from redis.client import PubSub

from domain.catalogue import COMMANDS
from domain.command import Command, Envelope
from runtime import metrics
from runtime.clock import Clock
from store import command_log, timers
from store.command_log import Place
from store.database import ledger_now
from store.ledger import Transactions
from store.pipelined import Connection
from store.timers import Due
from workers.replies import TIMERS

LIMIT = 200
LONGEST_REST = 0.1
UNREADABLE_FOR = timedelta(minutes=1)
log = structlog.get_logger("timers")


@dataclass(frozen=True, slots=True)
class Firing:
    """The timers of a store, fired into its log. `ring` is told the partitions that have something to decide."""

    transactions: Transactions
    partitions: int
    ring: Callable[[Iterable[tuple[str, int]]], None]
    clock: Clock = field(default_factory=Clock)

    def __call__(self) -> float:
        """Fire what is due; returns the seconds until the next timer is, at most a tenth."""
        asked = self.clock.monotonic()
        with self.transactions.begin() as connection:
            now, soon = timers.agenda(connection)
            if soon is None or soon > now:
                return rest(now, soon, self.clock.monotonic() - asked)
            due = timers.claim(connection, now, LIMIT)
            places = self._fire(connection, due, now) if due else set[Place]()
            soon = timers.next_due(connection, now)
        self.ring((place.topic, place.part) for place in places)
        if len(due) == LIMIT:
            return 0.0
        return rest(now, soon, self.clock.monotonic() - asked)

    def _fire(self, connection: Connection, due: Sequence[Due], now: datetime) -> set[Place]:
        """Append and forget in one transaction: a fire is neither lost nor doubled."""
        sent = [(one, envelope) for one in due for envelope in [envelope_of(one)]]
        fired = [(one, envelope) for one, envelope in sent if envelope is not None]
        places = command_log.append(connection, [envelope for _, envelope in fired], self.partitions, "")
        timers.forget(connection, [one for one, _ in fired])
        timers.postpone(connection, [one for one, envelope in sent if envelope is None], now + UNREADABLE_FOR)
        appended_at = ledger_now(connection)
        for one, _ in fired:
            metrics.timer_lateness.observe((appended_at - one.due_at).total_seconds())
        return places


def envelope_of(due: Due) -> Envelope[Command] | None:
    """The command of a timer; None when there is no such class, or it does not take the body: logged, and no obstacle."""
    try:
        return timers.fired(due, COMMANDS[due.type].model_validate(due.body))
    except (KeyError, ValidationError):
        log.exception("timer.unreadable", aggregate=str(due.aggregate_id), purpose=due.purpose, type=due.type)
        return None


def rest(now: datetime, soon: datetime | None, passed: float) -> float:
    """Seconds to sleep when the ledger said `now` at most `passed` seconds ago and the next timer is due `soon`."""
    if soon is None:
        return LONGEST_REST
    return max(0.0, min((soon - now).total_seconds() - passed, LONGEST_REST))


class Listening:
    """Hears that timers were set, and wakes the loop that fires them. Not hearing costs a tenth of a second."""

    def __init__(self, client: redis.Redis, wake: threading.Event) -> None:
        self._client, self._wake = client, wake
        self._heard: PubSub | None = None

    def __call__(self) -> float:
        """Listen for half a second; raises when Redis is away."""
        try:
            self._listen()
        except (redis.RedisError, OSError):
            self._heard = None
            raise
        return 0.0

    def _listen(self) -> None:
        if self._heard is None:
            self._heard = PubSub(self._client.connection_pool, ignore_subscribe_messages=True)
            self._heard.subscribe(TIMERS)
        if self._heard.get_message(timeout=0.5) is not None:
            self._wake.set()
