"""What a server does with one person: refuse, ask about a grant, use it up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.decision import Decision, Refused, Reply, refuse
from domain.distribution.claims import grant_claims
from domain.distribution.grants import completion_of, invalid, is_over, unusable, verdict, with_order
from domain.distribution.order import Completion, amount_of
from domain.draw import events
from domain.draw.commands import CompleteWin, DenyEntrant, SignWin, ValidateWin
from domain.draw.rules.counting import removed
from domain.draw.rules.entering import DRAWING, out_of_pool
from domain.draw.state import INSIDE, Draw, DrawCompletion, Entry, Status
from domain.draw.view import fate, reply_of
from domain.fairness import DRAW_DENY
from domain.tenant import TenantFacts
from domain.times import Times, iso


def deny(draw: Draw, mine: Sequence[Entry], command: DenyEntrant, times: Times) -> Decision:
    """Refuse a person for good; a live grant is revoked and its places passed on."""
    entry = _latest(mine)
    if entry is None or entry.status is Status.LEFT:
        return refuse("CONSUMER_NOT_IN_DRAW", "This consumer is not in this draw.")
    if entry.status is Status.COMPLETED:
        return refuse("ALREADY_COMPLETED", "This consumer has completed already.")
    if entry.status is Status.DENIED or "status" in fate(draw, entry, None):
        return Decision(reply_of(draw, entry, times))
    if draw.selecting:
        return Decision(DRAWING)
    return denied(draw, entry, command.reason, command.note, times)


def denied(draw: Draw, entry: Entry, reason: str, note: str | None, times: Times) -> Decision:
    """Somebody who takes part or has won is refused."""
    gone = replace(removed(entry, Status.DENIED), denied_at=times.now, reason=reason)
    out = out_of_pool(draw, entry, gone, DRAW_DENY, times)
    event = events.Denied(gone.id, gone.consumer_id, gone.version, times.now, reason, note)
    return Decision(reply_of(out.draw, out.entry, times), saves=out.saves, events=(event,), leaves=out.leaves)


def validate(draw: Draw, entry: Entry | None, command: ValidateWin, times: Times) -> Decision:
    """Say whether a grant is good now, else why not. More questions than allowed deny the holder."""
    why_not = invalid(entry, entry.expires_at if entry else None, command, times.received_at)
    if why_not is not None or entry is None:
        return Decision(verdict(why_not))
    if entry.validations >= draw.config.max_validations:
        if draw.selecting:
            return Decision(DRAWING)
        decision = denied(draw, entry, "VALIDATION_LIMIT_REACHED", None, times)
        return replace(decision, outcome=verdict("VALIDATION_LIMIT_REACHED"))
    asked = replace(entry, validations=entry.validations + 1, first_validated_at=entry.first_validated_at or times.now)
    reply = Reply({"valid": True, "participationId": str(entry.id), "expiresAt": iso(entry.expires_at)})
    event = events.Validated(asked.id, asked.consumer_id, asked.version, command.grant_id, times.now)
    return Decision(reply, saves=(asked,), events=(event,))


def complete(
    draw: Draw, mine: Sequence[Entry], command: CompleteWin, times: Times, *, currency: str | None = None,
    kept: Sequence[Completion] = (),
) -> Decision:  # fmt: skip
    """Use a grant up. The same order again is the same completion; another order comes too late.

    `currency` is the experience's, `kept` are the orders of those who have completed.
    """
    entry = _meant(mine, command)
    over = entry is not None and is_over(entry.expires_at, draw.config.completion_grace_seconds, times.received_at)
    refused = unusable(entry, command, over=over)
    if refused is not None or entry is None:
        return Decision(refused or Refused("NO_LIVE_GRANT"))
    if entry.status is Status.COMPLETED:
        order = next((one for one in kept if one.id == entry.id), None)
        return Decision(_with_order(reply_of(draw, entry, times), order))
    minor, why_not = amount_of(command.order, currency)
    if why_not is not None:
        return refuse("VALIDATION_ERROR", why_not, field="/orderAmount")
    order = (
        completion_of(DrawCompletion, entry, draw.id, command.order, minor, currency) if command.order.told else None
    )
    return _completed(draw, entry, command, order, times)


def sign_grant(draw: Draw, entry: Entry | None, tenant: TenantFacts | None, command: SignWin) -> Decision:
    """The token of a live grant, for its holder; asking twice gives the same token."""
    if tenant is None or entry is None or entry.status is not Status.WON or entry.grant_id != command.grant_id:
        return refuse("NO_LIVE_GRANT", "There is no such live grant.")
    claims = grant_claims("draw", draw, entry, tenant)
    if entry.prize is not None:
        claims = replace(claims, payload={**claims.payload, "prize": entry.prize})
    return Decision(Reply(secrets={"admissionGrant": claims}))


def _completed(draw: Draw, entry: Entry, command: CompleteWin, order: Completion | None, times: Times) -> Decision:
    done = replace(removed(entry, Status.COMPLETED), completed_at=times.now, order_id=command.order_id)
    pool = draw.pool
    after = draw.with_pool(inside=pool.inside - 1, completed=pool.completed + entry.people)
    reply = _with_order(reply_of(after, done, times), order)
    amount = reply.body["order"] or {}
    assert done.grant_id is not None  # noqa: S101 (narrows the type; WON entries have one)
    event = events.Completed(
        done.id, done.consumer_id, done.version, done.grant_id, times.now, command.order_id,
        amount.get("orderAmount"), amount.get("currencyCode"), done.prize,
    )  # fmt: skip
    return Decision(reply, saves=(after, done, *(() if order is None else (order,))), events=(event,))


def _with_order(reply: Reply, order: Completion | None) -> Reply:
    return replace(reply, body=with_order(reply.body, order))


def _latest(mine: Sequence[Entry]) -> Entry | None:
    return max(mine, key=lambda entry: (entry.status in INSIDE, entry.number), default=None)


def _meant(mine: Sequence[Entry], command: CompleteWin) -> Entry | None:
    if command.entry_id is None:
        by_order = next((entry for entry in mine if entry.order_id == command.order_id), None)
        return by_order or _latest(mine)
    return next((entry for entry in mine if entry.id == command.entry_id), None)
