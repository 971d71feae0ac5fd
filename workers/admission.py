"""The admission worker: everything that happens to queues."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from domain.command import Envelope
from domain.decision import Decision, Refused, Reply
from domain.people import rules as people
from domain.queue import commands as c
from domain.queue import rules
from domain.queue.state import Queue
from domain.times import Times
from runtime.clock import Clock
from store.work import Work
from workers.handlers import SETTLES, Settling, handles
from workers.in_session import in_session
from workers.queue_upkeep import KNOCKING, serve, up_to_date

Outcome = Reply | Refused
NOT_FOUND = Refused("QUEUE_NOT_FOUND", "There is no such queue.")
_OfQueue = Callable[[Work, Queue, Envelope[Any], Times], Decision]


def of_queue(decide: _OfQueue) -> Callable[[Work, Envelope[Any], Times], Outcome]:
    """A handler of a command on a queue that exists: gets it up to date, saves the decision, returns the outcome."""

    @wraps(decide)
    def handler(work: Work, sent: Envelope[Any], times: Times) -> Outcome:
        queue = up_to_date(work, sent.body.queue_id, times)
        if queue is None or queue.archived:
            return NOT_FOUND
        decision = decide(work, queue, sent, times)
        work.save(decision, by=sent.actor)
        return decision.outcome

    return handler


def queue_only(work: Work, sent: Envelope[Any]) -> None:
    """The queue will be asked for."""
    work.queues.want(sent.body.queue_id)


def queue_and_person(work: Work, sent: Envelope[Any]) -> None:
    """The queue and everything this person has in it."""
    work.queues.want(sent.body.queue_id)
    work.entries.want_person(sent.body.queue_id, sent.body.consumer_id)


def queue_and_newcomer(work: Work, sent: Envelope[c.EnterQueue]) -> None:
    """What a person who writes needs, and for a stranger the tenant, whose settings a new session follows."""
    queue_and_session(work, sent)
    if sent.body.guest is not None:
        work.tenants.want(sent.tenant_id)


def queue_and_session(work: Work, sent: Envelope[Any]) -> None:
    """The queue, everything this person has in it, and the session in whose name the person writes."""
    queue_and_person(work, sent)
    if sent.body.session_id is not None:
        work.sessions.want(sent.body.session_id)


def queue_and_entry(work: Work, sent: Envelope[Any]) -> None:
    """The queue and one participation, or all of the person's where it is not named."""
    work.queues.want(sent.body.queue_id)
    work.tenants.want(sent.tenant_id)
    if sent.body.entry_id is not None:
        work.entries.want(sent.body.entry_id)
    elif sent.body.consumer_id is not None:
        work.entries.want_person(sent.body.queue_id, sent.body.consumer_id)


def queue_and_entries(work: Work, sent: Envelope[Any]) -> None:
    """The queue and the participations that are listed."""
    work.queues.want(sent.body.queue_id)
    for entry_id in sent.body.entry_ids:
        work.entries.want(entry_id)


def _currency(work: Work, queue: Queue, command: c.CompleteGrant) -> str | None:
    """What an amount is in that names no currency; looked up only for an order that has one, because few do."""
    if command.order.order_amount is None:
        return None
    return work.completions.currency_of(queue)


SETTLES["queue"] = Settling(serve, KNOCKING.again, KNOCKING.timer)


@handles(c.CreateQueue, lambda work, sent: work.sequences.want(sent.body.sequence_id))
def create_queue(work: Work, sent: Envelope[c.CreateQueue], times: Times) -> Outcome:
    """A queue is made under a sequence."""
    made = work.queues.get(sent.id)
    sequence = work.sequences.get(sent.body.sequence_id)
    decision = rules.create(made, sequence, Clock.entropy(32), sent.id, sent.body, sent.actor, times)
    work.save(decision, by=sent.actor)
    return decision.outcome


@handles(c.UpdateQueue, queue_only)
@of_queue
def update_queue(work: Work, queue: Queue, sent: Envelope[c.UpdateQueue], times: Times) -> Decision:
    """Settings change."""
    return rules.update(queue, work.sequences.get(queue.sequence_id), sent.body, times, by=sent.actor)


@handles(c.ArchiveQueue, queue_only)
@of_queue
def archive_queue(work: Work, queue: Queue, sent: Envelope[c.ArchiveQueue], times: Times) -> Decision:
    """A queue leaves the lists."""
    return rules.archive(queue, sent.body.if_version, times, by=sent.actor)


