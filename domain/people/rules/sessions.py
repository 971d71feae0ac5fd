"""How sessions begin, go on and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.decision import Decision, Refused, Reply, refuse
from domain.guest import NewGuest
from domain.people import events
from domain.people.commands import EndSession, RefreshSession, SignAccessToken, StartGuestSession
from domain.people.state import Consumer, Session, SessionStatus
from domain.people.view import issue, session_facts, token_secrets
from domain.tenant import TenantFacts
from domain.times import Times

RETRY = timedelta(seconds=60)
GUEST_NOT_ALLOWED = Refused("GUEST_NOT_ALLOWED", "This organization wants people who are signed in.")
INVALID = Refused("REFRESH_TOKEN_INVALID", "This refresh token is unknown or has ended.")
REUSED = Refused("REFRESH_TOKEN_REUSED", "This refresh token was used before; all tokens of its session have ended.")
SESSION_REVOKED = Refused("SESSION_REVOKED", "This session has ended; start a new one.")


def welcome(
    decision: Decision, tenant: TenantFacts | None, consumer_id: UUID, guest: NewGuest | None, times: Times
) -> Decision:
    """Make the guest whom a decision has just let in; a decision that let nobody in stays as it is.

    A stranger costs one command: the person, the session and the participation come with one decision.
    """
    if guest is None or tenant is None or not decision.saves or isinstance(decision.outcome, Refused):
        return decision
    consumer, session = _guest(tenant, consumer_id, guest, times)
    told = decision.outcome
    body = {**told.body, **session_facts(consumer, session, tenant)}
    secrets = {**told.secrets, **token_secrets(consumer, session, tenant)}
    outcome, saves = Reply(body, secrets, told.created), (consumer, session, *decision.saves)
    return replace(decision, outcome=outcome, saves=saves)


def start_guest_session(
    made: Consumer | None, session: Session | None, tenant: TenantFacts | None, command: StartGuestSession, times: Times
) -> Decision:
    """Make a guest with a first session. A second copy of the command finds what it made."""
    if tenant is None:
        return refuse("ORGANIZATION_NOT_FOUND", "There is no such organization.")
    if made is not None and session is not None and session.consumer_id == made.id:
        return Decision(issue(made, session, tenant, created=True))
    if not tenant.allow_guests:
        return Decision(GUEST_NOT_ALLOWED)
    consumer, session = _guest(tenant, command.consumer_id, command.guest, times)
    started = events.SessionStarted(session.id, consumer.id, times.now)
    return Decision(issue(consumer, session, tenant, created=True), saves=(consumer, session), events=(started,))


def refresh_session(
    consumer: Consumer | None,
    session: Session | None,
    tenant: TenantFacts | None,
    command: RefreshSession,
    times: Times,
) -> Decision:
    """Trade the refresh token for the next one. A used one that comes back ends the whole family.

    The sender has checked that the presented token was once made here, so one that is neither the latest nor part of a
    repeated call has been used before: two hold it, and nobody can say which of them is the person.
    """
    if consumer is None or session is None or tenant is None:
        return Decision(INVALID)
    if refused_session(session, consumer.id, times.received_at):
        return Decision(INVALID)
    if session.refresh_hash == command.presented_hash:
        return _rotated(consumer, session, tenant, command.next_hash, times)
    if _is_the_same_call(session, command, times):
        return Decision(issue(consumer, session, tenant))
    revoked = replace(session, status=SessionStatus.REVOKED, ended_at=times.now)
    happened = events.SessionRevoked(session.id, consumer.id, times.now)
    return Decision(REUSED, saves=(revoked,), events=(happened,))


def end_session(sessions: Sequence[Session], command: EndSession, times: Times) -> Decision:
    """Log out: this session, or with `all_devices` every one of the person's. Ending twice is ending once."""
    meant = [one for one in sessions if command.all_devices or one.id == command.session_id]
    ending = [one for one in meant if one.status is SessionStatus.ACTIVE]
    ended = tuple(replace(one, status=SessionStatus.ENDED, ended_at=times.now) for one in ending)
    happened = tuple(events.SessionEnded(one.id, one.consumer_id, times.now) for one in ended)
    return Decision(Reply(), saves=ended, events=happened)


def sign_access_token(
    consumer: Consumer | None,
    session: Session | None,
    tenant: TenantFacts | None,
    command: SignAccessToken,
    times: Times,
) -> Decision:
    """The latest access token again, because its first copy was lost on the way. A refresh token that was used gets none."""
    if consumer is None or session is None or tenant is None:
        return Decision(SESSION_REVOKED)
    if command.refresh_hash not in {None, session.refresh_hash}:
        return Decision(SESSION_REVOKED)
    refused = refused_session(session, consumer.id, times.received_at)
    return Decision(refused or issue(consumer, session, tenant))


def session_is_live(session: Session, now: datetime) -> bool:
    """Whether a session still counts for writes: neither logged out, nor revoked, nor past its end."""
    return session.status is SessionStatus.ACTIVE and now < session.expires_at


def refused_session(session: Session | None, consumer_id: UUID, now: datetime) -> Refused | None:
    """Why a write in the name of this session is refused, if it is: the session must be live and the person's own."""
    if session is not None and session.consumer_id == consumer_id and session_is_live(session, now):
        return None
    return SESSION_REVOKED


def _guest(tenant: TenantFacts, consumer_id: UUID, guest: NewGuest, times: Times) -> tuple[Consumer, Session]:
    consumer = Consumer(tenant.tenant_id, consumer_id, times.now)
    ends = times.now + timedelta(seconds=tenant.refresh_token_seconds)
    return consumer, Session(tenant.tenant_id, guest.session_id, consumer_id, guest.refresh_hash, times.now, ends)


def _rotated(consumer: Consumer, session: Session, tenant: TenantFacts, next_hash: str, times: Times) -> Decision:
    after = replace(
        session,
        refresh_hash=next_hash,
        previous_hash=session.refresh_hash,
        rotations=session.rotations + 1,
        rotated_at=times.now,
        expires_at=times.now + timedelta(seconds=tenant.refresh_token_seconds),
    )
    happened = events.SessionRefreshed(session.id, consumer.id, times.now, after.rotations)
    return Decision(issue(consumer, after, tenant), saves=(after,), events=(happened,))


def _is_the_same_call(session: Session, command: RefreshSession, times: Times) -> bool:
    """The next token follows from the command's id, so only a copy of the call that made the latest can name it."""
    again = session.previous_hash == command.presented_hash and session.refresh_hash == command.next_hash
    return again and times.received_at - session.issued_at <= RETRY
