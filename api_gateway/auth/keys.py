"""Keys of organizations, looked up by their hash; what was found is believed for less than a second.

A revoked key is refused within a second. Whose a key is never changes, and is remembered for minutes. A key in use is
looked up again before that second is over, in the background, so that a busy caller never waits for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from api_gateway.auth.caller import Key
from api_gateway.problems import problem
from runtime.clock import Clock
from store.reads import keys

LIFE_SECONDS = 0.95
REFRESH_SECONDS = 0.5
OWNED_SECONDS = 600.0
KEPT = 20_000
USABLE = frozenset({"ACTIVE", "RETIRING"})
_FORM = re.compile(r"dr_(?:pk_(?:live|test)_[0-9A-Za-z]{32}|sk_(?:live|test)_[0-9A-Za-z]{43})")
log = structlog.get_logger("keys")


class Used(NamedTuple):
    """A key in use, and when it was last looked up."""

    tenant_id: UUID
    key_id: UUID
    at: datetime


@dataclass(slots=True)
class _Known:
    key: Key | None
    looked_at: float


class Keys:
    """Resolves keys. Lookups that meet while another is on its way go together, as one statement."""

    def __init__(self, pool: AsyncConnectionPool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock
        self._known: dict[str, _Known] = {}
        self._owned: dict[str, _Known] = {}
        self._wanted: dict[str, asyncio.Future[Key | None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._used: dict[UUID, Used] = {}

    def taken_uses(self) -> list[Used]:
        """The keys in use since this was last asked. A key in use is looked up every second, so that is where it is noted."""
        used, self._used = self._used, {}
        return list(used.values())

    def remembered(self, secret: str) -> tuple[bool, Key | None]:
        """(True, what the store said less than a second ago), or (False, None): it must be asked."""
        digest = _digest(secret)
        if digest is None:
            return True, None
        known = self._known.get(digest)
        age = self._clock.monotonic() - known.looked_at if known else LIFE_SECONDS
        if known is None or age >= LIFE_SECONDS:
            return False, None
        if age > REFRESH_SECONDS and known.key is not None:
            self._want(digest)
        return True, known.key

    def owner(self, secret: str) -> Key | None:
        """The key as it was found within ten minutes: it tells whose it is, not whether it is good. None: made up, or new."""
        digest = _digest(secret)
        return None if digest is None else self.owner_of(digest)

    def owner_of(self, digest: str) -> Key | None:
        """The same by the key's hash."""
        known = self._owned.get(digest)
        return known.key if known is not None and self._clock.monotonic() - known.looked_at < OWNED_SECONDS else None

    async def find(self, secret: str) -> Key | None:
        """The key, whatever its status, or None. Problem 503 when the store does not answer."""
        told, key = self.remembered(secret)
        if told:
            return key
        try:
            return await asyncio.shield(self._want(key_hash(secret)))
        except (psycopg.Error, OSError):
            raise problem("DEPENDENCY_UNAVAILABLE", "Keys cannot be looked up right now.", retry_after=1) from None

    def usable(self, key: Key | None) -> Key:
        """The key, if it may be used now. Problem 401 or 403 otherwise."""
        if key is None:
            raise problem("INVALID_KEY", "There is no such key.")
        ended = key.expires_at is not None and key.expires_at <= self._clock.now()
        if ended or key.status not in USABLE:
            raise problem("KEY_REVOKED", "The key was revoked or has expired.")
        if key.organization_status != "ACTIVE":
            raise problem("ORGANIZATION_INACTIVE")
        return key

    def _want(self, digest: str) -> asyncio.Future[Key | None]:
        wanted = self._wanted.get(digest)
        if wanted is None:
            wanted = self._wanted[digest] = asyncio.get_running_loop().create_future()
            wanted.add_done_callback(_heard)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return wanted

    async def _look(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            asked = self._clock.monotonic()
            try:
                found = await self._resolve(wanted)
            except Exception as failure:  # noqa: BLE001 (whoever waits must be told, whatever happened)
                log.warning("keys.not_resolved", error=type(failure).__name__)
                for future in wanted.values():
                    future.set_exception(failure)
                continue
            for digest, future in wanted.items():
                key = self._same(digest, found.get(digest))
                self._remember(digest, _Known(key, asked))
                self._note(key)
                future.set_result(key)

    def _note(self, key: Key | None) -> None:
        if key is not None and key.status in USABLE:
            self._used[key.id] = Used(key.tenant_id, key.id, self._clock.now())

    def _same(self, digest: str, key: Key | None) -> Key | None:
        """The key as it was known, when nothing about it has changed: who holds it can see so by identity."""
        known = self._known.get(digest)
        unchanged = (
            known is not None and known.key is not None and key is not None and astuple(known.key) == astuple(key)
        )
        return known.key if known is not None and unchanged else key

    def _remember(self, digest: str, known: _Known) -> None:
        _keep_last(self._known, digest, known)
        if known.key is not None:  # because keys that are made up would push out those that are somebody's
            _keep_last(self._owned, digest, known)

    async def _resolve(self, digests: Iterable[str]) -> dict[str, Key]:
        async with self._pool.connection() as connection:
            return {row[0]: _key(row) for row in await keys.resolved(connection, digests)}


def _keep_last(kept: dict[str, _Known], digest: str, known: _Known) -> None:
    kept.pop(digest, None)
    kept[digest] = known
    while len(kept) > KEPT:
        del kept[next(iter(kept))]


@lru_cache(maxsize=1024)
def _digest(secret: str) -> str | None:
    """The hash of what has the form of a key, kept for the few keys that come again and again."""
    return None if _FORM.fullmatch(secret) is None else key_hash(secret)


def key_hash(secret: str) -> str:
    """The SHA-256 of a key, in hex: the form in which the store keeps it. Keys hold enough chance to need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: tuple[Any, ...]) -> Key:
    _, tenant_id, organization_id, mode, slug, organization, told, key_id, kind, scopes, status, ends = row
    may = frozenset(scopes)
    return Key(tenant_id, organization_id, mode, slug, organization, told or {}, key_id, kind, may, status, ends)


def _heard(future: asyncio.Future[Key | None]) -> None:
    """A failure nobody waited for is logged where it happened, not once more by the loop."""
    if not future.cancelled():
        future.exception()
