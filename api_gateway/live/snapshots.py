"""The snapshots of a gateway: pulled once a second while somebody asks, sooner on a nudge; misses are read together."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import redis.asyncio
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.hearing import heard
from api_gateway.live.snapshot import Snapshot, Standing
from runtime.clock import Clock

EVERY_SECONDS = 1.0
SOONEST_SECONDS = 0.1
KEPT_SECONDS = 60.0
AT_ONCE = 500
log = structlog.get_logger("snapshots")
Key = tuple[UUID, UUID]
Held = TypeVar("Held", bound=Standing)
Kind = TypeVar("Kind", bound=Snapshot[Any])


class Snapshots(ABC, Generic[Kind, Held]):
    """Every distribution of one kind that this gateway was asked about in the last minute."""

    def __init__(self, pool: AsyncConnectionPool, client: redis.asyncio.Redis, clock: Clock) -> None:
        self._pool, self._redis, self._clock = pool, client, clock
        self._known: dict[Key, Kind] = {}
        self._pulling: dict[Key, asyncio.Future[None]] = {}
        self._nudged: set[str] = set()
        self._nudges: list[Callable[[str], None]] = [self._nudged_about]
        self._wanted: dict[Key, dict[UUID, asyncio.Future[Held]]] = {}

    @abstractmethod
    def _new(self, tenant_id: UUID, own_id: UUID) -> Kind:
        """A snapshot of which nothing is known yet."""

    @abstractmethod
    async def _row(self, one: Kind) -> dict[str, Any] | None:
        """What the store has of it now; None when this tenant has no such thing."""

    @abstractmethod
    async def _people(self, one: Kind, people: list[UUID]) -> Mapping[UUID, Held]:
        """The participations that these people have, as the store has them now."""

    @abstractmethod
    def _nobody(self, one: Kind, consumer_id: UUID) -> Held:
        """Somebody who never entered."""

    def known(self, tenant_id: UUID, own_id: UUID) -> Kind | None:
        """The distribution, if a snapshot of it is at hand and not older than two seconds."""
        one = self._known.get((tenant_id, own_id))
        if one is None or not one.known:
            return None
        now = self._clock.monotonic()
        one.asked_at = now
        return one if one.fresh(now) else None

    async def found(self, tenant_id: UUID, own_id: UUID) -> Kind | None:
        """The distribution, pulled now if it has to be; None when this tenant has no such thing."""
        known = self.known(tenant_id, own_id)
        if known is not None:
            return known
        key = (tenant_id, own_id)
        one = self._known.setdefault(key, self._new(tenant_id, own_id))
        one.asked_at = self._clock.monotonic()
        await self._shared_pull(one)
        if not one.known:
            self._known.pop(key, None)
            return None
        return one

    async def standing(self, one: Kind, consumer_id: UUID) -> Held:
        """A person's participation: cached, or read together with whatever else is missing now."""
        cached: Held | None = one.held(consumer_id)
        if cached is not None:
            return cached
        key = (one.tenant_id, one.own_id)
        wanted = self._wanted.setdefault(key, {})
        if consumer_id not in wanted:
            wanted[consumer_id] = asyncio.get_running_loop().create_future()
            if len(wanted) == 1:
                asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self._read(one)))
        return await asyncio.shield(wanted[consumer_id])

    async def stored(self, one: Kind, consumer_id: UUID) -> Held:
        """A person's participation as the store has it from now on, whatever is held of it."""
        one.forget(consumer_id)
        return await self.standing(one, consumer_id)

    def forget(self) -> None:
        """Read every participation anew, grants with new tokens."""
        for one in self._known.values():
            one.forget_all()

    async def refreshed(self, one: Kind) -> Kind:
        """The distribution with a snapshot taken from now on, one for all who ask meanwhile."""
        under_way = self._pulling.get((one.tenant_id, one.own_id))
        if under_way is not None:
            await asyncio.shield(under_way)
        await self._shared_pull(one)
        return one

    def all(self) -> list[Kind]:
        """Every distribution that is known now."""
        return list(self._known.values())

    async def pull(self) -> None:
        """Pull, for ever, every one that is due; let go of those that nobody asks about."""
        while True:
            await asyncio.sleep(SOONEST_SECONDS)
            await asyncio.gather(*(self._quietly_pull(one) for one in self._due()))

    async def listen(self) -> None:
        """Hear, for ever, which aggregates changed."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.psubscribe("changed:*")
                    async for message in heard(channel):
                        own_id = message["channel"].decode().removeprefix("changed:")
                        for nudge in self._nudges:
                            nudge(own_id)
            except (redis.RedisError, OSError) as failure:
                log.warning("snapshots.unheard", error=type(failure).__name__)
                await asyncio.sleep(0.2)

    async def _shared_pull(self, one: Kind) -> None:
        """Pull it once for all who want it now."""
        key = (one.tenant_id, one.own_id)
        under_way = self._pulling.get(key)
        if under_way is None:
            under_way = self._pulling[key] = asyncio.ensure_future(self._pull(one))
            under_way.add_done_callback(lambda _: self._pulling.pop(key, None))
        await asyncio.shield(under_way)

    def hear_for(self, other: Snapshots[Any, Any]) -> None:
        """Tell snapshots of another kind too what is heard, so that a gateway listens once."""
        self._nudges.append(other._nudged_about)

    def _nudged_about(self, own_id: str) -> None:
        self._nudged.add(own_id)

    def _due(self) -> list[Kind]:
        now, nudged, self._nudged = self._clock.monotonic(), self._nudged, set()
        for key, one in list(self._known.items()):
            if now - one.asked_at > KEPT_SECONDS:
                del self._known[key]
        return [
            one for one in self._known.values()
            if one.known and (now - one.pulled_at >= EVERY_SECONDS or one.name in nudged)
        ]  # fmt: skip

    async def _quietly_pull(self, one: Kind) -> None:
        try:
            await self._pull(one)
        except Exception as failure:  # noqa: BLE001 (whatever breaks in one, the others are pulled)
            log.warning("snapshots.not_pulled", kind=one.kind, id=one.name, error=repr(failure)[:300])

    async def _pull(self, one: Kind) -> None:
        row = await self._row(one)
        if row is None:
            one.known = False
        elif row["seq"] >= one.seq:
            one.pulled(row, self._clock.monotonic())

    async def _read(self, one: Kind) -> None:
        wanted = self._wanted.pop((one.tenant_id, one.own_id), {})
        people = list(wanted)
        for start in range(0, len(people), AT_ONCE):
            some = people[start : start + AT_ONCE]
            try:
                await self._read_some(one, some, wanted)
            except Exception as failure:  # noqa: BLE001 (whatever it is, those who wait are told)
                log.warning("snapshots.not_read", kind=one.kind, id=one.name, error=repr(failure)[:300])
                _give_up(failure, (wanted[person] for person in some))

    async def _read_some(self, one: Kind, people: list[UUID], wanted: dict[UUID, asyncio.Future[Held]]) -> None:
        this_read = object()
        one.reading.update((person.int, this_read) for person in people)
        try:
            found = await self._people(one, people)
        finally:
            newest = {person for person in people if one.reading.get(person.int) is this_read}
            for person in newest:
                del one.reading[person.int]
        for person in people:
            standing = found.get(person)
            if standing is None:
                standing = self._nobody(one, person)
            elif person in newest and standing.as_of >= one.seq and one.held(person) is None:
                one.keep(person, standing)
            if not wanted[person].done():
                wanted[person].set_result(standing)


def _give_up(failure: Exception, waiting: Iterable[asyncio.Future[Any]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(failure)
            future.exception()
