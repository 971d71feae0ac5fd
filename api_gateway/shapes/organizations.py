"""Organizations, keys and sessions as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from api_gateway.shapes.common import Linked, Shape
from domain.organizations.state import KeyKind, Mode, Scope
from domain.settings import Name, Settings
from domain.values import Moment


class KeptOrganization(Linked):
    """An organization as it sees itself."""

    id: UUID
    mode: Literal["live", "test"]
    name: str
    slug: str
    status: Literal["ACTIVE", "INACTIVE", "PENDING"]
    time_zone: str
    currency_code: str
    allow_guests: bool
    allowed_origins: list[str]
    version: int
    created_at: datetime
    updated_at: datetime


class PublicSettings(Shape):
    """What a page may know of an organization."""

    id: UUID
    name: str
    logo_url: str | None
    theme: dict[str, Any]
    language_code: str
    time_zone: str
    frame_ancestors: list[str]
    allow_guests: bool
    require_fingerprint: bool
    bot_check_provider: str


class SdkConfig(Shape):
    """What a page needs to reach the waiting room. Keys are shown once, so the key is the caller's to fill in."""

    organization_id: UUID
    publishable_key: str | None
    publishable_keys: list[str]
    consumer_url: str
    jwks_url: str


class SlugAvailability(Shape):
    """Whether a slug can be had."""

    slug: str
    available: bool
    reason: Literal["TAKEN", "RESERVED", "INVALID_FORMAT"] | None


class KeptKey(Linked):
    """A key; of its text no more than the beginning and the end."""

    id: UUID
    mode: Literal["live", "test"]
    name: str
    kind: Literal["publishable", "secret"]
    scopes: list[str]
    prefix: str
    last4: str
    status: Literal["ACTIVE", "RETIRING", "REVOKED", "EXPIRED"]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewKeyShown(KeptKey):
    """A new key with its text, which is shown this once."""

    key: str


class NewKey(Settings):
    """A key as it is asked for."""

    name: Name
    kind: Annotated[KeyKind, Field(strict=False)]
    mode: Annotated[Mode, Field(strict=False)]
    scopes: list[Scope] | None = None
    expires_at: Moment | None = None


class RotateBody(Settings):
    """How long the old key works on beside its successor, in seconds."""

    overlap_seconds: int = Field(86_400, ge=0, le=604_800)


class SessionFacts(Shape):
    """A session of a consumer."""

    type: Literal["guest", "authenticated"]
    consumer_id: UUID
    level: Literal["guest", "registered", "verified"]
    expires_at: datetime


class TokenSet(Shape):
    """An access token for the next hour, and a refresh token for the one after. The latter is replaced at each use."""

    session: SessionFacts
    access_token: str
    access_token_expires_at: datetime
    refresh_token: str
    refresh_token_ttl_seconds: int


class GuestBody(Settings):
    """Nothing is said of a guest."""


class RefreshBody(Settings):
    """The latest refresh token."""

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class LogoutBody(Settings):
    """Whether all the person's sessions end."""

    all_devices: bool = False
