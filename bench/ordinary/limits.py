"""The write limits: per key, per consumer, per address, in one call to Redis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from bench.ordinary.callers import Caller
from bench.ordinary.settings import Settings

_SCRIPT = Path(__file__).with_name("limits.lua").read_text()
_NAMES = ("entry-key", "entry-consumer", "entry-address")


class TooManyError(Exception):
    """A limit is used up; answered with 429 and `Retry-After: retry_after`."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of the limit that is nearest to its end, as answer headers."""

    headers: dict[str, str]


class Limits:
    """Counts the entries of everybody in Redis, by its clock."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._count = redis.register_script(_SCRIPT)
        rates = (settings.limit_key, settings.limit_consumer, settings.limit_address)
        self._rates = rates
        self._arguments = [n for calls, seconds in rates for n in (seconds * 1_000_000 // calls, calls)]
        self._policy = ", ".join(
            f'"{name}";q={calls};w={seconds}' for name, (calls, seconds) in zip(_NAMES, rates, strict=True)
        )

    async def spend(self, caller: Caller, address: str) -> Budget:
        """Count one entry of this caller from this address; raises TooManyError."""
        keys = [f"ordinary:key:{caller.key}", f"ordinary:consumer:{caller.consumer_id}", f"ordinary:address:{address}"]
        refusing, seconds, *left = await self._count(keys=keys, args=self._arguments)
        if refusing:
            raise TooManyError(seconds)
        nearest = min(range(3), key=lambda i: left[2 * i] / self._rates[i][0])
        remaining, full = left[2 * nearest], left[2 * nearest + 1]
        return Budget(
            {
                "RateLimit-Policy": self._policy,
                "RateLimit": f'"{_NAMES[nearest]}";r={remaining};t={full}',
                "X-RateLimit-Limit": str(self._rates[nearest][0]),
                "X-RateLimit-Remaining": str(remaining),
                "X-RateLimit-Reset": str(seconds + full),
            }
        )
