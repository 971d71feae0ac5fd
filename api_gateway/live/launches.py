"""What happens to the distributions of an experience, for everybody who watches: worked out once, told to each stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
import structlog

from api_gateway.live.snapshots import Snapshots
from api_gateway.live.stream import COMMENT, COMMENT_SECONDS, OPEN_SECONDS, RETRY, event
from api_gateway.problems import problem
from domain.ids import unix_ms
from domain.times import iso
from runtime.clock import Clock

LOOK_SECONDS: Final = 0.25
FIND_SECONDS: Final = 5.0
OPEN_AT_ONCE: Final = 20_000
Place = tuple[Snapshots[Any, Any], UUID]
Find = Callable[[], Awaitable[Iterable[Place] | None]]
log = structlog.get_logger("launches")


@dataclass(slots=True)
class Watch:
    """An experience that somebody watches: the latest event of each of its distributions."""

    tenant_id: UUID
    find: Find
    streams: int = 0
    events: dict[UUID, bytes] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    ended: bool = False
    watched: bool = False
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Wake whoever listens."""
        self.moved.set()
        self.moved = asyncio.Event()


class Launches:
    """The public streams of a gateway. An experience is looked at while somebody listens, however many they are."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watched: dict[tuple[UUID, UUID], Watch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0

    async def open(self, tenant_id: UUID, experience_id: UUID, find: Find) -> AsyncIterator[bytes]:
        """The events of an experience: first where each distribution stands, then every change and the time.

        `find` names its distributions and what holds their snapshots, None when the public may no longer see it. Problem
        429 when too many streams are open.
        """
        if self._open >= OPEN_AT_ONCE:
            raise problem(
                "STREAM_LIMIT_REACHED", "This gateway has as many open streams as it can hold.", retry_after=3
            )
        key = (tenant_id, experience_id)
        watch = self._watched.get(key)
        if watch is None:
            watch = Watch(tenant_id, find)
            await self._look(watch)
        return self._events(key, watch)

    async def _events(self, key: tuple[UUID, UUID], looked: Watch) -> AsyncIterator[bytes]:
        watch = self._begin(key, looked)
        try:
            yield RETRY + self._time()
            told, until = dict[UUID, bytes](), self._clock.monotonic() + OPEN_SECONDS
            while not watch.ended and self._clock.monotonic() < until:
                moved = watch.moved
                for own_id, latest in list(watch.events.items()):
                    if told.get(own_id) != latest:
                        told[own_id] = latest
                        yield latest
                if not await _within(moved, COMMENT_SECONDS):
                    yield COMMENT + self._time()
        finally:
            self._open -= 1
            watch.streams -= 1

    def _begin(self, key: tuple[UUID, UUID], looked: Watch) -> Watch:
        watch = self._watched.setdefault(key, looked)
        self._open += 1
        watch.streams += 1
        if not watch.watched:
            watch.watched = True
            task = asyncio.create_task(self._watch(key, watch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return watch

    async def _watch(self, key: tuple[UUID, UUID], watch: Watch) -> None:
        """Look until nobody listens; a store that is away for a moment is news of nothing."""
        looked = self._clock.monotonic()
        while watch.streams and not watch.ended:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if self._clock.monotonic() - looked >= FIND_SECONDS:
                    looked = self._clock.monotonic()
                    await self._look(watch)
                await self._hear(watch)
            except psycopg.Error as failure:
                log.warning("launches.not_looked", error=type(failure).__name__)
        watch.watched = False
        if self._watched.get(key) is watch:
            del self._watched[key]

    async def _look(self, watch: Watch) -> None:
        found = await watch.find()
        watch.ended, watch.places = found is None, tuple(found or ())
        await self._hear(watch)
        if watch.ended:
            watch.tell()

    async def _hear(self, watch: Watch) -> None:
        before, watch.events = watch.events, {}
        for snapshots, own_id in watch.places:
            one = await snapshots.found(watch.tenant_id, own_id)
            if one is not None and one.visible:
                kept, body = before.get(own_id, b""), orjson.dumps(one.distribution(self._clock.now()))
                watch.events[own_id] = kept if body in kept else event(b"distribution", one.seq, body)
        if watch.events != before:
            watch.tell()

    def _time(self) -> bytes:
        now = self._clock.now()
        return event(b"clock", unix_ms(now), orjson.dumps({"serverTime": iso(now)}))


async def _within(moved: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await moved.wait()
    except TimeoutError:
        return False
