"""Draining unrung: while Redis or the broker is away nobody can be woken, so each worker looks by itself for what waits.

The drain is the same, under the same lock of the partition, so that several workers, and a bell that comes back in the
middle, do no harm. Whoever cannot be told of an outcome meanwhile finds it in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import dramatiq
import structlog
from dramatiq.middleware import Middleware

from runtime import metrics
from runtime.bell import UNHEARD
from runtime.clock import Clock
from store.command_log import Place
from store.sweeping import waiting
from workers.drain import Drain, Round
from workers.loops import Loop, Loops

AWAY_SECONDS = 1.0
PROBE_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
log = structlog.get_logger("unrung")


@dataclass(slots=True)
class Unrung:
    """Asks whether a ring gets through, and drains what waits in `topics` once none has for over a second.

    `ways` asks each server that a ring goes through whether it takes one; it says no by an error as well, and soon, because
    a server that hangs costs its patience each time. So should the drain's own client.
    """

    drain: Drain
    topics: Collection[str]
    ways: Sequence[Callable[[], bool]]
    clock: Clock = field(default_factory=Clock)
    _away_since: float | None = None
    _alone: bool = False
    _pause: float = FIRST_PAUSE

    def __call__(self) -> float:
        """Look once; returns the seconds to rest: longer and longer, up to one, while there is nothing to decide."""
        self.drain.spared.take_back(self.drain.ledger)
        if self._rings():
            self._is_back()
            return PROBE_SECONDS
        if not self._is_away():
            return PROBE_SECONDS
        ended = self.drain_waiting()
        if Round.FULL in ended:
            return 0.0
        self._pause = FIRST_PAUSE if Round.DECIDED in ended else min(self._pause * 2, LONGEST_PAUSE)
        return self._pause

    def drain_waiting(self) -> set[Round]:
        """One round in every partition in which something waits; returns how they ended."""
        with self.drain.ledger.opened() as connection:
            places = waiting(connection, self.topics)
        return {self._round(place) for place in places}

    def _round(self, place: Place) -> Round:
        """A partition that cannot be drained now does not keep the others waiting."""
        metrics.unrung.labels(place.topic).inc()
        try:
            return self.drain.round(place)
        except Exception as failure:  # noqa: BLE001 (whatever breaks in one partition, the next ones wait too)
            log.warning("unrung.undrained", topic=place.topic, part=place.part, error=type(failure).__name__)
            return Round.NOT_MINE

    def _rings(self) -> bool:
        """Whether every server on the way of a ring takes one."""
        try:
            return all(takes() for takes in self.ways)
        except UNHEARD:
            return False

    def _is_away(self) -> bool:
        now = self.clock.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        if now - self._away_since <= AWAY_SECONDS:
            return False
        if not self._alone:
            self._alone = True
            log.warning("unrung.alone", topics=sorted(self.topics), because="no ring gets through")
        return True

    def _is_back(self) -> None:
        if self._alone:
            log.info("unrung.over", topics=sorted(self.topics))
        self._away_since, self._alone, self._pause = None, False, FIRST_PAUSE


class Watching(Middleware):
    """Runs the look-out as long as the worker fetches. Ending it lets the round in hand come to its end."""

    def __init__(self, look: Unrung) -> None:
        self._loops = Loops([Loop("unrung", look)])

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Any) -> None:
        """Begin."""
        self._loops.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:
        """Let the round in hand end, then look no more."""
        self._loops.stop()
