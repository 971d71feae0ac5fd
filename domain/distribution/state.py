"""Where a distribution stands, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Lifecycle(StrEnum):
    """Where a distribution stands."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    SETTLING = "settling"
    CLOSED = "closed"


class Scope(StrEnum):
    """What a pause holds back: new grants, new entries, or both."""

    SERVICE = "SERVICE"
    ENTRY = "ENTRY"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in force; `by` is who began it."""

    scope: Scope
    since: datetime
    resume_at: datetime | None = None
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A distribution that was killed; `by` is who did it."""

    at: datetime
    reason: str
    revoke_grants: bool = False
    by: str | None = None


def holds(pause: Pause | None, scope: Scope) -> bool:
    """Whether a pause holds this back."""
    return pause is not None and pause.scope in {scope, Scope.ALL}
