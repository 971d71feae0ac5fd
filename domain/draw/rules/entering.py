"""Taking part in a draw, and taking part no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from domain.decision import Decision, Refused
from domain.distribution.state import Lifecycle, Scope
from domain.draw import events
from domain.draw.commands import EnterDraw, LeaveDraw
from domain.draw.rules.counting import out_of_log, removed, without
from domain.draw.rules.logging import log_step
from domain.draw.state import INSIDE, Draw, Entry, Status
from domain.draw.view import absent_reply, reply_of
from domain.fairness import DRAW_LEAVE, NO_HASH, DrawEntry, draw_entry_leaf, leaf_hash, preferences_hash
from domain.fairness.draws import steps
from domain.fairness.draws.steps import AnyBody
from domain.fairness.prizes import why_not_preferred
from domain.ids import unix_us
from domain.receipts import Growth, ReceiptDue
from domain.times import Times, seconds_until

DRAWING = Refused("DISTRIBUTION_PAUSED", "The winners are being named just now; ask again.", retry_after=1)
"""The answer to whoever would change the pool while the first winners are being named."""

NOT_YOURS_TO_SAY = Refused(
    "VALIDATION_ERROR",
    "In this draw the organization says who has several tickets: its server enters whoever does. Enter with one.",
    field="/tickets",
)
"""The answer to whoever gives themselves a weight that is the organization's to give."""


def enter(draw: Draw, mine: Sequence[Entry], command_id: UUID, command: EnterDraw, times: Times) -> Decision:
    """Take part. Whoever is inside already keeps the first entry; a second copy of a command finds what it made."""
    made = next((entry for entry in mine if entry.id == command_id), None)
    if made is not None:
        return Decision(reply_of(draw, made, times))
    refused = _not_asked_right(draw, command)
    if refused is not None:
        return Decision(refused)
    present = next((entry for entry in mine if entry.status is not Status.LEFT), None)
    if present is not None:
        return Decision(reply_of(draw, present, times))
    refused = _why_not(draw, command, times)
    if refused is not None:
        return Decision(refused)
    return _joined(draw, command_id, command, times, events.EnteredAgain if mine else events.Entered)


def leave(draw: Draw, mine: Sequence[Entry], command: LeaveDraw, times: Times) -> Decision:
    """Take part no more, or give a win back: its places go to the next. Not inside: the present state.

    Once the order is drawn, who has not won has nothing to leave: the pool is what it was.
    """
    entry = _seen(mine, command.entry_id)
    if entry is None:
        return Decision(absent_reply(draw, command.consumer_id, times))
    if entry.status not in INSIDE or (entry.status is Status.ENTERED and draw.ended is not None):
        return Decision(reply_of(draw, entry, times))
    if draw.selecting:
        return Decision(DRAWING)
    if entry.status is Status.ENTERED and draw.pool.drawn_at is not None:
        return Decision(Refused("DRAW_CLOSED", "The order is drawn: who did not win stays an alternate."))
    gone = replace(removed(entry, Status.LEFT), left_at=times.now)
    out = out_of_pool(draw, entry, gone, DRAW_LEAVE, times)
    event = events.Left(gone.id, gone.consumer_id, gone.version, times.now)
    return Decision(reply_of(out.draw, out.entry, times), saves=out.saves, events=(event,), leaves=out.leaves)


class Out(NamedTuple):
    """Somebody is gone: the draw and the entry afterwards, everything to be saved, and the leaf that says so."""

    draw: Draw
    entry: Entry
    saves: tuple[object, ...]
    leaves: tuple[Growth, ...] = ()


def out_of_pool(draw: Draw, entry: Entry, gone: Entry, kind: bytes, times: Times) -> Out:
    """Somebody is gone: before the freeze a leaf says so, afterwards a line of the log, but for a draw that is void.

    `kind` are the letters of the leaf.
    """
    after, gone = without(draw, entry), replace(gone, absent=draw.pool.drawn_at is None)
    if draw.pool.sealed_at is None:
        after, gone, leaf = out_of_log(after, gone, kind, times)
        return Out(after, gone, (after, gone), (leaf,))
    if draw.ended is not None:
        return Out(after, gone, (after, gone))
    after, step = log_step(after, _told_as(entry, gone), times.now)
    return Out(after, gone, (after, gone, step))


