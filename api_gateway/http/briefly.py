"""Public objects are the same for everybody: what was read a second ago is shown again, and one read serves all who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from runtime.clock import Clock

LIFE_SECONDS: Final = 1.0
KEPT: Final = 2_000


@dataclass(slots=True)
class _Read:
    began: float
    found: asyncio.Future[Any]


class Briefly:
    """Reads that are shared. What is None (there is no such thing) is shared just as long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reads: dict[Hashable, _Read] = {}

    async def read(self, key: Hashable, reading: Callable[[], Awaitable[Any]]) -> Any:
        """What `reading` found for this key within the last second. A read that fails is not kept."""
        now = self._clock.monotonic()
        known = self._reads.get(key)
        if known is None or now - known.began >= LIFE_SECONDS:
            self._make_room()
            known = self._reads[key] = _Read(now, asyncio.ensure_future(reading()))
            known.found.add_done_callback(lambda found: self._forget_failed(key, found))
        return await asyncio.shield(known.found)

    def _forget_failed(self, key: Hashable, found: asyncio.Future[Any]) -> None:
        failed = found.cancelled() or found.exception() is not None
        if failed and key in self._reads and self._reads[key].found is found:
            del self._reads[key]

    def _make_room(self) -> None:
        while len(self._reads) >= KEPT:
            del self._reads[next(iter(self._reads))]


def briefly_of(request: Request) -> Briefly:
    """The reads that everybody shares."""
    briefly: Briefly = request.app.state.briefly
    return briefly
