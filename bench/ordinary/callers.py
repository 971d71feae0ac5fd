"""Who is asking: the publishable key names the tenant, the access token names the consumer."""

from __future__ import annotations

import hashlib
import time
import warnings
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey
from joserfc.jwt import JWTClaimsRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.ordinary.settings import Settings

# Tokens name the algorithm EdDSA, which every library knows; RFC 9864 would rather see Ed25519.
warnings.filterwarnings("ignore", category=SecurityWarning)

_ALGORITHMS = ["EdDSA", "Ed25519"]
_KEY_SECONDS = 10.0
_FIND_KEY = text("SELECT tenant_id, organization_id FROM api_key WHERE digest = :digest")


class NotAuthenticatedError(Exception):
    """The credential is missing, wrong or expired; answered with 401."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One consumer of one tenant, as the token says."""

    key: str
    tenant_id: UUID
    consumer_id: UUID
    session_id: UUID
    is_guest: bool


class Callers:
    """Recognises callers. Publishable keys are remembered for ten seconds, tokens are verified each time."""

    def __init__(self, engine: AsyncEngine, settings: Settings) -> None:
        self._engine = engine
        self._token_key = OKPKey.import_key(orjson.loads(settings.token_key))
        self._claims = JWTClaimsRegistry(
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": "consumer"},
            exp={"essential": True},
            organizationId={"essential": True},
        )
        self._keys: dict[str, tuple[float, UUID, str]] = {}

    async def recognise(self, key: str | None, authorization: str | None) -> Caller:
        """The caller of a request with these two headers; raises NotAuthenticatedError."""
        if key is None or authorization is None or not authorization.startswith("Bearer "):
            raise NotAuthenticatedError
        tenant_id, organization_id = await self._tenant(key)
        claims = self._verified(authorization[7:])
        if claims["organizationId"] != organization_id:
            raise NotAuthenticatedError
        consumer_id, session_id = UUID(claims["sub"]), UUID(claims["sid"])
        return Caller(key, tenant_id, consumer_id, session_id, claims.get("isGuest", True))

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            decoded = jwt.decode(token, self._token_key, algorithms=_ALGORITHMS)
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise NotAuthenticatedError from error
        if decoded.header.get("typ") != "at+jwt":
            raise NotAuthenticatedError
        return decoded.claims

    async def _tenant(self, key: str) -> tuple[UUID, str]:
        known = self._keys.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1], known[2]
        async with self._engine.connect() as connection:
            digest = hashlib.sha256(key.encode()).digest()
            row = (await connection.execute(_FIND_KEY, {"digest": digest})).first()
        if row is None:
            raise NotAuthenticatedError
        organization_id = str(row.organization_id)
        self._keys[key] = (time.monotonic() + _KEY_SECONDS, row.tenant_id, organization_id)
        return row.tenant_id, organization_id
