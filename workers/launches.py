"""Half of the administration worker: experiences and their sequences."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from domain.command import Envelope
from domain.decision import Decision, Reply
from domain.experiences import commands as c
from domain.experiences import rules
from domain.experiences.rules.launching import NOT_FOUND
from domain.experiences.rules.paths import NOT_FOUND as NO_SEQUENCE
from domain.experiences.state import Defaults, Experience, Launch, Sequence
from domain.experiences.view import experience_facts
from domain.money import names_currency
from domain.tenant import TenantFacts
from domain.times import Times
from store.work import Work
from workers.distributions import archived, distributions_of, knocked, nested_of, shown_with, with_nested
from workers.handlers import handles
from workers.tenants import of_tenant

_Decide = Callable[[Work, TenantFacts, Envelope[Any], Times], Decision]
_OfLaunch = Callable[[Work, Launch, Envelope[Any], Times], Decision]
_OfPath = Callable[[Work, Sequence, Launch, Envelope[Any], Times], Decision]


def of_launch(decide: _OfLaunch) -> _Decide:
    """A decision about an experience that is in the lists, with all that belongs to it."""

    @wraps(decide)
    def decider(work: Work, tenant: TenantFacts, sent: Envelope[Any], times: Times) -> Decision:
        experience = work.experiences.get(sent.body.experience_id)
        if experience is None or experience.archived:
            return Decision(NOT_FOUND)
        return decide(work, launch_of(work, experience, times), sent, times)

    return decider


def of_path(decide: _OfPath) -> _Decide:
    """A decision about a sequence that is in the lists, with its experience."""

    @wraps(decide)
    def decider(work: Work, tenant: TenantFacts, sent: Envelope[Any], times: Times) -> Decision:
        path = work.paths.get(sent.body.sequence_id)
        experience = work.experiences.get(path.experience_id) if path is not None else None
        if path is None or path.archived or experience is None:
            return Decision(NO_SEQUENCE)
        return decide(work, path, launch_of(work, experience, times), sent, times)

    return decider


def launch_of(work: Work, experience: Experience, times: Times) -> Launch:
    """The experience with all that belongs to it, as this drain has left it."""
    paths = rules.in_order(work.paths.of_experience(experience.id))
    distributions = distributions_of(work, experience.id, times)
    return Launch(experience, paths, distributions, defaults_of(work, experience.tenant_id))


def defaults_of(work: Work, tenant_id: UUID) -> Defaults:
    """What the tenant's experiences inherit."""
    organization = work.organizations.get(tenant_id)
    assert organization is not None  # noqa: S101 (narrows the type; a tenant is an organization in one of its modes)
    return Defaults(organization.config.time_zone, organization.config.currency_code)


def experience_only(work: Work, sent: Envelope[Any]) -> None:
    """The tenant, its organization and the experience."""
    work.tenants.want(sent.tenant_id)
    work.organizations.want(sent.tenant_id)
    work.experiences.want(getattr(sent.body, "experience_id", sent.id))


def sequence_only(work: Work, sent: Envelope[Any]) -> None:
    """The tenant, its organization and the sequence."""
    work.tenants.want(sent.tenant_id)
    work.organizations.want(sent.tenant_id)
    work.paths.want(sent.body.sequence_id)


@handles(c.CreateExperience, experience_only)
@of_tenant
def create_experience(work: Work, tenant: TenantFacts, sent: Envelope[c.CreateExperience], times: Times) -> Decision:
    """An experience is made, with its sequences."""
    return _made(work, sent.id, times) or _make(work, tenant, sent, sent.body, times)


@handles(c.DuplicateExperience, experience_only)
@of_tenant
@of_launch
def duplicate_experience(work: Work, launch: Launch, sent: Envelope[c.DuplicateExperience], times: Times) -> Decision:
    """An experience is copied, with its sequences and distributions."""
    try:
        nested = nested_of(work, launch.distributions, launch.paths, sent.body.shift_seconds)
        command = rules.copy_of(launch, nested, sent.body)
    except OverflowError:
        return Decision(rules.TOO_FAR)
    tenant = work.tenants.get(sent.tenant_id)
    assert tenant is not None  # noqa: S101 (narrows the type; it was looked up before)
    return _made(work, sent.id, times) or _make(work, tenant, sent, command, times)


