"""Limits of writes: counted in Redis, so that all gateways share one budget, in one round trip for a whole group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import orjson
import redis
import structlog

from api_gateway.limits.asks import PASSES, Ask, Verdict, verdict
from api_gateway.limits.buckets import ReadLimits
from runtime.clock import Clock

SCRIPT: Final = Path(__file__).with_name("gcra.lua").read_text()
PREFIX = "limit:"
AGAIN_SECONDS = 1.0
_MOST_COUNTERS = 4_000
log = structlog.get_logger("limits")


class WriteLimits:
    """Asks Redis; while it is away this process counts alone, so that what each gateway lets through stays bounded."""

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        self._script = client.register_script(SCRIPT)
        self._clock, self._alone = clock, ReadLimits(clock)
        self._again_at = float("-inf")

    def admit(self, asks: Sequence[Ask]) -> list[Verdict]:
        """One verdict for each call, in order."""
        said: list[Verdict] = []
        for part in _parts(asks):
            said += self._admit(part)
        return said

    def _admit(self, asks: Sequence[Ask]) -> list[Verdict]:
        if self._clock.monotonic() >= self._again_at:
            try:
                return self._told(asks)
            except (redis.RedisError, OSError, TimeoutError) as failure:
                self._again_at = self._clock.monotonic() + AGAIN_SECONDS
                log.warning("limits.counted_alone", error=type(failure).__name__)
        return [self._alone.admit(ask) for ask in asks]

    def _told(self, asks: Sequence[Ask]) -> list[Verdict]:
        numbers: dict[str, int] = {}
        rules: list[tuple[float, int]] = []
        asked: list[list[int]] = []
        for ask in asks:
            asked.append([])
            for counter, rule in zip(ask.counters, ask.rules, strict=True):
                number = numbers.setdefault(counter, len(numbers) + 1)
                if number > len(rules):
                    rules.append((rule.interval, rule.tolerance))
                asked[-1].append(number)
        if not numbers:
            return [PASSES] * len(asks)
        told = self._script(
            keys=[PREFIX + counter for counter in numbers], args=[orjson.dumps({"rules": rules, "asks": asked})]
        )
        now, *stands = told
        before = iter(stands)
        return [_said(ask, list(islice(before, len(ask.rules))), now) for ask in asks]


def _said(ask: Ask, before: Sequence[int], now: int) -> Verdict:
    return verdict(ask, before, now) if ask.rules else PASSES


def _parts(asks: Sequence[Ask]) -> list[Sequence[Ask]]:
    """Groups that a script can unpack: Lua's stack holds about 8,000 values."""
    size = _MOST_COUNTERS // max((len(ask.counters) for ask in asks if ask.counters), default=1)
    return [asks[start : start + size] for start in range(0, len(asks), size)]
