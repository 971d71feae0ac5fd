"""The token of an admission grant."""

from __future__ import annotations

from domain.decision import Decision, Reply, refuse
from domain.distribution.claims import grant_claims
from domain.queue.commands import SignGrant
from domain.queue.state import Entry, Queue, Status
from domain.tenant import TenantFacts


def sign_grant(queue: Queue, entry: Entry | None, tenant: TenantFacts | None, command: SignGrant) -> Decision:
    """The token of a live grant, for its holder; asking twice gives the same token."""
    if tenant is None or entry is None or entry.status is not Status.GRANTED or entry.grant_id != command.grant_id:
        return refuse("NO_LIVE_GRANT", "There is no such live grant.")
    return Decision(Reply(secrets={"admissionGrant": grant_claims("queue", queue, entry, tenant)}))
