"""Counters in this process: for reads always, for writes while Redis is away. Their memory is bounded."""

from __future__ import annotations

from api_gateway.limits.asks import PASSES, Ask, Verdict, verdict
from runtime.clock import Clock

KEPT = 400_000
_SWEPT_AT_ONCE = 64


class ReadLimits:
    """Counts calls of this process. A counter that nobody used for its window is forgotten when room is needed."""

    def __init__(self, clock: Clock, *, kept: int = KEPT) -> None:
        self._clock, self._kept = clock, kept
        self._stands: dict[str, float] = {}

    def admit(self, ask: Ask) -> Verdict:
        """Count a call if it passes all its rules; a call that is refused is not counted."""
        if not ask.rules:
            return PASSES
        now = self._clock.now().timestamp() * 1_000_000
        stands = [self._stands.get(counter, 0.0) for counter in ask.counters]
        said = verdict(ask, stands, now)
        if said.admitted:
            for counter, rule, stand in zip(ask.counters, ask.rules, stands, strict=True):
                self._stands[counter] = max(stand, now) + rule.interval
            if len(self._stands) > self._kept:
                self._sweep(now)
        return said

    def _sweep(self, now: float) -> None:
        """Take the oldest counters away: those that are empty, and one at least; the others go to the end."""
        for counter in [counter for counter, _ in zip(self._stands, range(_SWEPT_AT_ONCE), strict=False)]:
            stand = self._stands.pop(counter)
            if stand > now and len(self._stands) < self._kept:
                self._stands[counter] = stand
