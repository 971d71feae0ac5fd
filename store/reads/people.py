"""People, as their organization knows them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from domain.people.config import ProfileConfig
from domain.people.state import Consumer, Level, Profile
from store.reads.base import Reader

_ONE: Final = """
SELECT c.created_at, c.level, p.id AS profile, p.full_name, p.language_code, p.time_zone, p.email_opt_out, p.sms_opt_out,
  p.updated_at, p.version, p.erased_at
FROM consumer c LEFT JOIN consumer_profile p ON p.tenant_id = c.tenant_id AND p.id = c.id
WHERE c.tenant_id = %s AND c.id = %s"""


_VISITS: Final = """
SELECT EXISTS (SELECT FROM experience_visit
  WHERE tenant_id = %s AND consumer_id = %s AND experience_id = %s AND left_at IS NULL) AS inside"""


async def is_inside(reader: Reader, consumer_id: UUID, experience_id: UUID) -> bool:
    """Whether a person is in an experience."""
    row = await reader.one(_VISITS, (reader.tenant_id, consumer_id, experience_id))
    return row is not None and bool(row["inside"])


async def one(reader: Reader, consumer_id: UUID) -> tuple[Consumer, Profile | None] | None:
    """A person with what they say of themselves; None when there is none, or they were forgotten."""
    row = await reader.one(_ONE, (reader.tenant_id, consumer_id))
    if row is None or row["erased_at"] is not None:
        return None
    person = Consumer(reader.tenant_id, consumer_id, row["created_at"], Level(row["level"]))
    return person, None if row["profile"] is None else _profile(reader.tenant_id, row)


def _profile(tenant_id: UUID, row: dict[str, Any]) -> Profile:
    said = {field.alias or name: row[name] for name, field in ProfileConfig.model_fields.items()}
    return Profile(tenant_id, row["profile"], ProfileConfig.stored(said), row["updated_at"], row["version"])
