"""What happened to a participation of any kind, from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.command import SYSTEM
from domain.settings import actor_facts
from domain.times import iso
from store.reads.base import Reader, Row

_HISTORY = """
SELECT j.at, event FROM journal j, json_array_elements(j.events) AS event
WHERE j.tenant_id = %(tenant)s AND j.aggregate_id = %(distribution)s AND j.at >= %(since)s AND %(consumer)s = ANY (j.changed)
  AND event->>'participationId' = %(entry)s ORDER BY j.seq LIMIT 1000"""


@dataclass(frozen=True, slots=True)
class Course:
    """The events of a kind, by the word that they begin with.

    `before` is the status of whoever has not entered, `leads_to` the status after each event by its last word,
    `by_itself` are those that nobody asks for.
    """

    kind: str
    before: str
    leads_to: Mapping[str, str]
    by_itself: frozenset[str]


async def history(reader: Reader, course: Course, distribution_id: UUID, row: Row) -> list[dict[str, Any]]:
    """What happened to a participation: {at, from, event, to, actor}, the oldest first; an actor who is not known is null.

    That somebody entered, the participation says itself: of a rush the journal's index keeps no names.
    """
    values = {
        "tenant": reader.tenant_id, "distribution": distribution_id, "since": row["entered_at"],
        "consumer": row["consumer_id"], "entry": str(row["id"]),
    }  # fmt: skip
    person, status = actor_facts(f"consumer:{row['consumer_id']}"), course.leads_to["entered"]
    entered = f"{course.kind}.consumer.entered"
    told = [{"at": iso(row["entered_at"]), "from": course.before, "event": entered, "to": status, "actor": person}]
    for found in await reader.all(_HISTORY, values):
        event, kind = found["event"], found["event"]["type"]
        if kind != entered:
            before, status = status, course.leads_to.get(kind.rpartition(".")[2], status)
            step = {"at": iso(found["at"]), "from": before, "event": kind, "to": status}
            told.append(step | {"actor": _actor(course, event, kind.rpartition(".")[2], person)})
    return told


def _actor(course: Course, event: Mapping[str, Any], word: str, person: dict[str, str]) -> dict[str, str] | None:
    """Whoever is named; else the person for leaving, nobody's doing for what comes by itself."""
    if "actor" in event:
        return actor_facts(event["actor"])
    if word == "left":
        return person
    return actor_facts(f"system:{SYSTEM}") if word in course.by_itself else None
