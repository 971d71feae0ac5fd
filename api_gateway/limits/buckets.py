"""Counters in this process: for reads always, for writes while Redis is away. Their memory is bounded."""

from __future__ import annotations

import math

from api_gateway.limits.asks import PASSES, Ask, Rule, Verdict, verdict
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

    def glance(self, ask: Ask, now: float) -> list[tuple[bytes, bytes]] | None:
        """Count a call that passes easily and return its headers; None, and nothing counted, when `admit` must look.

        `now` in unix microseconds. The same counters and the same answers as `admit`, without its objects.
        """
        stands, least, after_least = self._stands, None, 0.0
        counted = []
        for counter, rule in zip(ask.counters, ask.rules, strict=True):
            stand = stands.get(counter)
            if stand is None:
                return None
            after = (max(now, stand)) + rule.interval
            if after - now > rule.tolerance:
                return None
            left = (now + rule.tolerance - after) / rule.interval
            if least is None or left < least[0]:
                least, after_least = (left, rule), after
            counted.append((counter, after))
        stands.update(counted)
        return [] if least is None else _said(ask, least[1], int(least[0] + 1e-6), after_least - now, now)

    def _sweep(self, now: float) -> None:
        """Take the oldest counters away: those that are empty, and one at least; the others go to the end."""
        for counter in [counter for counter, _ in zip(self._stands, range(_SWEPT_AT_ONCE), strict=False)]:
            stand = self._stands.pop(counter)
            if stand > now and len(self._stands) < self._kept:
                self._stands[counter] = stand


def _said(ask: Ask, rule: Rule, remaining: int, ahead: float, now: float) -> list[tuple[bytes, bytes]]:
    reset, at = math.ceil(ahead / 1e6), int(now / 1e6)
    said = Verdict(admitted=True, rule=rule, policies=ask.policies, remaining=remaining, reset=reset, at=at)
    return said.raw_headers()