@handles(c.PauseQueue, queue_only)
@of_queue
def pause_queue(work: Work, queue: Queue, sent: Envelope[c.PauseQueue], times: Times) -> Decision:
    """A queue holds still."""
    return rules.pause(queue, sent.body, times, by=sent.actor)


@handles(c.ResumeQueue, queue_only)
@of_queue
def resume_queue(work: Work, queue: Queue, sent: Envelope[c.ResumeQueue], times: Times) -> Decision:
    """A queue goes on."""
    return rules.resume(queue, work.entries.given_here(queue, times.now), sent.body, times, by=sent.actor)


@handles(c.KillQueue, queue_only)
@of_queue
def kill_queue(work: Work, queue: Queue, sent: Envelope[c.KillQueue], times: Times) -> Decision:
    """A queue ends."""
    return rules.kill(queue, sent.body, times, by=sent.actor)


@handles(c.KnockQueue, queue_only)
@of_queue
def knock_queue(work: Work, queue: Queue, sent: Envelope[c.KnockQueue], times: Times) -> Decision:
    """Somebody knocked; what was due has been done by bringing the queue up to date."""
    work.knocked.add(queue.id)
    if sent.body.after_slice:
        work.patient.add(queue.id)
    return Decision(Reply())


@handles(c.EnterQueue, queue_and_newcomer)
@of_queue
@in_session
def enter_queue(work: Work, queue: Queue, sent: Envelope[c.EnterQueue], times: Times) -> Decision:
    """A person joins the line, a stranger as a new guest."""
    mine = work.entries.mine(queue.id, sent.body.consumer_id)
    decision = rules.enter(queue, mine, sent.id, sent.body, times)
    if sent.body.guest is None:
        return decision
    return people.welcome(decision, work.tenants.get(sent.tenant_id), sent.body.consumer_id, sent.body.guest, times)


@handles(c.LeaveQueue, queue_and_session)
@of_queue
@in_session
def leave_queue(work: Work, queue: Queue, sent: Envelope[c.LeaveQueue], times: Times) -> Decision:
    """A person leaves."""
    return rules.leave(queue, work.entries.mine(queue.id, sent.body.consumer_id), sent.body, times)


@handles(c.AdmitEntry, queue_and_person)
@of_queue
def admit_entry(work: Work, queue: Queue, sent: Envelope[c.AdmitEntry], times: Times) -> Decision:
    """A person is let in out of turn."""
    return rules.admit(queue, work.entries.mine(queue.id, sent.body.consumer_id), sent.body, times)


@handles(c.DenyEntry, queue_and_person)
@of_queue
def deny_entry(work: Work, queue: Queue, sent: Envelope[c.DenyEntry], times: Times) -> Decision:
    """A person is refused for good."""
    return rules.deny(queue, work.entries.mine(queue.id, sent.body.consumer_id), sent.body, times)


@handles(c.ValidateGrant, queue_and_entry)
@of_queue
def validate_grant(work: Work, queue: Queue, sent: Envelope[c.ValidateGrant], times: Times) -> Decision:
    """A shop asks about a grant."""
    return rules.validate(queue, work.entries.of_queue(queue, sent.body.entry_id), sent.body, times)


@handles(c.CompleteGrant, queue_and_entry)
@of_queue
def complete_grant(work: Work, queue: Queue, sent: Envelope[c.CompleteGrant], times: Times) -> Decision:
    """A shop uses a grant up."""
    meant = work.entries.meant(queue, sent.body.entry_id, sent.body.consumer_id)
    kept = work.completions.among(meant, sent.body.order_id)
    return rules.complete(queue, meant, sent.body, times, currency=_currency(work, queue, sent.body), kept=kept)


@handles(c.SignGrant, queue_and_entry)
@of_queue
def sign_grant(work: Work, queue: Queue, sent: Envelope[c.SignGrant], times: Times) -> Decision:
    """The holder of a grant looks at it."""
    entry, tenant = work.entries.of_queue(queue, sent.body.entry_id), work.tenants.get(sent.tenant_id)
    return rules.sign_grant(queue, entry, tenant, sent.body)


@handles(c.NotePresence, queue_and_entries)
@of_queue
def note_presence(work: Work, queue: Queue, sent: Envelope[c.NotePresence], times: Times) -> Decision:
    """People who wait were seen."""
    seen = work.entries.waiting_of(queue, sent.body.entry_ids)
    return rules.note_presence(queue, seen, times, listened=sent.body.listened)
