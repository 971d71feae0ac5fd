"""Which keys are in use: told to the ledger now and then, so that an organization can see which it may revoke."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from uuid import UUID

import structlog

from api_gateway.accept import Accept
from api_gateway.auth import Keys
from api_gateway.problems import Problem
from domain.command import SYSTEM_ACTOR, Envelope
from domain.organizations.commands import KeyUse, NoteKeyUse
from runtime.clock import Clock

EVERY_SECONDS = 300.0
log = structlog.get_logger("keys")


class KeyUses:
    """Tells the ledger, every five minutes, which keys were seen: one command for each tenant."""

    def __init__(self, keys: Keys, accept: Accept, clock: Clock) -> None:
        self._keys, self._accept, self._clock = keys, accept, clock

    async def tell(self) -> None:
        """Tell, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.tell_now()

    async def tell_now(self) -> None:
        """Tell what was seen since the last time. What cannot be told is told when the keys are seen again."""
        seen = defaultdict[UUID, list[KeyUse]](list)
        for used in self._keys.taken_uses():
            seen[used.tenant_id].append(KeyUse(key_id=used.key_id, at=used.at))
        for tenant_id, uses in seen.items():
            note, own_id = NoteKeyUse(tenant_id=tenant_id, uses=tuple(uses)), self._clock.new_id()
            try:
                await self._accept(Envelope(own_id, tenant_id, SYSTEM_ACTOR, own_id, note), None)
            except Problem as refused:
                log.warning("keys.use_untold", tenant=str(tenant_id), code=refused.code)
