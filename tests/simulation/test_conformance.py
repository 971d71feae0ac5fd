"""The ledger in memory is no fiction: the same history leaves every table as Postgres leaves it, member by member."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from random import Random
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from sqlalchemy import Table

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.decision import Reply
from domain.distribution.state import Scope
from domain.queue import commands as c
from domain.queue.config import QueueConfig
from domain.queue.state import Entry, Queue
from domain.times import Times
from store import bulk, command_log
from store.command_log import Batch, Place
from store.database import see_tenants
from store.roles import SCHEDULER
from store.tables.base import metadata
from store.tables.queue import queue_entry
from store.wire import Unknown, arrays, encode
from store.work import Work
from tests.domain.queue.machine import PEOPLE
from tests.simulation.founding import founded
from tests.simulation.ledger import NOON
from tests.simulation.silence import hush
from tests.simulation.works import MemoryWorks
from tests.support import factories
from tests.support.database import PARTITIONS
from tests.support.works import Works
from workers.drain import Round
from workers.firing import Firing
from workers.handlers import HANDLERS
from workers.sweeper import Sweeper

COMPARED = (
    "queue", "queue_entry", "queue_grant", "queue_requeue", "queue_completion", "journal", "timer", "dead_command",
    "outbox", "command_log", "log_partition",
)  # fmt: skip
UNBORN: dict[str, Any] = {
    "tenant_id": UUID(int=1), "id": UUID(int=2), "organization_id": UUID(int=3), "experience_id": UUID(int=4),
    "sequence_id": UUID(int=5), "config": QueueConfig(name="Main door", admit_rate=60), "server_seed": b"",
    "created_at": NOON, "updated_at": NOON, "created_by": "tests",
}  # fmt: skip
STOPPED = """
CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN (SELECT timestamptz '2026-11-21T12:00:00Z' + ahead FROM ledger_clock)"""
"""The ledger's clock stands still at NOON, but for how far it is set ahead."""


@dataclass(frozen=True)
class Side:
    """Works and the steps of a scheduler over them, wherever the ledger is."""

    works: Any
    firing: Firing
    sweeper: Sweeper


@dataclass
class History:
    """What happens, drawn from a seed: the same on both sides."""

    side: Side
    dice: Random
    queues: Sequence[Queue]

    def live(self, things: int) -> None:
        """So many things happen."""
        can: tuple[Callable[[], None], ...] = (self._few, self._few, self._few, self._time, self._struck, self._newer)
        for _ in range(things):
            self.dice.choice(can)()

    def _few(self) -> None:
        self._append([self._wanted() for _ in range(self.dice.randrange(1, 6))])
        self._settle()

    def _time(self) -> None:
        self.side.works.advance(f"{self.dice.choice((0.4, 1.0, 2.5, 31.0))} seconds")
        self.side.firing()
        self._settle()

    def _struck(self) -> None:
        """What waits is swept until it is gone through carefully."""
        self._append([self._wanted(), self._wanted()])
        if self.dice.random() < 0.5:
            poison = c.ArchiveQueue(queue_id=self.queues[0].id, if_version=self.dice.choice((1, 2)))
            self._append([self._wanted(), poison, self._wanted()])
        for _ in range(self.dice.randrange(5)):
            self.side.works.advance("1.0 seconds")
            self.side.sweeper.swept()
        self._settle()

    def _newer(self) -> None:
        """A command of a newer program comes, is handed back, and is taken away."""
        sent = self._sent(self._wanted())
        (newer,) = arrays(encode([sent]))
        newer[2] = 7
        (place,) = command_log.places_of([sent], PARTITIONS)
        with self.side.works.owner.begin() as connection:
            unknown = Unknown(sent.id, sent.body.type, 7, newer)
            command_log.hand_back(connection, place, [(Batch(0, NOON, 0, b""), unknown)])
        assert self.side.works.drain.round(place) is Round.HANDED_BACK
        with self.side.works.owner.begin() as connection:
            oldest = command_log.oldest(connection, place)
            assert oldest is not None
            command_log.put_rest(connection, oldest, [])

    def _settle(self) -> None:
        while places := self.side.works.waiting():
            for place in sorted(places, key=lambda place: place.part):
                self.side.works.drain.round(place)

    def _append(self, commands: Sequence[Command]) -> None:
        sent = [self._sent(command) for command in commands]
        if self.dice.random() < 0.3:
            sent.append(sent[0])
        self.side.works.append(sent)

    def _sent(self, command: Command) -> Envelope[Command]:
        own_id = UUID(int=self.dice.getrandbits(128))
        keyed = self.dice.choice((None, "print"))
        return Envelope(own_id, self.queues[0].tenant_id, SYSTEM_ACTOR, own_id, command, keyed=keyed)

    def _wanted(self) -> Command:
        dice, queue = self.dice, self.dice.choice(self.queues)
        of: dict[str, Any] = {"queue_id": queue.id, "consumer_id": dice.choice(PEOPLE)}
        return dice.choice(
            (
                c.EnterQueue(**of), c.EnterQueue(**of), c.EnterQueue(**of), c.LeaveQueue(**of), c.AdmitEntry(**of),
                c.CompleteGrant(**of, order_id=str(dice.randrange(4))), c.CompleteGrant(**of, order_id=str(dice.randrange(4))),
                c.DenyEntry(**of, reason="ADMIN_ACTION"),
                c.PauseQueue(queue_id=queue.id, scope=dice.choice(list(Scope))),
                c.ResumeQueue(queue_id=queue.id, extend_grants_seconds=dice.choice((0, 20))),
                c.UpdateQueue(queue_id=queue.id, changes={"idleTimeoutSeconds": dice.choice((None, 60))}),
                c.UpdateQueue(queue_id=queue.id, changes={"admitRate": dice.choice((60, 600))}),
                c.NotePresence(queue_id=queue.id, entry_ids=(), listened=True),
            )
        )  # fmt: skip