@handles(c.UpdateExperience, experience_only)
@of_tenant
@of_launch
def update_experience(work: Work, launch: Launch, sent: Envelope[c.UpdateExperience], times: Times) -> Decision:
    """Settings of an experience change."""
    taken = work.experiences.slugs_like(rules.slug_asked_for(sent.body, sent.id))
    paid = names_currency(sent.body.changes, replace=sent.body.replace) and work.completions.paid_under(
        launch.experience.id
    )
    decision = rules.update(launch, taken, sent.body, sent.actor, times, paid=paid)
    return knocked(work, decision, launch.experience.id, times)


@handles(c.PublishExperience, experience_only)
@of_tenant
@of_launch
def publish_experience(work: Work, launch: Launch, sent: Envelope[c.PublishExperience], times: Times) -> Decision:
    """An experience is shown; what was only waiting for that opens."""
    return knocked(work, rules.publish(launch, sent.actor, times), launch.experience.id, times)


@handles(c.UnpublishExperience, experience_only)
@of_tenant
@of_launch
def unpublish_experience(work: Work, launch: Launch, sent: Envelope[c.UnpublishExperience], times: Times) -> Decision:
    """An experience is hidden."""
    return knocked(work, rules.unpublish(launch, sent.actor, times), launch.experience.id, times)


@handles(c.ArchiveExperience, experience_only)
@of_tenant
@of_launch
def archive_experience(work: Work, launch: Launch, sent: Envelope[c.ArchiveExperience], times: Times) -> Decision:
    """An experience is put away, with all that belongs to it."""
    return archived(work, rules.archive(launch, sent.body, sent.actor, times), launch.experience.id, times)


@handles(c.CreateSequence, experience_only)
@of_tenant
@of_launch
def create_sequence(work: Work, launch: Launch, sent: Envelope[c.CreateSequence], times: Times) -> Decision:
    """A sequence is made."""
    return rules.create_sequence(launch, sent.id, sent.body, sent.actor, times)


@handles(c.UpdateSequence, sequence_only)
@of_tenant
@of_path
def update_sequence(
    work: Work, path: Sequence, launch: Launch, sent: Envelope[c.UpdateSequence], times: Times
) -> Decision:
    """Settings of a sequence change."""
    return rules.update_sequence(path, launch, sent.body, sent.actor, times)


@handles(c.ArchiveSequence, sequence_only)
@of_tenant
@of_path
def archive_sequence(
    work: Work, path: Sequence, launch: Launch, sent: Envelope[c.ArchiveSequence], times: Times
) -> Decision:
    """A sequence is put away, with its distributions."""
    decision = rules.archive_sequence(path, launch, sent.body, sent.actor, times)
    return archived(work, decision, launch.experience.id, times, sequence_id=path.id)


def _made(work: Work, experience_id: UUID, times: Times) -> Decision | None:
    """What an earlier copy of the command made."""
    made = work.experiences.get(experience_id)
    return None if made is None else Decision(_shown(work, made, times))


def _make(work: Work, tenant: TenantFacts, sent: Envelope[Any], command: c.CreateExperience, times: Times) -> Decision:
    """An experience with all that was asked for; with distributions it is kept here, so that it can be shown whole."""
    taken = work.experiences.slugs_like(rules.slug_asked_for(command.config, sent.id))
    defaults = defaults_of(work, tenant.tenant_id)
    alone = rules.create(tenant, defaults, taken, sent.id, command, sent.actor, times)
    decision = with_nested(work, tenant, alone, sent, command, times)
    if decision is alone or not decision.saves:
        return decision
    work.save(decision)
    return _made(work, sent.id, times) or decision


def _shown(work: Work, made: Experience, times: Times) -> Reply:
    """The experience, and where it has distributions those too."""
    launch = launch_of(work, made, times)
    facts = experience_facts(launch)
    return Reply(shown_with(work, facts, launch.distributions, times) if launch.distributions else facts, created=True)
