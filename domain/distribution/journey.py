"""Where a person stands on the way through a distribution, as pages show it: a phase, and an outcome once it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.distribution.state import Lifecycle

AFTER_CLOSE: Final = frozenset({Lifecycle.SETTLING, Lifecycle.CLOSED})
LEFT: Final = "LEFT"
_BY_STATUS: Final = {"COMPLETED": "completed", LEFT: "left", "DENIED": "denied"}


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind calls its states: `never` taken part, `waiting`, `granted`; and how it ended for which `reasons`."""

    never: str
    waiting: str
    granted: str
    reasons: Mapping[str, str]

    def phase(self, status: str, lifecycle: Lifecycle, *, entries_open: bool) -> str:
        """Of somebody with this status: what there is to wait for, to do, or nothing any more."""
        if status == self.granted:
            return "granted"
        if status == self.waiting:
            return "settling" if lifecycle in AFTER_CLOSE else "participating"
        if status not in {self.never, LEFT} or lifecycle in AFTER_CLOSE:
            return "ended"
        return "enterable" if entries_open or lifecycle is Lifecycle.OPEN else "scheduled"

    def outcome(self, status: str, reason: str | None) -> str:
        """How it ended: completed, left, denied, closed, or what the kind says of the reason."""
        return self.reasons.get(reason or "") or _BY_STATUS.get(status, "closed")
