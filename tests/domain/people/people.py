"""People and sessions for tests: plain functions with defaults."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.claims import Claims
from domain.decision import Decision, Refused, Reply
from domain.guest import NewGuest
from domain.people.commands import RefreshSession
from domain.people.state import Consumer, Session
from domain.tenant import TenantFacts
from domain.times import Times

NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
PERSON = UUID("01900000-0000-7000-8000-00000000000a")
SESSION = UUID("01900000-0000-7000-8000-00000000000b")


def at(seconds: float = 0.0) -> Times:
    """A command received and decided so long after noon."""
    moment = NOON + timedelta(seconds=seconds)
    return Times(moment, moment)


def make_tenant(**changes: Any) -> TenantFacts:
    """An organization that lets guests in, with access tokens of an hour and refresh tokens of 30 days."""
    facts = {
        "tenant_id": UUID(int=1), "organization_id": UUID(int=2), "mode": "live", "slug": "harbour",
        "allow_guests": True, "access_token_seconds": 3600, "refresh_token_seconds": 2_592_000,
    }  # fmt: skip
    return TenantFacts(**facts | changes)


def make_guest(refresh_hash: str = "first") -> NewGuest:
    """A guest to be made."""
    return NewGuest(session_id=SESSION, refresh_hash=refresh_hash)


def make_person(**changes: Any) -> Consumer:
    """A guest made at noon."""
    return Consumer(**{"tenant_id": UUID(int=1), "id": PERSON, "created_at": NOON} | changes)


def make_session(**changes: Any) -> Session:
    """The first session of that guest, fresh."""
    facts = {
        "tenant_id": UUID(int=1), "id": SESSION, "consumer_id": PERSON, "refresh_hash": "first",
        "created_at": NOON, "expires_at": NOON + timedelta(days=30),
    }  # fmt: skip
    return Session(**facts | changes)


def refreshing(presented: str, following: str) -> RefreshSession:
    """Somebody trades one refresh token for the next."""
    return RefreshSession(consumer_id=PERSON, session_id=SESSION, presented_hash=presented, next_hash=following)


def reply_of(decision: Decision) -> Reply:
    """The reply of a decision that was no refusal."""
    assert isinstance(decision.outcome, Reply)
    return decision.outcome


def refusal_of(decision: Decision) -> str:
    """The code of a refusal."""
    assert isinstance(decision.outcome, Refused)
    return decision.outcome.code


def token_of(decision: Decision) -> Claims:
    """The access token that a decision issues, as claims."""
    claims = reply_of(decision).secrets["accessToken"]
    assert isinstance(claims, Claims)
    return claims
