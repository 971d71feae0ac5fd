"""What a gateway is made of, and the one call by which a route has a command decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from api_gateway.accept import Accept
from api_gateway.auth import Caller, Guard, RefreshTokens
from api_gateway.limits import PASSES, Addresses, Ask, Policies, ReadLimits, Verdict
from api_gateway.replies import LOOK_AFTER, Replies, Told
from domain.command import Actor, Command, Envelope
from domain.people.commands import SignAccessToken
from runtime.clock import Clock
from runtime.settings import Settings
from store.reads.base import Connections

PATIENCE = 5.0
LOOKED_UP_AFTER = 2 * LOOK_AFTER
"""Seconds after which the journal was asked for whoever waits."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a command is asked for: under which id, by which request, with how much patience (seconds)."""

    command_id: UUID
    request_id: UUID
    keyed: str | None = None
    patience: float = PATIENCE
    respond_async: bool = False
    limit: Ask | None = None
    applied: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """The command was decided: what the journal keeps, and the secrets for this caller alone."""

    stored: dict[str, Any]
    secrets: dict[str, Any]
    limits: Verdict = PASSES


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command is in the ledger, asked for at `at`, and will be decided. `type` is its wire name."""

    command_id: UUID
    at: datetime
    type: str
    limits: Verdict = PASSES


Answer = Decided | Accepted


@dataclass(slots=True)
class Gateway:
    """One gateway process. It holds no private key and can write nothing but rows of the command log."""

    settings: Settings
    clock: Clock
    name: str
    pool: AsyncConnectionPool
    long_reads: Connections
    guard: Guard
    refresh_tokens: RefreshTokens
    reads: ReadLimits
    policies: Policies
    addresses: Addresses
    accept: Accept
    replies: Replies

    @property
    def secret(self) -> bytes:
        """What ids are made with from Idempotency-Keys."""
        return self.settings.gateway_secret.get_secret_value().encode()

    async def ask(self, caller: Caller, command: Command, asked: Asked) -> Answer:
        """Append the command and wait for its answer, as long as the caller cares to."""
        sent = Envelope(
            asked.command_id, caller.tenant_id, actor_of(caller), asked.request_id, command, self.name, 0, asked.keyed
        )
        at, future = self.clock.now(), self.replies.expect(sent)
        try:
            sending = self.accept.send(sent, asked.limit, None if asked.respond_async else future)
            told = None if asked.respond_async else await self.replies.told(future, asked.patience)
            limits = await sending.appended() if told is None else sending.verdict
        finally:
            self.replies.forget(sent, future)
        if told is None:
            if sent.keyed is not None and (asked.respond_async or asked.patience < LOOKED_UP_AFTER):
                await self.replies.compare(sent)
            return Accepted(sent.id, at, command.type, limits)
        secrets = await self._secrets(caller, told, asked)
        if secrets is None:
            return Accepted(sent.id, at, command.type, limits)
        return Decided(told.stored, secrets, limits)

    async def _secrets(self, caller: Caller, told: Told, asked: Asked) -> dict[str, Any] | None:
        """The secrets of an answer; those that the journal left out are signed once more. None: they cannot be now."""
        sealed = told.stored.get("sealed") or []
        if told.secrets or "accessToken" not in sealed:
            return told.secrets
        if told.stored["type"] == SignAccessToken.type:
            return None
        body = told.stored["body"]
        again = SignAccessToken(consumer_id=UUID(body["consumerId"]), session_id=UUID(body["session"]["id"]))
        once_more = replace(asked, command_id=self.clock.new_id(), keyed=None, limit=None, respond_async=False)
        answer = await self.ask(caller, again, once_more)
        return answer.secrets if isinstance(answer, Decided) else None


def actor_of(caller: Caller) -> Actor:
    """Who asks, as the ledger keeps it."""
    if caller.consumer_id is not None:
        return Actor("consumer", caller.consumer_id)
    return Actor(caller.kind, caller.key_id)
