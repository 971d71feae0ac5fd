"""The drain: takes what waits in a partition, decides it, commits it, tells it. Written once, for every topic."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import structlog

from runtime import metrics
from runtime.bell import UNHEARD
from runtime.clock import Clock
from store import command_log, dead
from store.command_log import Batch, Lease, Place
from store.database import AWAY, see_tenants
from store.ledger import Ledger
from store.pipelined import Session
from store.wire import Unknown
from store.work import Work
from workers import canonical, careful
from workers.decide import Decided, Taken, astray, decide, preload
from workers.opening import opened
from workers.ports import Bell, Replies
from workers.sparing import Spared
from workers.telling import Told

BOUND = 1_000
LONGEST_SECONDS = 10.0
STRIKES = 3
log = structlog.get_logger("drain")


class Round(Enum):
    """How a round ended."""

    NOT_MINE = auto()
    EMPTY = auto()
    HANDED_BACK = auto()
    STRUCK = auto()
    DECIDED = auto()
    FULL = auto()


@dataclass(frozen=True, slots=True)
class Drain:
    """Drains partitions of the store. One instance serves all threads of a worker process.

    It knows the world by these alone, so that the same steps can be gone through where nothing is real.
    """

    ledger: Ledger
    partitions: int
    bell: Bell
    replies: Replies
    clock: Clock
    spared: Spared = field(default_factory=Spared)

    def __call__(self, topic: str, part: int) -> None:
        """Decide all that waits in a partition, linger for more, and leave when it stays quiet or somebody else is here."""
        place, until = Place(topic, part), self.clock.monotonic() + LONGEST_SECONDS
        while self.clock.monotonic() < until:
            ended = self.round(place)
            if ended in {Round.NOT_MINE, Round.HANDED_BACK}:
                return
            if ended is not Round.FULL and not self._stays(place):
                return
        self._ring_on(place)

    def round(self, place: Place) -> Round:
        """One transaction: lock, take, decide, write, commit; then tell. A batch that breaks this is taken apart.

        Whatever breaks it, because a batch that raises again and again would keep its partition waiting for ever; only
        where the store is away nothing is wrong with the batch. What fails in telling is past the commit.
        """
        told: Told | None = None
        try:
            ended, told = self._round(place)
        except AWAY:
            raise
        except Exception:  # because whatever it is, the batch is to be taken apart
            log.exception("drain.broken", topic=place.topic, part=place.part)
            ended = Round.STRUCK
        if ended is Round.STRUCK:
            return ended if careful.oldest_batch(self, place) else Round.NOT_MINE
        if told is not None:
            self.tell(told)
        return ended

    def _round(self, place: Place) -> tuple[Round, Told | None]:
        started = time.perf_counter()
        with self.ledger.opened() as connection:
            lease, batches = command_log.lock_and_take(connection, place, BOUND)
            if lease is None:
                return Round.NOT_MINE, None
            self.clock.follow(lease.now)
            if lease.strikes >= STRIKES and batches:
                return Round.STRUCK, None
            taken, unknown = opened(batches)
            if not taken:
                return self._handed_back(connection, place, unknown), None
            work, decided = self.consider(connection, place, lease, taken)
            decided_at = time.perf_counter()
            with connection.together():
                command_log.hand_back(connection, place, unknown)
                told = self.write(connection, work, decided)
                if work.now > lease.now:
                    command_log.follow(connection, place, work.now)
                if lease.strikes:
                    command_log.forgive(connection, place)
                connection.commit()
        metrics.drained(place.topic, len(taken), decided_at - started, time.perf_counter() - decided_at)
        full = len(taken) >= BOUND or len(batches) >= command_log.MOST_ROWS
        return Round.FULL if full else Round.DECIDED, told

    def consider(self, connection: Session, place: Place, lease: Lease, taken: Sequence[Taken]) -> tuple[Work, Decided]:
        """Read what is needed and decide, inside the caller's transaction; nothing is written yet."""
        now = max([lease.now, *(one.received_at for one in taken)])
        work = Work(connection, place.topic, now)
        with connection.together():
            see_tenants(connection, {one.sent.tenant_id for one in taken})
            stored = preload(work, taken)
        return work, decide(work, taken, stored)

    def write(self, connection: Session, work: Work, decided: Decided) -> Told:
        """Write all that was decided, inside the caller's transaction."""
        work.flush()
        dead.bury(connection, [*decided.dead, *astray(work)], self.partitions)
        rung = command_log.append(connection, work.follow_ups, self.partitions, "")
        return Told(decided, rung, work.changed(), timers=work.promised)

    @staticmethod
    def _handed_back(connection: Session, place: Place, unknown: Sequence[tuple[Batch, Unknown]]) -> Round:
        if not unknown:
            return Round.EMPTY
        command_log.hand_back(connection, place, unknown)
        connection.commit()
        return Round.HANDED_BACK

    def tell(self, told: Told) -> None:
        """After the commit: answers, nudges, bells, log lines. All of it may be lost without harm."""
        self.replies.publish(told.decided)
        self.replies.nudge_readers(told.changed)
        if told.timers:
            self.replies.nudge_timers()
        self.bell.ring((place.topic, place.part) for place in told.follow_ups)
        canonical.log_commands(told.decided, self.clock.now())

    def _ring_on(self, place: Place) -> None:
        """Let somebody else go on here. Where no ring gets through, the sweeper finds what waits."""
        try:
            self.bell.ring_now(place.topic, place.part)
        except UNHEARD:
            log.warning("drain.no_bell", topic=place.topic, part=place.part)

    def _stays(self, place: Place) -> bool:
        """Whether to go round again. Leaving means: lower the bell, then look once more, so that no ring falls between."""
        try:
            if self.bell.lingers(place.topic, place.part):
                return True
            self.bell.lower(place.topic, place.part)
        except UNHEARD:
            log.warning("drain.no_bell", topic=place.topic, part=place.part)
        with self.ledger.opened() as connection:
            return command_log.waits(connection, place)
