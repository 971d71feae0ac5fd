"""What a server does with one person: let in out of turn, refuse, ask about a grant, use it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.decision import Decision, Refused, Reply, refuse
from domain.distribution.grants import completion_of, invalid, is_over, unusable, verdict, with_order
from domain.distribution.order import Completion, amount_of
from domain.queue import events
from domain.queue.commands import AdmitEntry, CompleteGrant, DenyEntry, ValidateGrant
from domain.queue.rules.counting import counts_without, removed
from domain.queue.rules.serving import grant, granted_event, service_over
from domain.queue.state import LIVE, Entry, Queue, Status
from domain.queue.view import reply_of
from domain.times import Times, iso


def admit(queue: Queue, mine: Sequence[Entry], command: AdmitEntry, times: Times) -> Decision:
    """Let a waiting person in now, whatever the rate and the number inside."""
    entry = _latest(mine)
    if entry is None or entry.status not in LIVE:
        return refuse("CONSUMER_NOT_IN_QUEUE", "This consumer does not wait in this queue.")
    if entry.status is Status.GRANTED:
        return refuse("ALREADY_GRANTED", "This consumer holds a grant already.")
    if queue.ended is not None or service_over(queue, times.now):
        return refuse("QUEUE_CLOSED", "The queue has ended.")
    expires_at = times.now + timedelta(seconds=queue.config.admission_expiration_seconds)
    granted = replace(grant(entry, times.now, expires_at), out_of_turn=True)
    line = queue.line
    lapse_at = min(line.lapse_at or expires_at, expires_at)
    counts = counts_without(queue, entry) | {
        "inside": line.inside + 1,
        "admitted": line.admitted + 1,
        "lapse_at": lapse_at,
    }
    after = queue.with_line(**counts)
    return Decision(reply_of(after, granted, times), saves=(after, granted), events=(granted_event(queue, granted),))


def deny(queue: Queue, mine: Sequence[Entry], command: DenyEntry, times: Times) -> Decision:
    """Refuse a person for good; a live grant is revoked and its place passed on."""
    entry = _latest(mine)
    if entry is None or entry.status is Status.LEFT:
        return refuse("CONSUMER_NOT_IN_QUEUE", "This consumer is not in this queue.")
    if entry.status is Status.COMPLETED:
        return refuse("ALREADY_COMPLETED", "This consumer has completed already.")
    if entry.status is Status.DENIED:
        return Decision(reply_of(queue, entry, times))
    return _denied(queue, entry, command.reason, command.note, times)


def validate(queue: Queue, entry: Entry | None, command: ValidateGrant, times: Times) -> Decision:
    """Say whether a grant is good now, else why not. More questions than allowed deny the holder."""
    why_not = invalid(entry, queue.ends_at(entry) if entry else None, command, times.received_at)
    if why_not is not None or entry is None:
        return Decision(verdict(why_not))
    if entry.validations >= queue.config.max_validations:
        decision = _denied(queue, entry, "VALIDATION_LIMIT_REACHED", None, times)
        return replace(decision, outcome=verdict("VALIDATION_LIMIT_REACHED"))
    asked = replace(entry, validations=entry.validations + 1, first_validated_at=entry.first_validated_at or times.now)
    reply = Reply({"valid": True, "participationId": str(entry.id), "expiresAt": iso(queue.ends_at(entry))})
    event = events.Validated(asked.id, asked.consumer_id, asked.version, command.grant_id, times.now)
    return Decision(reply, saves=(asked,), events=(event,))


def complete(
    queue: Queue, mine: Sequence[Entry], command: CompleteGrant, times: Times, *, currency: str | None = None,
    kept: Sequence[Completion] = (),
) -> Decision:  # fmt: skip
    """Use a grant up. The same order again is the same completion; another order comes too late.

    `currency` is the experience's, `kept` are the orders of those who have completed. What is said of an order counts
    the first time it is said.
    """
    entry = _meant(mine, command)
    refused = unusable(entry, command, over=entry is not None and over(queue, entry, times.received_at))
    if refused is not None or entry is None:
        return Decision(refused or Refused("NO_LIVE_GRANT"))
    if entry.status is Status.COMPLETED:
        return Decision(
            _with_order(reply_of(queue, entry, times), next((one for one in kept if one.id == entry.id), None))
        )
    minor, why_not = amount_of(command.order, currency)
    if why_not is not None:
        return refuse("VALIDATION_ERROR", why_not, field="/orderAmount")
    done = replace(removed(entry, Status.COMPLETED, times.now), completed_at=times.now, order_id=command.order_id)
    order = completion_of(Completion, done, queue.id, command.order, minor, currency) if command.order.told else None
    line = queue.line
    after = queue.with_line(inside=line.inside - 1, completed=line.completed + 1)
    assert done.grant_id is not None  # noqa: S101 (narrows the type; GRANTED entries have one)
    reply = _with_order(reply_of(after, done, times), order)
    amount = reply.body["order"] or {}
    event = events.Completed(
        done.id, done.consumer_id, done.version, done.grant_id, times.now, command.order_id,
        amount.get("orderAmount"), amount.get("currencyCode"),
    )  # fmt: skip
    return Decision(reply, saves=(after, done, *(() if order is None else (order,))), events=(event,))


def over(queue: Queue, entry: Entry, at: datetime) -> bool:
    """Whether a grant's time and its grace are over; like every window it excludes its end."""
    return is_over(queue.ends_at(entry), queue.config.completion_grace_seconds, at)


def _with_order(reply: Reply, order: Completion | None) -> Reply:
    return replace(reply, body=with_order(reply.body, order))


def _latest(mine: Sequence[Entry]) -> Entry | None:
    return max(mine, key=lambda entry: (entry.status in LIVE, entry.first_ticket), default=None)


def _meant(mine: Sequence[Entry], command: CompleteGrant) -> Entry | None:
    if command.entry_id is None:
        by_order = next((entry for entry in mine if entry.order_id == command.order_id), None)
        return by_order or _latest(mine)
    return next((entry for entry in mine if entry.id == command.entry_id), None)


def _denied(queue: Queue, entry: Entry, reason: str, note: str | None, times: Times) -> Decision:
    gone = replace(removed(entry, Status.DENIED, times.now), denied_at=times.now, reason=reason)
    after = queue.with_line(**counts_without(queue, entry))
    event = events.Denied(gone.id, gone.consumer_id, gone.version, times.now, reason, note)
    return Decision(reply_of(after, gone, times), saves=(after, gone), events=(event,))
