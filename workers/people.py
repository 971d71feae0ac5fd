"""The people worker: sessions begin, go on and end; people say who they are, and are forgotten."""

from __future__ import annotations

from typing import Any

from domain.command import Envelope
from domain.decision import Refused, Reply
from domain.people import commands as c
from domain.people import rules
from domain.times import Times
from store.work import Work
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
    decision = rules.sign_access_token(consumer, session, work.tenants.get(sent.tenant_id), times)
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
