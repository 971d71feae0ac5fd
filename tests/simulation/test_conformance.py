"""The ledger in memory is no fiction: the same history leaves every table as Postgres leaves it, member by member."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Table

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.queue import commands as c
from domain.queue.state import Queue, Scope
from store import command_log
from store.command_log import Batch
from store.roles import SCHEDULER
from store.tables.base import metadata
from store.wire import Unknown, arrays, encode
from tests.domain.queue.machine import PEOPLE
from tests.simulation.house import founded
from tests.simulation.ledger import NOON
from tests.simulation.works import MemoryWorks
from tests.support.database import PARTITIONS
from tests.support.works import Works
from workers.drain import Round
from workers.firing import Firing
from workers.sweeper import Sweeper

COMPARED = (
    "queue", "queue_entry", "queue_grant", "queue_requeue", "queue_completion", "journal", "timer", "dead_command",
    "outbox", "command_log", "log_partition",
)  # fmt: skip
STOPPED = f"""
CREATE OR REPLACE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN (SELECT timestamptz '{NOON.isoformat()}' + ahead FROM ledger_clock)"""
SPOILED = c.EnterQueue(queue_id=UUID(int=0), consumer_id=UUID(int=5), quantity=2**40)


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
            self._append([SPOILED.model_copy(update={"queue_id": self.queues[0].id}), self._wanted()])
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
                c.CompleteGrant(**of, order_id=str(dice.randrange(4))), c.DenyEntry(**of, reason="ADMIN_ACTION"),
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
    History(side, dice, queues).live(14)


def told(table: Table, rows: Iterator[dict[str, Any]]) -> list[bytes]:
    """Rows in a form in which they can be compared; where a program failed is told in other words on each side."""
    hidden = {"traceback", "error"} if table.name == "dead_command" else set()
    shown = ({str(name): _plain(value) for name, value in row.items() if name not in hidden | {"live"}} for row in rows)
    return sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in shown)


def different(kept: bytes, stored: bytes) -> dict[str, Any]:
    """The members in which two rows differ: in memory, and in Postgres."""
    one, other = orjson.loads(kept), orjson.loads(stored)
    return {name: (one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name)}


def _plain(value: Any) -> Any:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


@pytest.mark.parametrize("seed", range(6))
def test_a_history_leaves_the_same_in_memory_as_in_postgres(works: Works, seed: int) -> None:
    works.rows(STOPPED)
    memory, engine = MemoryWorks(), works.database.engine(SCHEDULER, pool=1)
    lived(Side(memory, memory.firing, Sweeper(memory.ledger, lambda *_: None, None)), seed)
    lived(Side(works, Firing(engine, PARTITIONS, list), Sweeper(engine, lambda *_: None, None)), seed)
    engine.dispose()
    for name in COMPARED:
        table = metadata.tables[name]
        kept = told(table, iter(memory.store.tables[name].rows.values()))
        stored = told(table, (row._asdict() for row in works.rows(f"SELECT * FROM {name}")))  # noqa: S608
        assert [different(*pair) for pair in zip_longest(kept, stored, fillvalue=b"{}") if pair[0] != pair[1]] == [], name
