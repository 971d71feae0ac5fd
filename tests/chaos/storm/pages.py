"""The journal as a storm reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Page:
    """A row of the journal: what one drain decided about one aggregate."""

    tenant_id: UUID
    aggregate_id: UUID
    seq: int
    topic: str
    at: datetime
    command_ids: Sequence[UUID]
    replies: Sequence[Any]
    events: Sequence[Mapping[str, Any]]
