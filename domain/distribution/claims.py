"""The claims of an admission grant: what a shop can check offline."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.claims import Claims
from domain.distribution.grants import Holder
from domain.tenant import TenantFacts


class Distribution(Protocol):
    """What a grant says of the distribution that gave it."""

    @property
    def id(self) -> UUID:
        """The distribution."""

    @property
    def experience_id(self) -> UUID:
        """The launch that the public sees."""

    @property
    def sequence_id(self) -> UUID:
        """The access path."""


class Granted(Holder, Protocol):
    """A participation that was given a grant."""

    @property
    def granted_at(self) -> datetime | None:
        """When it was given."""

    @property
    def expires_at(self) -> datetime | None:
        """When it ends."""

    @property
    def quantity(self) -> int:
        """The units that may be bought."""


def grant_claims(kind: str, given_by: Distribution, entry: Granted, tenant: TenantFacts) -> Claims:
    """Who was let in, to what, until when. `kind` is the word of the distribution's kind."""
    assert entry.granted_at and entry.expires_at  # noqa: S101 (narrows the type; live grants have both)
    issued = int(entry.granted_at.timestamp())
    payload = {
        "aud": str(tenant.organization_id),
        "sub": str(entry.consumer_id),
        "jti": str(entry.grant_id),
        "iat": issued,
        "nbf": issued,
        "exp": int(entry.expires_at.timestamp()),
        "mode": tenant.mode,
        "experienceId": str(given_by.experience_id),
        "sequenceId": str(given_by.sequence_id),
        "distributionType": kind,
        "distributionId": str(given_by.id),
        "participationId": str(entry.id),
        "quantity": entry.quantity,
    }
    return Claims("grant", "admission+jwt", payload)
