"""Half of the administration worker: organizations and their keys."""

from __future__ import annotations

from typing import Any

from domain.command import Envelope
from domain.decision import Decision, Refused, Reply
from domain.money import names_currency
from domain.organizations import commands as c
from domain.organizations import rules
from domain.tenant import TenantFacts
from domain.times import Times
from store.work import Work
from workers.handlers import handles
from workers.tenants import of_tenant, tenant_only

Outcome = Reply | Refused


def organization_only(work: Work, sent: Envelope[Any]) -> None:
    """The organization of the tenant."""
    work.organizations.want(sent.tenant_id)


@handles(c.CreateOrganization, organization_only)
def create_organization(work: Work, sent: Envelope[c.CreateOrganization], times: Times) -> Outcome:
    """An organization is made, with its two tenants and first keys."""
    made, holder = work.organizations.get(sent.tenant_id), work.organizations.slug_holder(sent.body.config.slug)
    decision = rules.create(made, holder, sent.id, sent.body, sent.actor, times)
    work.save(decision)
    return decision.outcome


@handles(c.UpdateOrganization, organization_only)
def update_organization(work: Work, sent: Envelope[c.UpdateOrganization], times: Times) -> Outcome:
    """Settings of an organization change, for both modes."""
    organization = work.organizations.get(sent.tenant_id)
    holder = work.organizations.slug_holder(rules.slug_asked_for(organization, sent.body))
    paid = names_currency(sent.body.changes, replace=sent.body.replace) and work.completions.paid_in(organization)
    decision = rules.update(organization, holder, sent.tenant_id, sent.body, sent.actor, times, paid=paid)
    work.save(decision)
    return decision.outcome


@handles(c.CreateKey, tenant_only)
@of_tenant
def create_key(work: Work, tenant: TenantFacts, sent: Envelope[c.CreateKey], times: Times) -> Decision:
    """A key is made."""
    return rules.create_key(tenant, work.keys.of_tenant(), sent.id, sent.body, sent.actor, times)


@handles(c.RotateKey, tenant_only)
@of_tenant
def rotate_key(work: Work, tenant: TenantFacts, sent: Envelope[c.RotateKey], times: Times) -> Decision:
    """A key is replaced."""
    return rules.rotate_key(tenant, work.keys.of_tenant(), sent.id, sent.body, sent.actor, times)


def tenant_and_used(work: Work, sent: Envelope[Any]) -> None:
    """The tenant and the keys that were used."""
    tenant_only(work, sent)
    for use in sent.body.uses:
        work.keys.want(use.key_id)


@handles(c.NoteKeyUse, tenant_and_used)
@of_tenant
def note_key_use(work: Work, tenant: TenantFacts, sent: Envelope[c.NoteKeyUse], times: Times) -> Decision:
    """Keys were used."""
    found = (work.keys.get(use.key_id) for use in sent.body.uses)
    return rules.note_use([key for key in found if key is not None], sent.body, times)


@handles(c.RevokeKey, tenant_only)
@of_tenant
def revoke_key(work: Work, tenant: TenantFacts, sent: Envelope[c.RevokeKey], times: Times) -> Decision:
    """A key ends."""
    return rules.revoke_key(tenant, work.keys.get(sent.body.key_id), sent.body, times)
