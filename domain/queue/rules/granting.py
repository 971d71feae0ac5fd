"""What a server does with one person: let in out of turn, refuse, ask about a grant, use it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.decision import Decision, Refused, Reply, refuse
from domain.queue import events
from domain.queue.commands import AdmitEntry, CompleteGrant, DenyEntry, ValidateGrant
from domain.queue.order import Completion, OrderDetails, amount_of, order_facts
from domain.queue.rules.counting import counts_without, removed
from domain.queue.rules.serving import grant, granted_event, service_over
from domain.queue.state import LIVE, Entry, Queue, Status
from domain.queue.view import reply_of
from domain.times import Times, iso

_USED = {Status.COMPLETED: "GRANT_ALREADY_USED", Status.LEFT: "GRANT_REVOKED"}


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
    why_not = _invalid(queue, entry, command, times)
    if why_not is not None or entry is None:
        return Decision(Reply({"valid": False, "code": why_not, "reason": _WORDS[why_not or "GRANT_INVALID"]}))
    if entry.validations >= queue.config.max_validations:
        decision = _denied(queue, entry, "VALIDATION_LIMIT_REACHED", None, times)
        code = "VALIDATION_LIMIT_REACHED"
        return replace(decision, outcome=Reply({"valid": False, "code": code, "reason": _WORDS[code]}))
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
    refused = _cannot_complete(queue, entry, command, times)
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
    order = _completion(done, command.order, minor, currency) if command.order.told else None
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
    grace = timedelta(seconds=queue.config.completion_grace_seconds)
    ends_at = queue.ends_at(entry)
    return ends_at is None or at >= ends_at + grace


def _completion(done: Entry, told: OrderDetails, minor: int | None, currency: str | None) -> Completion:
    items = tuple(item.model_dump(mode="json", by_alias=True) for item in told.items)
    named = told.currency_code or (None if minor is None else currency)
    return Completion(done.tenant_id, done.id, done.queue_id, minor, named, items, dict(told.metadata))


def _with_order(reply: Reply, order: Completion | None) -> Reply:
    return replace(reply, body={**reply.body, "order": order and order_facts(order)})


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


def _invalid(queue: Queue, entry: Entry | None, command: ValidateGrant, times: Times) -> str | None:
    if entry is None:
        return "GRANT_INVALID"
    if command.consumer_id is not None and command.consumer_id != entry.consumer_id:
        return "CONSUMER_MISMATCH"
    why_ended = _ended_grant(entry, command.grant_id)
    if why_ended is not None:
        return why_ended
    ends_at = queue.ends_at(entry)
    return "GRANT_EXPIRED" if ends_at is None or times.received_at >= ends_at else None


def _ended_grant(entry: Entry, grant_id: object) -> str | None:
    """Why a grant that was once given is no longer live; None when it is, or when none was given."""
    if entry.grant_id != grant_id:
        return "GRANT_EXPIRED" if entry.requeues else "GRANT_INVALID"
    if entry.grant_id is None:
        return None
    if entry.status is Status.DENIED:
        return "GRANT_EXPIRED" if entry.reason == "ADMISSION_EXPIRED" else "GRANT_REVOKED"
    return _USED.get(entry.status)


def _cannot_complete(queue: Queue, entry: Entry | None, command: CompleteGrant, times: Times) -> Refused | None:
    if entry is None:
        return Refused("GRANT_INVALID" if command.entry_id else "NO_LIVE_GRANT", "There is no such grant.")
    if entry.status is Status.COMPLETED and entry.order_id == command.order_id:
        return None
    ended = _ended_grant(entry, command.grant_id if command.entry_id else entry.grant_id)
    if ended is not None:
        return Refused(ended, _WORDS[ended])
    if entry.status is not Status.GRANTED:
        return Refused("NO_LIVE_GRANT", "This consumer holds no live grant.")
    return Refused("GRANT_EXPIRED", _WORDS["GRANT_EXPIRED"]) if over(queue, entry, times.received_at) else None


_WORDS = {
    "GRANT_INVALID": "There is no such grant.",
    "GRANT_EXPIRED": "The grant's time is over.",
    "GRANT_ALREADY_USED": "The grant was used for another order.",
    "GRANT_REVOKED": "The grant was given back or taken away.",
    "CONSUMER_MISMATCH": "The grant belongs to another consumer.",
    "VALIDATION_LIMIT_REACHED": "The grant was validated too often and is revoked.",
}
