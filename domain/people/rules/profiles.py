"""What people say of themselves: how it changes, and how it is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from domain.decision import Decision, Event, Refused, Reply
from domain.people import events
from domain.people.commands import EraseConsumer, UpdateProfile
from domain.people.config import ProfileConfig
from domain.people.rules.sessions import SESSION_REVOKED, refused_session
from domain.people.state import Consumer, Profile, Session, SessionStatus
from domain.people.view import consumer_facts
from domain.problems import first_problem
from domain.settings import changed, revised
from domain.times import Times

LIVE = Refused("HAS_LIVE_PARTICIPANTS", "You wait or hold a grant; leave first.")


def update_profile(
    consumer: Consumer | None, session: Session | None, kept: Profile | None, command: UpdateProfile, times: Times
) -> Decision:
    """Change what a person says of themselves; the journal is told which members, never what they say."""
    if consumer is None or refused_session(session, consumer.id, times.received_at):
        return Decision(SESSION_REVOKED)
    present = kept or Profile(consumer.tenant_id, consumer.id, ProfileConfig(), times.now)
    try:
        config = revised(present.config, command.changes, replace=False)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    fields = changed(present.config, config)
    if not fields:
        return Decision(Reply(consumer_facts(consumer, kept)))
    after = replace(present, config=config, version=present.version + 1, updated_at=times.now)
    happened = events.ConsumerUpdated(consumer.id, times.now, fields)
    return Decision(Reply(consumer_facts(consumer, after)), saves=(after,), events=(happened,))


def erase(
    consumer: Consumer | None, sessions: Sequence[Session], kept: Profile | None, command: EraseConsumer, times: Times,
    *, live: bool,
) -> Decision:  # fmt: skip
    """Forget a person: what they said of themselves is emptied at once, and all their sessions end. Not while they take part.

    What they took part in stays, under an id that says nothing of anybody and to which nobody has a token any more.
    `live`: they take part now.
    """
    own = next((one for one in sessions if one.id == command.session_id), None)
    if consumer is None or refused_session(own, consumer.id, times.received_at):
        return Decision(SESSION_REVOKED)
    if live:
        return Decision(LIVE)
    version = (kept.version if kept else 1) + 1
    blank = Profile(consumer.tenant_id, consumer.id, ProfileConfig(), times.now, version, times.now)
    ending = [one for one in sessions if one.status is SessionStatus.ACTIVE]
    ended = tuple(replace(one, status=SessionStatus.ENDED, ended_at=times.now) for one in ending)
    happened: list[Event] = [events.SessionEnded(one.id, consumer.id, times.now) for one in ended]
    happened.append(events.ConsumerErased(consumer.id, times.now))
    return Decision(Reply(), saves=(blank, *ended), events=tuple(happened))
