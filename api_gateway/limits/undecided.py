"""How much waits undecided: an organization that sends faster than it can be served is told so, and nobody else is.

The log's own rows are counted twice a second. In between, what this gateway appends is added, and taken off when it learns that
it was decided: waiting = on its way into the log + logged at the last look + appended since it began - decided since it began,
and never below 0.

That is off until the next look, and no longer: by what other gateways and workers appended or had decided since; by what was
appended while the log was counted, and by what is answered to nobody or was not heard (too high); by what was decided just
before a look and told after it began (too low). So several gateways may together overshoot a bound by what they append in half
a second.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.limits.overload import overloaded
from domain.command import Command, Envelope
from runtime import metrics
from store.reads import ledger

EVERY_SECONDS = 0.5
UNDECIDED = metrics.turned_away.labels("undecided")
LOOKS_KEPT: Final = 120
"""For so many looks at least it is remembered whose a command is that nobody heard of again."""
KEPT: Final = 100_000
"""For so many commands at most, because what is not remembered is only counted half a second later."""
Whose = tuple[UUID, UUID]
"""A tenant and an aggregate."""
log = structlog.get_logger("undecided")


class Undecided:
    """Counts undecided commands by organization and by aggregate.

    The event loop counts; the thread that appends only says whose is what it sends.
    """

    def __init__(self, pool: AsyncConnectionPool, per_organization: int, per_aggregate: int) -> None:
        self._pool, self._most, self._most_of_one = pool, per_organization, per_aggregate
        self._logged: Counter[UUID] = Counter()
        self._appended: dict[UUID, int] = {}
        self._decided: dict[UUID, int] = {}
        self._on_its_way = Counter[UUID]()
        self._pressing: set[UUID] = set()
        self._pressing_before: set[UUID] = set()
        self._whose: dict[str, Whose] = {}
        self._whose_before: dict[str, Whose] = {}
        self._looks = 0

    def is_full(self, tenant_id: UUID) -> bool:
        """Whether an organization has too much undecided, in this mode."""
        full = self.waiting(tenant_id) >= self._most
        if full:
            self._pressing.add(tenant_id)
        return full

    def presses(self, tenant_id: UUID) -> bool:
        """Whether an organization had too much undecided, in this mode, since the look before the last: a second ago at most."""
        return tenant_id in self._pressing or tenant_id in self._pressing_before

    def waiting(self, key: UUID) -> int:
        """How many commands of a tenant, or of an aggregate, wait for their decision."""
        in_log = self._logged.get(key, 0) + self._appended.get(key, 0) - self._decided.get(key, 0)
        return self._on_its_way[key] + max(0, in_log)

    def admit(self, sent: Envelope[Command]) -> None:
        """Count a command as on its way. Problem 503 when the organization, or what it changes, has too much undecided."""
        if self.is_full(sent.tenant_id) or self.waiting(sent.body.aggregate_id) >= self._most_of_one:
            UNDECIDED.inc()
            raise overloaded(sent.request_id)
        self._on_its_way.update(_counted(sent))

    def arrived(self, sent: Envelope[Command], *, appended: bool) -> None:
        """A command that was admitted is on its way no longer: it is in the log, or it will not be."""
        for key in _counted(sent):
            self._on_its_way[key] -= 1
            if not self._on_its_way[key]:
                del self._on_its_way[key]
            if appended:
                self._appended[key] = self._appended.get(key, 0) + 1

    def sending(self, group: Sequence[Envelope[Command]]) -> None:
        """These may be in the log in a moment: whose they are is remembered, because an answer tells only what it answers."""
        whose = self._whose
        if len(whose) < KEPT:
            for sent in group:
                whose[str(sent.id)] = sent.tenant_id, sent.body.aggregate_id

    def decided(self, command_id: str) -> None:
        """This one was decided: it waits no longer. Whatever was not appended here is left to the next look."""
        whose = self._whose.pop(command_id, None) or self._whose_before.pop(command_id, None)
        for key in whose or ():
            self._decided[key] = self._decided.get(key, 0) + 1

    async def watch(self) -> None:
        """Count what waits, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self._pressing, self._pressing_before = set(), self._pressing
            if self._logged or self._appended or self._decided:
                try:
                    await self.look()
                except psycopg.Error as failure:
                    log.warning("undecided.uncounted", error=type(failure).__name__)

    async def look(self) -> None:
        """Count the log. psycopg.Error: it could not be counted."""
        self._looks += 1
        if self._looks % LOOKS_KEPT == 0:
            self._whose_before, self._whose = self._whose, {}
        appended, self._appended = self._appended, {}
        decided, self._decided = self._decided, {}
        self._logged.update(appended)
        self._logged.subtract(decided)
        async with self._pool.connection() as connection:
            self._logged = await ledger.undecided(connection)


def _counted(sent: Envelope[Command]) -> Whose:
    return sent.tenant_id, sent.body.aggregate_id
