"""A queue in which many people wait already: entries by COPY, and the queue's line as if each had entered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bench.people import Person, copy
from bench.queues import open_now, writing
from bench.system import System, tomorrow
from domain.fairness import ENTER, Frontier, entry_leaf, leaf_hash
from domain.ids import unix_us
from runtime.clock import Clock

_COPY = b"""
    COPY queue_entry (tenant_id, id, queue_id, consumer_id, ticket, first_ticket, entered_at, received_at,
      status, quantity, version, validations, out_of_turn, requeues) FROM STDIN
"""
_SPAN = timedelta(minutes=10)
_SLOWLY = 60


@dataclass(frozen=True, slots=True)
class Crowd:
    """People with sessions who wait in one queue. All came before the opening, so each has a place in a drawn order."""

    queue_id: UUID
    people: Sequence[Person]


def waiting_crowd(system: System, number: int) -> Crowd:
    """A crowd of so many, in a queue that is open and lets one in a second, so that the line moves."""
    people = system.people(number)
    queue_id = system.new_queue(**tomorrow(), admitRate=_SLOWLY)
    seed(system, queue_id, [one.consumer_id for one in people])
    open_now(system, queue_id)
    return Crowd(queue_id, people)


def seed(system: System, queue_id: UUID, consumers: Sequence[UUID]) -> None:
    """Let these people wait in a queue that nobody has entered yet and that is not open.

    They came one after the other within the last ten minutes. Raises ValueError when somebody is in the queue.
    """
    entries, waiting = _entries(consumers), len(consumers)
    with writing(system, queue_id) as held:
        if held.queue.line.tickets:
            raise ValueError(f"{held.queue.line.tickets} people are in the queue already")
        leaves = (leaf_hash(entry_leaf(ENTER, at, entry, unix_us(came))) for at, (entry, came) in enumerate(entries))
        line = held.queue.with_line(tickets=waiting, waiting=waiting, frontier=Frontier().extend(leaves))
        with system.connect() as connection:
            copy(connection, _COPY, _lines(system, queue_id, consumers, entries))
        held.put(line, held.queue.knock_at)
    system.settle()


def _entries(consumers: Sequence[UUID]) -> list[tuple[UUID, datetime]]:
    """A participation and the moment of its receipt for each of them."""
    clock, first = Clock(), datetime.now(UTC) - _SPAN
    return [(clock.new_id(), first + _SPAN * at / len(consumers)) for at in range(len(consumers))]


def _lines(
    system: System, queue_id: UUID, consumers: Sequence[UUID], entries: Sequence[tuple[UUID, datetime]]
) -> Iterator[str]:
    tenant_id = system.organization.test_tenant_id
    for ticket, (consumer, (entry, came)) in enumerate(zip(consumers, entries, strict=True)):
        at = came.isoformat()
        yield (f"{tenant_id}\t{entry}\t{queue_id}\t{consumer}\t{ticket}\t{ticket}\t{at}\t{at}\tQUEUED\t1\t1\t0\tf\t0\n")
