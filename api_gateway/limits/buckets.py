"""Counters in this process: for reads always, for writes while Redis is away. Their memory is bounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from api_gateway.http.asgi import Pairs
from api_gateway.limits.asks import PASSES, Ask, Rule, Verdict, verdict
from runtime.clock import Clock

KEPT = 400_000
_SWEPT_AT_ONCE = 64
_FORGOTTEN = -1.0


class Counter:
    """One counter: its theoretical arrival time in unix microseconds; below zero once it was forgotten."""

    __slots__ = ("stand",)

    def __init__(self) -> None:
        self.stand = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules that calls are under, and the header that tells of them: one object for all who are under the same."""

    rules: tuple[Rule, ...]
    policies: bytes


class ReadLimits:
    """Counts calls of this process. A counter that nobody used for its window is forgotten when room is needed."""

    def __init__(self, clock: Clock, *, kept: int = KEPT) -> None:
        self._clock, self._kept = clock, kept
        self._counters: dict[str, Counter] = {}

    def admit(self, ask: Ask) -> Verdict:
        """Count a call if it passes all its rules; a call that is refused is not counted."""
        if not ask.rules:
            return PASSES
        now = self._clock.now().timestamp() * 1_000_000
        counters = [self._counter(name) for name in ask.counters]
        said = verdict(ask, [counter.stand for counter in counters], now)
        if said.admitted:
            for counter, rule in zip(counters, ask.rules, strict=True):
                counter.stand = max(counter.stand, now) + rule.interval
        if len(self._counters) > self._kept:
            self._sweep(now)
        return said

    def counters(self, ask: Ask) -> tuple[Counter, ...]:
        """The counters of a call, at hand: whoever asks the same again and again need not look them up."""
        return tuple([self._counter(name) for name in ask.counters])

    def glance(self, terms: Terms, counters: tuple[Counter, ...], now: float) -> Pairs | None:
        """Count a call that passes easily and return its headers; None, and nothing counted, when `admit` must look.

        `now` in unix microseconds. The same counters and the same answers as `admit`, without its objects.
        """
        nearest, least, ahead = None, math.inf, 0.0
        for rule, counter in zip(terms.rules, counters, strict=True):
            stand = counter.stand
            behind = (stand - now if stand > now else 0.0) + rule.interval
            left = (rule.tolerance - behind) / rule.interval
            if left < 0 or stand < 0:
                return None
            if left < least:
                nearest, least, ahead = rule, left, behind
        for rule, counter in zip(terms.rules, counters, strict=True):
            counter.stand = max(counter.stand, now) + rule.interval
        return [] if nearest is None else _said(terms, nearest, int(least + 1e-6), ahead, now)

    def _counter(self, name: str) -> Counter:
        known = self._counters.get(name)
        if known is None:
            known = self._counters[name] = Counter()
        return known

    def _sweep(self, now: float) -> None:
        """Take the oldest counters away: those that are empty, and one at least; the others go to the end."""
        for name in [name for name, _ in zip(self._counters, range(_SWEPT_AT_ONCE), strict=False)]:
            counter = self._counters.pop(name)
            if counter.stand > now and len(self._counters) < self._kept:
                self._counters[name] = counter
            else:
                counter.stand = _FORGOTTEN


@lru_cache(maxsize=256)
def terms(rules: tuple[Rule, ...], policies: str) -> Terms:
    """The terms of an Ask's rules and policies."""
    return Terms(rules, policies.encode())


def _said(terms: Terms, rule: Rule, remaining: int, ahead: float, now: float) -> Pairs:
    """The headers of a call that passes; `ahead` and `now` in microseconds."""
    reset = math.ceil(ahead / 1e6)
    return [
        (b"ratelimit-policy", terms.policies),
        (b"ratelimit", b'"%b";r=%d;t=%d' % (rule.label, remaining, reset)),
        (b"x-ratelimit-limit", b"%d" % rule.limit),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % (int(now / 1e6) + reset)),
    ]
