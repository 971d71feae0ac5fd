"""What a person is told of a session, and the claims of its access token."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from domain.claims import Claims
from domain.decision import Reply
from domain.people.config import ProfileConfig
from domain.people.state import Consumer, Level, Profile, Session
from domain.tenant import TenantFacts
from domain.times import iso

ACCESS_TOKEN = "accessToken"  # noqa: S105 (the name of a member)


def issue(consumer: Consumer, session: Session, tenant: TenantFacts, *, created: bool = False) -> Reply:
    """The latest token pair of a session; of the refresh token only the hash is known here, and its sender adds it."""
    return Reply(session_facts(consumer, session, tenant), token_secrets(consumer, session, tenant), created)


def session_facts(consumer: Consumer, session: Session, tenant: TenantFacts) -> dict[str, Any]:
    """A session as it is told and kept: no token among it."""
    told, person = _dates(session.issued_at, session.expires_at, tenant.access_token_seconds), str(consumer.id)
    facts = {
        "id": str(session.id),
        "type": "guest" if consumer.level is Level.GUEST else "authenticated",
        "consumerId": person,
        "level": consumer.level.value,
        "expiresAt": told.session_ends,
    }
    return {
        "consumerId": person,
        "session": facts,
        "accessTokenExpiresAt": told.access_ends,
        "refreshTokenTtlSeconds": tenant.refresh_token_seconds,
    }


def token_secrets(consumer: Consumer, session: Session, tenant: TenantFacts) -> dict[str, Any]:
    """What only the holder may learn: the access token, as claims to be signed."""
    return {ACCESS_TOKEN: access_claims(consumer, session, tenant)}


def access_claims(consumer: Consumer, session: Session, tenant: TenantFacts) -> Claims:
    """The claims of the latest access token (RFC 9068). One issue has one set of claims, whenever it is asked for."""
    told, sid = _dates(session.issued_at, session.expires_at, tenant.access_token_seconds), str(session.id)
    payload = {
        "aud": "consumer",
        "sub": str(consumer.id),
        "sid": sid,
        "organizationId": str(tenant.organization_id),
        "mode": tenant.mode,
        "level": consumer.level.value,
        "isGuest": consumer.level is Level.GUEST,
        "amr": [consumer.level.value],
        "iat": told.iat,
        "exp": told.exp,
        "jti": f"{sid}.{session.rotations}",
    }
    return Claims("access", "at+jwt", payload)


def consumer_facts(consumer: Consumer, profile: Profile | None) -> dict[str, Any]:
    """A person with what they say of themselves. Addresses are there once people can give them."""
    said = (profile.config if profile else ProfileConfig()).model_dump(mode="json", by_alias=True)
    return {
        "id": str(consumer.id),
        "level": consumer.level.value,
        "email": None,
        "emailVerified": False,
        "phone": None,
        "phoneVerified": False,
        **said,
        "version": profile.version if profile else 1,
        "createdAt": iso(consumer.created_at),
        "updatedAt": iso(profile.updated_at if profile else consumer.created_at),
    }


class _Dates(NamedTuple):
    iat: int
    exp: int
    access_ends: str | None
    session_ends: str | None


@lru_cache(maxsize=256)  # because all guests of a drain begin at the same moment
def _dates(issued_at: datetime, session_ends: datetime, access_seconds: int) -> _Dates:
    """The dates of an issue. An access token never outlives its session; its claims know whole seconds only."""
    ends = min(issued_at + timedelta(seconds=access_seconds), session_ends).replace(microsecond=0)
    return _Dates(int(issued_at.timestamp()), int(ends.timestamp()), iso(ends), iso(session_ends))
