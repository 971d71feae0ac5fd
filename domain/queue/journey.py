"""Where a person stands on the way through a queue, as pages show it: a phase, and an outcome once it is over."""

from __future__ import annotations

from typing import Final

from domain.distribution.state import Lifecycle
from domain.queue.state import Status

NEVER: Final = "NOT_QUEUED"
_OUTSIDE: Final = frozenset({NEVER, Status.LEFT.value})
_AFTER_CLOSE: Final = frozenset({Lifecycle.SETTLING, Lifecycle.CLOSED})
_BY_REASON: Final = {"ADMISSION_EXPIRED": "expired", "QUEUE_CLOSED": "closed"}
_BY_STATUS: Final = {Status.COMPLETED.value: "completed", Status.LEFT.value: "left", Status.DENIED.value: "denied"}


def phase(status: str, lifecycle: Lifecycle, *, entries_open: bool) -> str:
    """Of somebody with this status (NOT_QUEUED: never entered): what there is to wait for, to do, or nothing any more."""
    if status == Status.GRANTED:
        return "granted"
    if status == Status.QUEUED:
        return "settling" if lifecycle in _AFTER_CLOSE else "participating"
    if status not in _OUTSIDE or lifecycle in _AFTER_CLOSE:
        return "ended"
    return "enterable" if entries_open or lifecycle is Lifecycle.OPEN else "scheduled"


def outcome(status: str, reason: str | None) -> str:
    """How it ended: completed, left, denied, expired or closed."""
    return _BY_REASON.get(reason or "") or _BY_STATUS.get(status, "closed")
