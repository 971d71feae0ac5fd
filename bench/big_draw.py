"""A draw of a million: seeded once, and put back to before its freeze as often as a figure wants to draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from bench.people import copy
from bench.system import System
from bench.writing import as_writer
from domain.decision import Timer
from domain.draw.commands import KnockDraw
from domain.draw.rules.entering import leaf_of
from domain.draw.state import Draw, Entry, Pool
from domain.fairness import leaf_hash
from domain.times import iso
from runtime.clock import Clock
from store import timers
from store.database import ledger_now
from store.repositories.base import Tenancy
from store.repositories.draws import Draws

OF_WINNERS = 100
"""Every hundredth wins: ten thousand of a million."""

_SPAN = timedelta(minutes=10)
_COPY = b"""
    COPY draw_entry (tenant_id, id, draw_id, consumer_id, number, leaf, first_ticket, tickets, people, entered_at,
      received_at, status, quantity, version, absent, promoted, validations, requeues) FROM STDIN
"""
_BACK = """
    UPDATE draw_entry SET status = 'ENTERED', rank = NULL, grant_id = NULL, granted_at = NULL, expires_at = NULL
    WHERE tenant_id = %s AND draw_id = %s AND rank IS NOT NULL
"""
_DRAWN = (
    *(
        f"DELETE FROM {table} WHERE tenant_id = %s AND draw_id = %s"  # noqa: S608 (our own names)
        for table in ("draw_run", "draw_order", "draw_step")
    ),
    "DELETE FROM draw_record_line WHERE tenant_id = %s AND draw_id = %s AND type <> 'CREATED'",
)


@dataclass(frozen=True, slots=True)
class BigDraw:
    """The draw. Nobody in it has a session: so many entries of one ticket each, and who is drawn."""

    system: System
    draw_id: UUID
    entries: int

    @property
    def winners(self) -> int:
        """How many win."""
        return winners_of(self.entries)

    def rewind(self, ahead: timedelta) -> datetime:
        """Put everybody back to before the freeze; entries are frozen and drawn `ahead` from now. When that is."""
        with as_writer(self.system, "draw", self.draw_id) as connection:
            draws, draw = _stored(self.system, connection, self.draw_id)
            for statement in (*_DRAWN, _BACK):
                connection.exec_driver_sql(statement, (draw.tenant_id, draw.id))
            pool, due_at = draw.pool, ledger_now(connection) + ahead
            undrawn = Pool(pool.entries, pool.tickets, pool.frontier, entered=pool.entries)
            config = draw.config.model_copy(update={"draw_at": due_at, "close_at": None})
            draws.put(replace(draw, pool=undrawn, config=config, version=draw.version + 1, knock_at=due_at))
            draws.flush()
            timer = Timer(draw.id, "knock", due_at, KnockDraw(draw_id=draw.id))
            timers.write(connection, [(draw.tenant_id, timer)])
        return due_at


def winners_of(entries: int) -> int:
    """How many of so many win."""
    return max(1, entries // OF_WINNERS)


def big_draw(system: System, entries: int) -> BigDraw:
    """A draw that so many have entered, one after the other, and that is drawn tomorrow."""
    tomorrow = iso(datetime.now(UTC) + timedelta(days=1))
    asked = {
        "sequenceId": system.sequence_id,
        "name": "The hat",
        "drawAt": tomorrow,
        "winnerCount": winners_of(entries),
    }
    draw_id = UUID(system.admin.post("/draws", asked)["id"])
    with as_writer(system, "draw", draw_id) as connection:
        draws, draw = _stored(system, connection, draw_id)
        leaves: list[bytes] = []
        with system.connect() as copying:
            copy(copying, _COPY, _lines(_entered(draw, entries), leaves))
        frontier = draw.pool.frontier.extend(leaves)
        draws.put(draw.with_pool(entries=entries, tickets=entries, entered=entries, frontier=frontier))
        draws.flush()
    system.settle()
    return BigDraw(system, draw_id, entries)


def _entered(draw: Draw, entries: int) -> Iterator[Entry]:
    """So many people with a ticket each, who came within the last ten minutes."""
    clock, first = Clock(), datetime.now(UTC) - _SPAN
    for number in range(entries):
        at = first + number * _SPAN / entries
        yield Entry(draw.tenant_id, clock.new_id(), draw.id, clock.new_id(), number, number, number, 1, 1, at, at)


def _lines(entered: Iterable[Entry], leaves: list[bytes]) -> Iterator[str]:
    """The rows, and in `leaves` the leaf hash of each as soon as it was read."""
    for one in entered:
        leaves.append(leaf_hash(leaf_of(one)))
        own, at = f"{one.tenant_id}\t{one.id}\t{one.draw_id}\t{one.consumer_id}", one.entered_at.isoformat()
        counted = f"{one.number}\t{one.leaf}\t{one.first_ticket}\t{one.tickets}\t{one.people}"
        yield f"{own}\t{counted}\t{at}\t{at}\tENTERED\t1\t1\tf\tf\t0\t0\n"


def _stored(system: System, connection: Connection, draw_id: UUID) -> tuple[Draws, Draw]:
    draws = Draws(Tenancy(connection, system.organization.test_tenant_id))
    draw = draws.get(draw_id)
    if draw is None:
        raise LookupError(f"there is no draw {draw_id}")
    return draws, draw