def lived(side: Side, seed: int) -> None:
    """A history, from the founding on."""
    dice = Random(seed)
    with side.works.owner.begin() as connection:
        queues = founded(connection, dice)
    History(side, dice, queues).live(30)


def told(table: Table, rows: Iterator[dict[str, Any]]) -> list[bytes]:
    """Rows in a form in which they can be compared; a traceback is another on each side, and `live` is computed."""
    hidden = {"traceback", "live"}
    shown = ({str(name): _plain(value) for name, value in row.items() if name not in hidden} for row in rows)
    return sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in shown)


def different(kept: bytes, stored: bytes) -> dict[str, Any]:
    """The members in which two rows differ: in memory, and in Postgres."""
    one, other = orjson.loads(kept), orjson.loads(stored)
    return {name: (one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name)}


def _plain(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def breaking(work: Work, sent: Envelope[c.ArchiveQueue], times: Times) -> Reply:
    """A command that breaks in the deciding, or in what the store says of it."""
    raise ValueError("broken") if sent.body.if_version == 1 else psycopg.errors.NumericValueOutOfRange("unwritable")


@pytest.mark.parametrize("seed", range(4))
def test_a_history_leaves_the_same_in_memory_as_in_postgres(
    works: Works, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    works.rows(STOPPED)
    monkeypatch.setitem(HANDLERS, c.ArchiveQueue, replace(HANDLERS[c.ArchiveQueue], handler=breaking))
    memory, engine = MemoryWorks(), works.database.engine(SCHEDULER, pool=1)
    with hush():
        lived(Side(memory, memory.firing, Sweeper(memory.ledger, lambda *_: None, None)), seed)
        lived(Side(works, Firing(engine, PARTITIONS, list), Sweeper(engine, lambda *_: None, None)), seed)
    engine.dispose()
    for name in COMPARED:
        table = metadata.tables[name]
        kept = told(table, iter(memory.store.tables[name].rows.values()))
        stored = told(table, (row._asdict() for row in works.rows(f"SELECT * FROM {name}")))  # noqa: S608
        assert [different(*pair) for pair in zip_longest(kept, stored, fillvalue=b"{}") if pair[0] != pair[1]] == [], (
            name
        )
    assert all(memory.store.tables[name].rows for name in ("queue_entry", "journal", "dead_command"))


def test_a_partition_is_one_sessions_until_it_ends_and_is_not_waited_for(works: Works) -> None:
    place = Place("queue", 0)
    for ledger in (MemoryWorks().ledger, works.drain.ledger):
        with ledger.opened() as one, ledger.opened() as other:
            assert command_log.lock(one, place) is not None
            assert command_log.lock(other, place) is None
            one.rollback()
            other.rollback()
            assert command_log.lock(other, place) is not None


@pytest.mark.parametrize("same", [{"ticket"}, {"consumer_id"}, {"id"}])
def test_what_must_be_unique_is_refused_in_the_same_words(works: Works, same: set[str]) -> None:
    facts = {"tenant_id": UUID(int=1), "queue_id": UUID(int=2), "entered_at": NOON, "received_at": NOON}
    one = Entry(**facts, id=UUID(int=3), consumer_id=UUID(int=4), ticket=5, first_ticket=5)
    other = Entry(**facts, id=UUID(int=6), consumer_id=UUID(int=7), ticket=8, first_ticket=8)
    twice = [one, replace(other, **{name: getattr(one, name) for name in same})]
    for ledger in (MemoryWorks().ledger, works.drain.ledger):
        with ledger.opened() as connection:
            see_tenants(connection, [one.tenant_id])
            with pytest.raises(psycopg.errors.UniqueViolation):
                bulk.insert(connection, queue_entry, twice)


def test_what_is_not_committed_nobody_sees_and_it_is_gone_when_the_session_is(works: Works) -> None:
    for made in (MemoryWorks(), works):
        with made.gateway.begin() as connection:
            queue = Queue(**UNBORN)
            command_log.append(connection, [factories.entering(queue)], PARTITIONS, "tests")
            assert made.waiting() == []
        assert len(made.waiting()) == 1
        with made.drain.ledger.opened() as session:
            lease, batches = command_log.lock_and_take(session, made.waiting()[0], 1_000)
            assert lease is not None and len(batches) == 1
        assert len(made.waiting()) == 1
