"""How organizations come to be and change."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

from pydantic import ValidationError

from domain.command import Actor
from domain.decision import Decision, Refused, Reply, refuse
from domain.ids import id_under
from domain.organizations import events
from domain.organizations.commands import CreateOrganization, FirstKey, UpdateOrganization
from domain.organizations.rules.keeping import MOST_SECRETS
from domain.organizations.state import SCOPES, ApiKey, KeyKind, Mode, Organization
from domain.organizations.view import organization_facts
from domain.problems import first_problem
from domain.settings import actor_text, changed, revised
from domain.slugs import well_formed
from domain.times import Times

SHORTEST, LONGEST = 3, 50
RESERVED = frozenset(
    {"admin", "api", "app", "auth", "consumer", "dashboard", "settings", "account", "drumroll", "support", "www",
     "mail", "ftp", "cdn"}
)  # fmt: skip
NOT_THEIRS = Refused(
    "VALIDATION_ERROR", "The operator of the installation changes the status; leave the member out.", field="/status"
)
OPERATORS = frozenset({"operator", "system"})
NOT_FOUND = Refused("ORGANIZATION_NOT_FOUND", "There is no such organization.")


def create(
    made: Organization | None,
    holder: UUID | None,
    organization_id: UUID,
    command: CreateOrganization,
    by: Actor,
    times: Times,
) -> Decision:
    """Make an organization with its first keys; `holder` is who has the slug. A second copy finds what it made."""
    if made is not None and made.id == organization_id:
        return Decision(Reply(organization_facts(made, command.live_tenant_id), created=True))
    if made is not None or _too_many(command.keys):
        return refuse("CONFLICT", "These tenants belong to an organization, or these are too many secret keys.")
    refused = slug_refused(command.config.slug, holder, organization_id)
    if refused is not None:
        return Decision(refused)
    author = actor_text(by)
    organization = Organization(
        organization_id, command.live_tenant_id, command.test_tenant_id, command.config,
        times.now, times.now, author, author,
    )  # fmt: skip
    keys = tuple(_first_key(organization, place, key, times) for place, key in enumerate(command.keys))
    happened = events.OrganizationChanged(organization.id, "created", times.now)
    facts = organization_facts(organization, command.live_tenant_id)
    return Decision(Reply(facts, created=True), saves=(organization, *keys), events=(happened,))


def update(
    organization: Organization | None,
    holder: UUID | None,
    tenant_id: UUID,
    command: UpdateOrganization,
    by: Actor,
    times: Times,
    *,
    paid: bool,
) -> Decision:
    """Change settings, for both modes at once; `holder` is who has the slug that is asked for.

    With `paid` an order with money was recorded in one of them: the currency stays, because experiences inherit it.

    The status is the operator's: an organization that sleeps has no key left with which it could wake itself.
    """
    if organization is None:
        return Decision(NOT_FOUND)
    if command.if_version not in {None, organization.version}:
        return refuse("VERSION_CONFLICT", f"The organization is at version {organization.version} now.")
    try:
        config = revised(organization.config, command.changes, replace=command.replace)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    fields = changed(organization.config, config)
    refused = slug_refused(config.slug, holder, organization.id) if "slug" in fields else None
    if "status" in fields and by.type not in OPERATORS:
        refused = NOT_THEIRS
    if paid and "currencyCode" in fields:
        refused = refused or Refused("FIELD_FROZEN", "Orders with money were recorded.", field="/currencyCode")
    if refused is not None or not fields:
        return Decision(refused or Reply(organization_facts(organization, tenant_id)))
    after = replace(
        organization, config=config, version=organization.version + 1, updated_at=times.now, updated_by=actor_text(by)
    )
    happened = events.OrganizationChanged(after.id, "updated", times.now, fields)
    return Decision(Reply(organization_facts(after, tenant_id)), saves=(after,), events=(happened,))


def slug_asked_for(organization: Organization | None, command: UpdateOrganization) -> str:
    """The slug that is asked for, or the present one; whether it is one is for `update` to say."""
    asked = command.changes.get("slug", organization and organization.config.slug)
    return asked if isinstance(asked, str) else ""


def slug_refused(slug: str, holder: UUID | None, own_id: UUID | None) -> Refused | None:
    """Why an organization may not have this slug: malformed, reserved, or another's."""
    if not well_formed(slug, SHORTEST, LONGEST):
        detail = f"A slug has {SHORTEST} to {LONGEST} small letters, digits and single hyphens between them."
        return Refused("SLUG_INVALID", detail, field="/slug")
    if slug in RESERVED:
        return Refused("SLUG_RESERVED", "This slug is reserved.", field="/slug")
    if holder is not None and holder != own_id:
        return Refused("SLUG_TAKEN", "Another organization has this slug.", field="/slug")
    return None


def _first_key(organization: Organization, place: int, key: FirstKey, times: Times) -> ApiKey:
    seed = b"drumroll/first-key/1\x00" + organization.id.bytes + place.to_bytes(2, "big")
    return ApiKey(
        tenant_id=organization.tenants[key.mode],
        id=id_under(organization.id, hashlib.sha256(seed).digest()),
        organization_id=organization.id,
        kind=key.kind,
        name=key.name,
        hash=key.imprint.hash,
        prefix=key.imprint.prefix,
        last4=key.imprint.last4,
        scopes=SCOPES if key.kind is KeyKind.SECRET else (),
        created_at=times.now,
    )


def _too_many(keys: tuple[FirstKey, ...]) -> bool:
    secrets = [key.mode for key in keys if key.kind is KeyKind.SECRET]
    return any(secrets.count(mode) > MOST_SECRETS for mode in Mode)
