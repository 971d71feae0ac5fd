"""The claims of an admission grant."""

from __future__ import annotations

from domain.claims import Claims
from domain.decision import Decision, Reply, refuse
from domain.queue.commands import SignGrant
from domain.queue.state import Entry, Queue, Status
from domain.tenant import TenantFacts


def sign_grant(queue: Queue, entry: Entry | None, tenant: TenantFacts | None, command: SignGrant) -> Decision:
    """The token of a live grant, for its holder; asking twice gives the same token."""
    if tenant is None or entry is None or entry.status is not Status.GRANTED or entry.grant_id != command.grant_id:
        return refuse("NO_LIVE_GRANT", "There is no such live grant.")
    return Decision(Reply(secrets={"admissionGrant": grant_claims(queue, entry, tenant)}))


def grant_claims(queue: Queue, entry: Entry, tenant: TenantFacts) -> Claims:
    """What a shop can check offline: who was let in, to what, until when."""
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
        "experienceId": str(queue.experience_id),
        "sequenceId": str(queue.sequence_id),
        "distributionType": "queue",
        "distributionId": str(queue.id),
        "participationId": str(entry.id),
        "quantity": entry.quantity,
    }
    return Claims("grant", "admission+jwt", payload)
