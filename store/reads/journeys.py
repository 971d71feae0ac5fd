"""What a person takes part in: every queue and draw of the experiences where that person ever entered one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from store.reads.base import Reader

# A person's participations are found distribution by distribution, because an index by person alone would slow every entry down.
_STOPS: Final = """
SELECT * FROM (
  SELECT s.*, count(s.versions) OVER (PARTITION BY s.experience_id) AS entered FROM (
    SELECT 'queue' AS kind, q.id, q.experience_id, q.sequence_id, q.created_at, e.versions, e.granted_at
    FROM queue q
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_array(p.id, p.version) ORDER BY p.first_ticket) AS versions,
        max(p.granted_at) FILTER (WHERE p.status = 'GRANTED') AS granted_at
      FROM queue_entry p
      WHERE p.tenant_id = q.tenant_id AND p.queue_id = q.id AND p.consumer_id = %(person)s
    ) e ON true
    WHERE q.tenant_id = %(tenant)s AND NOT q.archived
      AND (%(experience)s::uuid IS NULL OR q.experience_id = %(experience)s)
    UNION ALL
    SELECT 'draw' AS kind, d.id, d.experience_id, d.sequence_id, d.created_at, e.versions, e.granted_at
    FROM draw d
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_array(p.id, p.version) ORDER BY p.number) AS versions,
        max(p.granted_at) FILTER (WHERE p.status = 'WON') AS granted_at
      FROM draw_entry p
      WHERE p.tenant_id = d.tenant_id AND p.draw_id = d.id AND p.consumer_id = %(person)s
    ) e ON true
    WHERE d.tenant_id = %(tenant)s AND NOT d.archived
      AND (%(experience)s::uuid IS NULL OR d.experience_id = %(experience)s)
  ) s JOIN experience x ON x.tenant_id = %(tenant)s AND x.id = s.experience_id AND x.published AND NOT x.archived
) t WHERE entered > 0 OR experience_id = %(experience)s OR experience_id = ANY (%(visited)s)
ORDER BY created_at, id"""
_PERSON: Final = """
SELECT c.level, p.full_name, p.language_code, coalesce(p.version - 1, 0) AS changes FROM consumer c
LEFT JOIN consumer_profile p ON p.tenant_id = c.tenant_id AND p.id = c.id
WHERE c.tenant_id = %(tenant)s AND c.id = %(person)s"""


# One that is hidden or put away does not show, but its versions count on: no sum of versions may ever fall.
_VISITS: Final = """
SELECT v.experience_id, v.version, v.left_at IS NULL AND x.published AND NOT x.archived AS inside
FROM experience_visit v JOIN experience x ON x.tenant_id = v.tenant_id AND x.id = v.experience_id
WHERE v.tenant_id = %(tenant)s AND v.consumer_id = %(person)s
  AND (%(experience)s::uuid IS NULL OR v.experience_id = %(experience)s) ORDER BY v.entered_at, v.id"""


@dataclass(frozen=True, slots=True)
class Stop:
    """A distribution on somebody's way. `versions` are the participations there, the first first, each with its version."""

    kind: str
    own_id: UUID
    experience_id: UUID
    sequence_id: UUID
    versions: tuple[tuple[UUID, int], ...]
    granted_at: datetime | None

    def version_with(self, entry_id: UUID | None, version: int) -> int:
        """The sum of all versions up to a participation that is seen in this version: it grows with every change."""
        total = 0
        for own_id, own_version in self.versions:
            if own_id == entry_id:
                break
            total += own_version if entry_id is not None else 0
        return total + version


@dataclass(frozen=True, slots=True)
class Way:
    """Who a person is, and the queues and draws on their way, the older first.

    `changes` is how often the person changed what is said here; `visited` are the experiences that the person is in,
    `visits` the sum of the versions of all that were ever visited.
    """

    level: str
    stops: tuple[Stop, ...]
    full_name: str | None = None
    language_code: str | None = None
    changes: int = 0
    visited: tuple[UUID, ...] = ()
    visits: int = 0


async def of_person(reader: Reader, consumer_id: UUID, experience_id: UUID | None) -> Way:
    """The way of a person, through one experience if one is named."""
    values = {"tenant": reader.tenant_id, "person": consumer_id, "experience": experience_id}
    async with reader.moment() as cursor:
        person = await (await cursor.execute(_PERSON, values)).fetchone()
        seen = await (await cursor.execute(_VISITS, values)).fetchall()
        visited = [row["experience_id"] for row in seen if row["inside"]]
        rows = await (await cursor.execute(_STOPS, values | {"visited": visited})).fetchall()
    stops = (
        Stop(
            row["kind"],
            row["id"],
            row["experience_id"],
            row["sequence_id"],
            _versions(row["versions"]),
            row["granted_at"],
        )
        for row in rows
    )
    known = person or {"level": "guest", "full_name": None, "language_code": None, "changes": 0}
    return Way(**known, stops=tuple(stops), visited=tuple(visited), visits=sum(row["version"] for row in seen))


def _versions(kept: list[tuple[str, int]] | None) -> tuple[tuple[UUID, int], ...]:
    return tuple((UUID(own_id), version) for own_id, version in kept or ())
