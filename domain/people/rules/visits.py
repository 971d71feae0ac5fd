"""How people come into experiences and go out of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

from domain.decision import Decision, Refused, Reply
from domain.ids import id_under
from domain.people import events
from domain.people.commands import EnterExperience, LeaveExperience
from domain.people.rules.sessions import SESSION_REVOKED, refused_session
from domain.people.state import Consumer, Session, Visit
from domain.times import Times, iso

NOT_FOUND = Refused("EXPERIENCE_NOT_FOUND", "There is no such experience.")
CLOSED = Refused("EXPERIENCE_CLOSED", "The experience is over.")
HIDDEN = "draft"


def visit_id(consumer_id: UUID, experience_id: UUID) -> UUID:
    """The id of a person's visits of an experience: there is one, however often they come."""
    return id_under(
        consumer_id, hashlib.sha256(b"drumroll/visit/1\x00" + consumer_id.bytes + experience_id.bytes).digest()
    )


def enter_experience(
    consumer: Consumer | None, session: Session | None, kept: Visit | None, stands: str | None,
    command: EnterExperience, times: Times,
) -> Decision:  # fmt: skip
    """Come in; whoever is in already stays. `stands` is the experience's lifecycle, None where there is no such one."""
    if consumer is None or refused_session(session, consumer.id, times.received_at):
        return Decision(SESSION_REVOKED)
    if stands is None or stands == HIDDEN:
        return Decision(NOT_FOUND)
    if kept is not None and kept.left_at is None:
        return Decision(_inside(kept))
    if stands == "closed":
        return Decision(CLOSED)
    own_id = visit_id(consumer.id, command.experience_id)
    visit = Visit(consumer.tenant_id, own_id, consumer.id, command.experience_id, times.now)
    visit = visit if kept is None else replace(visit, version=kept.version + 1)
    happened = events.Visited(consumer.id, visit.experience_id, times.now, inside=True)
    return Decision(_inside(visit), saves=(visit,), events=(happened,))


def leave_experience(
    consumer: Consumer | None, session: Session | None, kept: Visit | None, stands: str | None,
    command: LeaveExperience, times: Times,
) -> Decision:  # fmt: skip
    """Go out; whoever is not in has not left."""
    if consumer is None or refused_session(session, consumer.id, times.received_at):
        return Decision(SESSION_REVOKED)
    if stands is None or (kept is None and stands == HIDDEN):
        return Decision(NOT_FOUND)
    if kept is None or kept.left_at is not None:
        return Decision(Reply({"left": False}))
    gone = replace(kept, left_at=times.now, version=kept.version + 1)
    happened = events.Visited(consumer.id, gone.experience_id, times.now, inside=False)
    return Decision(Reply({"left": True}), saves=(gone,), events=(happened,))


def _inside(visit: Visit) -> Reply:
    return Reply({"experienceId": str(visit.experience_id), "enteredAt": iso(visit.entered_at)})
