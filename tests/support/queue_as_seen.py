"""A queue as its clients see it, one call at a time: the specification that recorded histories are held against.

Nobody is let in by the clock here: the queue's service is paused, so that all that happens was called for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.support.linearizability import UNKNOWN, Operation

LIVE = frozenset({"QUEUED", "GRANTED"})
NOT_HERE, GIVEN_BACK = "NOT_QUEUED", "LEFT"


class Ask(NamedTuple):
    """What is asked of the queue: for whom, under which Idempotency-Key, and for the shop's calls what for.

    `ticket` is the participation whose grant is validated.
    """

    person: str
    key: str | None = None
    order: str | None = None
    ticket: int | None = None


class Told(NamedTuple):
    """What was answered: a status or the code of a refusal; ticket and head of the line where the answer shows them."""

    status: str
    ticket: int | None = None
    head: int | None = None


class Place(NamedTuple):
    """One participation, at its ticket."""

    person: str
    status: str
    granted: bool = False
    order: str | None = None


class Line(NamedTuple):
    """The queue: every participation by its ticket, the head that was told last, and what was answered under each key."""

    places: tuple[Place, ...] = ()
    head: int = 0
    kept: tuple[tuple[str, Told], ...] = ()

    def of(self, person: str) -> list[int]:
        """The tickets of a person, the live one last."""
        mine = [ticket for ticket, place in enumerate(self.places) if place.person == person]
        return sorted(mine, key=lambda ticket: (self.places[ticket].status in LIVE, ticket))

    def to(self, ticket: int, **changes: str | bool | None) -> Line:
        """The line after a change of one participation."""
        changed = self.places[ticket]._replace(**changes)  # type: ignore[arg-type]  # the fields of a place, any of them
        return self._replace(places=(*self.places[:ticket], changed, *self.places[ticket + 1 :]))

    @property
    def waiting(self) -> list[int]:
        """The tickets of those who wait."""
        return [ticket for ticket, place in enumerate(self.places) if place.status == "QUEUED"]


@dataclass(frozen=True, slots=True)
class QueueAsSeen:
    """The specification of a queue with these settings."""

    capacity: int | None = None
    completions: int = 1

    def __call__(self, line: Line, operation: Operation) -> Line | None:
        """The queue after a call, or None when it cannot have been answered so."""
        if operation.call == "list":
            return line if operation.answer == shown(line) else None
        ask: Ask = operation.argument
        before = dict(line.kept).get(ask.key or "")
        if before is not None:
            return line if _same(before, operation.answer) else None
        after, told = self._decided(line, operation.call, ask)
        if not _same(told, operation.answer):
            return None
        if ask.key is not None:
            after = after._replace(kept=tuple(sorted((*after.kept, (ask.key, told)))))
        return _headed(after, operation.answer)

    def _decided(self, line: Line, call: str, ask: Ask) -> tuple[Line, Told]:
        if call == "enter":
            return self._entered(line, ask)
        mine = line.of(ask.person)
        if call == "validate":
            return line, _validated(line, ask)
        if call == "leave":
            return _left(line, mine)
        return _admitted(line, mine) if call == "admit" else _completed(line, mine, ask)

    def _entered(self, line: Line, ask: Ask) -> tuple[Line, Told]:
        """Whoever is in keeps the place; whoever bought as often as one may is told of the last purchase."""
        mine = line.of(ask.person)
        bought = sum(line.places[ticket].status == "COMPLETED" for ticket in mine)
        if mine and (line.places[mine[-1]].status in LIVE or bought >= self.completions):
            return line, Told(line.places[mine[-1]].status, mine[-1])
        if self.capacity is not None and len(line.waiting) >= self.capacity:
            return line, Told("QUEUE_FULL")
        places = (*line.places, Place(ask.person, "QUEUED"))
        return line._replace(places=places), Told("QUEUED", len(line.places))


def shown(line: Line) -> tuple[tuple[str, str], ...]:
    """The list of participations that an organizer sees, by arrival."""
    return tuple((place.person, place.status) for place in line.places)


def _left(line: Line, mine: Sequence[int]) -> tuple[Line, Told]:
    if not mine:
        return line, Told(NOT_HERE)
    ticket, status = mine[-1], line.places[mine[-1]].status
    if status not in LIVE:
        return line, Told(status, ticket)
    return line.to(ticket, status=GIVEN_BACK), Told(GIVEN_BACK, ticket)


def _admitted(line: Line, mine: Sequence[int]) -> tuple[Line, Told]:
    status = line.places[mine[-1]].status if mine else NOT_HERE
    if status == "GRANTED":
        return line, Told("ALREADY_GRANTED")
    if status != "QUEUED":
        return line, Told("CONSUMER_NOT_IN_QUEUE")
    return line.to(mine[-1], status="GRANTED", granted=True), Told("GRANTED", mine[-1])


def _completed(line: Line, mine: Sequence[int], ask: Ask) -> tuple[Line, Told]:
    """A grant is used up by one order, which may come again."""
    by_order = [ticket for ticket in mine if line.places[ticket].order == ask.order]
    meant = [*mine, *by_order][-1:]
    if not meant:
        return line, Told("NO_LIVE_GRANT")
    place = line.places[meant[0]]
    if place.status == "COMPLETED":
        return line, Told("COMPLETED" if by_order else "GRANT_ALREADY_USED", meant[0] if by_order else None)
    if place.status == "GRANTED":
        return line.to(meant[0], status="COMPLETED", order=ask.order), Told("COMPLETED", meant[0])
    return line, Told("GRANT_REVOKED" if place.granted else "NO_LIVE_GRANT")


def _validated(line: Line, ask: Ask) -> Told:
    """Of a grant that was given to this ticket."""
    place = line.places[ask.ticket] if ask.ticket is not None and ask.ticket < len(line.places) else None
    if place is None or not place.granted:
        return Told("GRANT_INVALID")
    return Told({"GRANTED": "valid", "COMPLETED": "GRANT_ALREADY_USED"}.get(place.status, "GRANT_REVOKED"))


def _same(right: Told, answer: object) -> bool:
    """Whether this answer says what is right, as far as it says anything."""
    if answer is UNKNOWN:
        return True
    if not isinstance(answer, Told) or answer.status != right.status:
        return False
    return answer.ticket is None or answer.ticket == right.ticket


def _headed(line: Line, answer: object) -> Line | None:
    """The head that was told never falls, so that nobody's position rises; and whoever waits is not behind it."""
    if not isinstance(answer, Told) or answer.head is None:
        return line
    if not line.head <= answer.head <= min(line.waiting, default=len(line.places)):
        return None
    return line._replace(head=answer.head)