def _told_as(entry: Entry, gone: Entry) -> AnyBody:
    if gone.reason is not None:
        return steps.Denied(participation_id=entry.id, reason=gone.reason)
    if entry.status is Status.WON:
        return steps.Declined(participation_id=entry.id)
    return steps.Left(participation_id=entry.id)


def _not_asked_right(draw: Draw, command: EnterDraw) -> Refused | None:
    """What is wrong with the question itself, whoever asks and whenever."""
    if draw.archived or not draw.published:
        return Refused("DRAW_NOT_FOUND", "There is no such draw.")
    config = draw.config
    asked = {
        "quantity": (command.quantity, config.max_quantity_per_consumer),
        "tickets": (command.tickets, config.max_tickets_per_entry),
        "people": (command.people, config.max_people_per_entry),
    }
    for name, (wanted, most) in asked.items():
        if not 1 <= wanted <= most:
            return Refused("VALIDATION_ERROR", f"{name} is 1 to {most}.", field=f"/{name}")
    if command.tickets > 1 and config.tickets_by == "organization" and not command.by_organization:
        return NOT_YOURS_TO_SAY
    why_not = why_not_preferred(command.preferences, None if config.prizes is None else config.places)
    return None if why_not is None else Refused("VALIDATION_ERROR", why_not, field="/preferences")


def _why_not(draw: Draw, command: EnterDraw, times: Times) -> Refused | None:
    """Why nobody may take part now, in the order in which a caller is told of it."""
    config, at = draw.config, times.received_at
    if draw.pool.sealed_at is not None or draw.lifecycle(at) in {Lifecycle.SETTLING, Lifecycle.CLOSED}:
        return Refused("DRAW_CLOSED", "The draw takes no more entries.")
    if draw.pause is not None and draw.paused(Scope.ENTRY):
        return Refused("DISTRIBUTION_PAUSED", "Entries are paused.", seconds_until(draw.pause.resume_at, times.now))
    if config.open_at is not None and at < config.open_at:
        return Refused("DRAW_NOT_OPEN", "The draw takes entries later.", seconds_until(config.open_at, at))
    if config.entries_by == "organization" and not command.by_organization:
        return Refused("ACCESS_DENIED", "The organization enters people into this draw: ask there to take part.")
    if command.is_guest and not (config.supports_guest and draw.allow_guests):
        return Refused("GUEST_NOT_ALLOWED", "This draw wants people who are signed in.")
    if config.capacity is not None and draw.pool.entered >= config.capacity:
        return Refused("DRAW_FULL", "The draw has as many entries as it takes.")
    return None


def _joined(draw: Draw, command_id: UUID, command: EnterDraw, times: Times, entered: type[events.Entered]) -> Decision:
    pool = draw.pool
    entry = Entry(
        tenant_id=draw.tenant_id, id=command_id, draw_id=draw.id, consumer_id=command.consumer_id, number=pool.entries,
        leaf=pool.frontier.size, first_ticket=pool.tickets, tickets=command.tickets, people=command.people,
        entered_at=times.now, received_at=times.received_at, quantity=command.quantity,
        duplicate_key=command.duplicate_key, preferences=command.preferences,
    )  # fmt: skip
    leaf = leaf_hash(leaf_of(entry))
    after = draw.with_pool(
        entries=pool.entries + 1, tickets=pool.tickets + entry.tickets, entered=pool.entered + 1,
        frontier=pool.frontier.append(leaf),
    )  # fmt: skip
    event = entered(entry.id, entry.consumer_id, entry.version, entry.number + 1, times.now)
    due = ReceiptDue(draw.id, leaf, entry.leaf, times.now)
    reply = replace(reply_of(after, entry, times), secrets={"receipt": due})
    return Decision(reply, saves=(after, entry), events=(event,), leaves=(Growth(pool.frontier, leaf),))


def leaf_of(entry: Entry) -> bytes:
    """The content of the leaf with which somebody entered."""
    told = DrawEntry(
        entry.number, entry.first_ticket, entry.id, unix_us(entry.received_at), entry.tickets, entry.people,
        entry.duplicate_key or NO_HASH, preferences_hash(entry.preferences),
    )  # fmt: skip
    return draw_entry_leaf(told)


def _seen(mine: Sequence[Entry], entry_id: UUID | None) -> Entry | None:
    if entry_id is not None:
        return next((entry for entry in mine if entry.id == entry_id), None)
    return max(mine, key=lambda entry: (entry.status in INSIDE, entry.number), default=None)
