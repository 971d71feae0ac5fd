"""The public halves of the keys that sign tokens, as the store lists them now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from joserfc.util import urlsafe_b64decode
from psycopg_pool import AsyncConnectionPool

from api_gateway.problems import problem
from runtime.clock import Clock
from store.reads import keys

FRESH_SECONDS = 10.0
AGAIN_SECONDS = 0.25
DOUBT_SECONDS = 25.0
log = structlog.get_logger("signers")


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that may have signed a token of this purpose."""

    purpose: str
    jwk: Mapping[str, Any]
    public: bytes


class Signers:
    """The listed keys by their id.

    Unknown ids are asked for four times a second at most, however many ask; who asks in between waits for the next look,
    because the key may be younger than the last one: where another was withdrawn, a new key signs at once.
    """

    def __init__(self, pool: AsyncConnectionPool, clock: Clock) -> None:
        self._pool, self._clock = pool, clock
        self._listed: dict[str, Signer] = {}
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._next: asyncio.Task[bool] | None = None
        self._turn = asyncio.Lock()
        self._forget: list[Callable[[], None]] = []
        self._doubted_until = float("-inf")

    def whenever_withdrawn(self, *forget: Callable[[], None]) -> None:
        """Call these when a key is listed no more: whatever was checked or signed by it is to be looked at anew."""
        self._forget += forget

    async def watch(self) -> None:
        """Look, for ever, every ten seconds, because tokens that were checked before ask for no key.

        Workers may sign with a withdrawn key for ten seconds more, so what is kept is doubted for a while after.
        """
        while True:
            await asyncio.sleep(FRESH_SECONDS)
            await asyncio.shield(self._look_soon())
            if self._clock.monotonic() < self._doubted_until:
                self._doubt()

    @property
    def known(self) -> bool:
        """Whether there is a key for every purpose."""
        return {signer.purpose for signer in self._listed.values()} >= {"access", "grant"}

    def remembered(self, kid: str) -> Signer | None:
        """A key that is known already; the list is looked at again in the background when it is old."""
        if self._age() > FRESH_SECONDS:
            self._look_soon()
        return self._listed.get(kid)

    async def find(self, kid: str) -> Signer | None:
        """A key by its id, or None: there is no such key. Problem 503: that cannot be said, because the store does not answer."""
        looked = self.remembered(kid) is not None or await asyncio.shield(self._next_look())
        if kid not in self._listed and not looked:
            raise problem("DEPENDENCY_UNAVAILABLE", "Signing keys cannot be looked up right now.", retry_after=1)
        return self._listed.get(kid)

    async def published(self) -> dict[str, Any]:
        """The key set (RFC 7517) for checks without us."""
        if self._age() > AGAIN_SECONDS:
            await asyncio.shield(self._look_soon())
        return {"keys": [dict(signer.jwk) for signer in self._listed.values()]}

    def _age(self) -> float:
        return self._clock.monotonic() - self._looked_at

    def _look_soon(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return self._looking

    def _next_look(self) -> asyncio.Task[bool]:
        """A look that has not begun yet; all who ask until then share it."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._look_when_due())
        return self._next

    async def _look_when_due(self) -> bool:
        await asyncio.sleep(AGAIN_SECONDS - self._age())
        async with self._turn:
            self._next = None
            return await self._listed_now()

    async def _look(self) -> None:
        async with self._turn:
            await self._listed_now()

    async def _listed_now(self) -> bool:
        """Take the list as it is now; False when the store did not tell it."""
        self._looked_at = self._clock.monotonic()
        try:
            async with self._pool.connection() as connection:
                rows = await keys.listed(connection)
        except (psycopg.Error, OSError) as failure:
            log.warning("signers.not_listed", error=type(failure).__name__)
            return False
        before, self._listed = self._listed, {kid: signer_of(purpose, jwk) for kid, purpose, jwk in rows}
        if before.keys() - self._listed.keys():
            self._doubted_until = self._clock.monotonic() + DOUBT_SECONDS
            self._doubt()
        return True

    def _doubt(self) -> None:
        log.info("signers.doubted")
        for forget in self._forget:
            forget()


def signer_of(purpose: str, jwk: Mapping[str, Any]) -> Signer:
    """The signer of a public key as it is stored; `x` of its JWK (RFC 8037) is the key itself."""
    return Signer(purpose, jwk, urlsafe_b64decode(str(jwk["x"]).encode()))
