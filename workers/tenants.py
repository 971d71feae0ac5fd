"""What the handlers of a tenant's own affairs share: the tenant is their aggregate."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from domain.command import Envelope
from domain.decision import Decision, Refused, Reply
from domain.tenant import TenantFacts
from domain.times import Times
from store.work import Work

Outcome = Reply | Refused
NOT_FOUND = Refused("ORGANIZATION_NOT_FOUND", "There is no such organization.")
_OfTenant = Callable[[Work, TenantFacts, Envelope[Any], Times], Decision]


def of_tenant(decide: _OfTenant) -> Callable[[Work, Envelope[Any], Times], Outcome]:
    """A handler of a command whose aggregate is its tenant: saves the decision, returns the outcome.

    A command that names another tenant than it travels under would have a second writer; that is a sender's bug.
    """

    @wraps(decide)
    def handler(work: Work, sent: Envelope[Any], times: Times) -> Outcome:
        if sent.body.tenant_id != sent.tenant_id:
            raise ValueError(f"{sent.body.type} names tenant {sent.body.tenant_id} and travels under {sent.tenant_id}")
        tenant = work.tenants.get(sent.tenant_id)
        if tenant is None:
            return NOT_FOUND
        decision = decide(work, tenant, sent, times)
        work.save(decision)
        return decision.outcome

    return handler


def tenant_only(work: Work, sent: Envelope[Any]) -> None:
    """The tenant."""
    work.tenants.want(sent.tenant_id)
