"""The people worker: sessions begin, go on and end; people say who they are, and are forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.command import Envelope
from domain.decision import Decision, Refused, Reply
from domain.experiences.view import lifecycle
from domain.people import commands as c
from domain.people import rules
from domain.times import Times
from store.work import Work
from workers.distributions import distributions_of
from workers.handlers import handles

Outcome = Reply | Refused


def person(work: Work, sent: Envelope[Any]) -> None:
    """The tenant and the person."""
    work.tenants.want(sent.tenant_id)
    work.consumers.want(sent.body.consumer_id)


def person_and_session(work: Work, sent: Envelope[Any]) -> None:
    """The tenant, the person and one session."""
    person(work, sent)
    work.sessions.want(sent.body.session_id)


def visitor(work: Work, sent: Envelope[Any]) -> None:
    """The tenant, the person, one session, the experience and the person's visits of it."""
    person_and_session(work, sent)
    work.experiences.want(sent.body.experience_id)
    work.visits.want(rules.visit_id(sent.body.consumer_id, sent.body.experience_id))


def stands(work: Work, experience_id: UUID, times: Times) -> str | None:
    """Where an experience stands, as the workers of what it distributes have left it; None where there is no such one."""
    experience = work.experiences.get(experience_id)
    if experience is None or experience.archived:
        return None
    return lifecycle(experience.published, distributions_of(work, experience_id, times))


def stranger(work: Work, sent: Envelope[c.StartGuestSession]) -> None:
    """The tenant, and the person and session that an earlier copy of the command may have made."""
    person(work, sent)
    work.sessions.want(sent.body.guest.session_id)


@handles(c.StartGuestSession, stranger)
def start_guest_session(work: Work, sent: Envelope[c.StartGuestSession], times: Times) -> Outcome:
    """A stranger becomes a guest."""
    made, session = work.consumers.get(sent.body.consumer_id), work.sessions.get(sent.body.guest.session_id)
    decision = rules.start_guest_session(made, session, work.tenants.get(sent.tenant_id), sent.body, times)
    work.save(decision)
    return decision.outcome


@handles(c.RefreshSession, person_and_session)
def refresh_session(work: Work, sent: Envelope[c.RefreshSession], times: Times) -> Outcome:
    """A refresh token is traded for the next one."""
    consumer, session = work.consumers.get(sent.body.consumer_id), work.sessions.get(sent.body.session_id)
    decision = rules.refresh_session(consumer, session, work.tenants.get(sent.tenant_id), sent.body, times)
    work.save(decision)
    return decision.outcome


@handles(c.EndSession, person)
def end_session(work: Work, sent: Envelope[c.EndSession], times: Times) -> Outcome:
    """A person logs out, here or everywhere."""
    decision = rules.end_session(work.sessions.of_consumer(sent.body.consumer_id), sent.body, times)
    work.save(decision)
    return decision.outcome


@handles(c.SignAccessToken, person_and_session)
def sign_access_token(work: Work, sent: Envelope[c.SignAccessToken], times: Times) -> Outcome:
    """A lost access token is signed again."""
    consumer, session = work.consumers.get(sent.body.consumer_id), work.sessions.get(sent.body.session_id)
    decision = rules.sign_access_token(consumer, session, work.tenants.get(sent.tenant_id), sent.body, times)
    work.save(decision)
    return decision.outcome


@handles(c.UpdateProfile, person_and_session)
def update_profile(work: Work, sent: Envelope[c.UpdateProfile], times: Times) -> Outcome:
    """A person changes what they say of themselves."""
    consumer, session = work.consumers.get(sent.body.consumer_id), work.sessions.get(sent.body.session_id)
    decision = rules.update_profile(consumer, session, work.profiles.get(sent.body.consumer_id), sent.body, times)
    work.save(decision)
    return decision.outcome


@handles(c.EraseConsumer, person)
def erase_consumer(work: Work, sent: Envelope[c.EraseConsumer], times: Times) -> Outcome:
    """A person is forgotten."""
    own_id, sessions = sent.body.consumer_id, work.sessions.of_consumer(sent.body.consumer_id)
    consumer, profile, live = work.consumers.get(own_id), work.profiles.get(own_id), work.consumers.takes_part(own_id)
    decision = rules.erase(consumer, sessions, profile, sent.body, times, live=live)
    work.save(decision)
    return decision.outcome


@handles(c.EnterExperience, visitor)
def enter_experience(work: Work, sent: Envelope[c.EnterExperience], times: Times) -> Outcome:
    """A person comes into an experience."""
    return _visit(work, sent, times, rules.enter_experience)


@handles(c.LeaveExperience, visitor)
def leave_experience(work: Work, sent: Envelope[c.LeaveExperience], times: Times) -> Outcome:
    """A person goes out of an experience."""
    return _visit(work, sent, times, rules.leave_experience)


def _visit(work: Work, sent: Envelope[Any], times: Times, decide: Callable[..., Decision]) -> Outcome:
    consumer, session = work.consumers.get(sent.body.consumer_id), work.sessions.get(sent.body.session_id)
    kept = work.visits.get(rules.visit_id(sent.body.consumer_id, sent.body.experience_id))
    decision = decide(consumer, session, kept, stands(work, sent.body.experience_id, times), sent.body, times)
    work.save(decision)
    return decision.outcome
