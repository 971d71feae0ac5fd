"""Joining the line and leaving it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from domain.decision import Decision, Refused
from domain.distribution.state import Lifecycle, Scope
from domain.fairness import ENTER, entry_leaf, leaf_hash
from domain.ids import unix_us
from domain.queue import events
from domain.queue.commands import EnterQueue, LeaveQueue
from domain.queue.rules.counting import counts_with, counts_without, removed
from domain.queue.rules.idling import first_seen
from domain.queue.state import LIVE, Entry, Queue, Status
from domain.queue.view import absent_reply, reply_of
from domain.receipts import Growth, ReceiptDue
from domain.times import Times, seconds_until


def enter(queue: Queue, mine: Sequence[Entry], command_id: UUID, command: EnterQueue, times: Times) -> Decision:
    """Join the line. Whoever is inside already keeps the place; a second copy of a command finds what it made."""
    made = next((entry for entry in mine if entry.id == command_id), None)
    if made is not None:
        return Decision(reply_of(queue, made, times))
    refused = _not_asked_right(queue, command)
    if refused is not None:
        return Decision(refused)
    present = _already_inside(queue, mine)
    if present is not None:
        return Decision(reply_of(queue, present, times))
    refused = _why_not(queue, command, times)
    if refused is not None:
        return Decision(refused)
    return _joined(queue, command_id, command, times, events.EnteredAgain if mine else events.Entered)


def leave(queue: Queue, mine: Sequence[Entry], command: LeaveQueue, times: Times) -> Decision:
    """Leave the line or give the grant back; the place goes to the next. Not inside: the present state."""
    entry = _seen(mine, command.entry_id)
    if entry is None:
        return Decision(absent_reply(queue, command.consumer_id, times))
    if entry.status not in LIVE:
        return Decision(reply_of(queue, entry, times))
    gone = replace(removed(entry, Status.LEFT, times.now), left_at=times.now)
    after = queue.with_line(**counts_without(queue, entry))
    event = events.Left(gone.id, gone.consumer_id, gone.version, times.now)
    return Decision(reply_of(after, gone, times), saves=(after, gone), events=(event,))


def _not_asked_right(queue: Queue, command: EnterQueue) -> Refused | None:
    """What is wrong with the question itself, whoever asks and whenever."""
    if queue.archived or not queue.published:
        return Refused("QUEUE_NOT_FOUND", "There is no such queue.")
    most = queue.config.max_quantity_per_consumer
    if not 1 <= command.quantity <= most:
        return Refused("VALIDATION_ERROR", f"quantity is 1 to {most}.", field="/quantity")
    return None


def _already_inside(queue: Queue, mine: Sequence[Entry]) -> Entry | None:
    completions = 0
    for entry in mine:
        if entry.status in LIVE or entry.status is Status.DENIED:
            return entry
        completions += entry.status is Status.COMPLETED
    if completions >= queue.config.max_completions_per_consumer:
        return max(mine, key=lambda entry: entry.first_ticket)
    return None


def _why_not(queue: Queue, command: EnterQueue, times: Times) -> Refused | None:
    """Why nobody may join now, in the order in which a caller is told of it."""
    config, at = queue.config, times.received_at
    if queue.lifecycle(at) in {Lifecycle.SETTLING, Lifecycle.CLOSED}:
        return Refused("QUEUE_CLOSED", "The queue takes no more entries.")
    if queue.pause is not None and queue.paused(Scope.ENTRY):
        return Refused("DISTRIBUTION_PAUSED", "Entries are paused.", seconds_until(queue.pause.resume_at, times.now))
    if config.entries_from is not None and at < config.entries_from:
        return Refused("QUEUE_NOT_OPEN", "The queue takes entries later.", seconds_until(config.entries_from, at))
    if command.is_guest and not (config.supports_guest and queue.allow_guests):
        return Refused("GUEST_NOT_ALLOWED", "This queue wants people who are signed in.")
    if config.capacity is not None and queue.line.waiting >= config.capacity:
        return Refused("QUEUE_FULL", "The line is full.")
    return None


def _joined(
    queue: Queue, command_id: UUID, command: EnterQueue, times: Times, entered: type[events.Entered]
) -> Decision:
    line = queue.line
    ticket = line.tickets
    leaf = leaf_hash(entry_leaf(ENTER, ticket, command_id, unix_us(times.received_at)))
    entry = Entry(
        tenant_id=queue.tenant_id,
        id=command_id,
        queue_id=queue.id,
        consumer_id=command.consumer_id,
        ticket=ticket,
        first_ticket=ticket,
        entered_at=times.now,
        received_at=times.received_at,
        quantity=command.quantity,
        seen_at=first_seen(queue, times.now),
    )
    after = queue.with_line(**counts_with(queue, leaf, times.now))
    event = entered(entry.id, entry.consumer_id, entry.version, ticket, times.now)
    due = ReceiptDue(queue.id, leaf, ticket, times.now)
    reply = replace(reply_of(after, entry, times), secrets={"receipt": due})
    return Decision(reply, saves=(after, entry), events=(event,), leaves=(Growth(line.frontier, leaf),))


def _seen(mine: Sequence[Entry], entry_id: UUID | None) -> Entry | None:
    if entry_id is not None:
        return next((entry for entry in mine if entry.id == entry_id), None)
    return max(mine, key=lambda entry: (entry.status in LIVE, entry.first_ticket), default=None)
