"""The draw selection worker: everything that happens to draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from domain.command import Envelope
from domain.decision import Decision, Refused, Reply
from domain.draw import commands as c
from domain.draw import rules
from domain.draw.state import Draw
from domain.people import rules as people
from domain.times import Times
from runtime.clock import Clock
from runtime.drand import randomness
from store.work import Work
from workers.draw_upkeep import KNOCKING, serve, up_to_date
from workers.handlers import SETTLES, Settling, handles
from workers.in_session import in_session

Outcome = Reply | Refused
NOT_FOUND = Refused("DRAW_NOT_FOUND", "There is no such draw.")
_OfDraw = Callable[[Work, Draw, Envelope[Any], Times], Decision]


def of_draw(decide: _OfDraw) -> Callable[[Work, Envelope[Any], Times], Outcome]:
    """A handler of a command on a draw that exists: gets it up to date, saves the decision, returns the outcome."""

    @wraps(decide)
    def handler(work: Work, sent: Envelope[Any], times: Times) -> Outcome:
        draw = up_to_date(work, sent.body.draw_id, times)
        if draw is None or draw.archived:
            return NOT_FOUND
        decision = decide(work, draw, sent, times)
        work.save(decision, by=sent.actor)
        return decision.outcome

    return handler


def draw_only(work: Work, sent: Envelope[Any]) -> None:
    """The draw will be asked for."""
    work.draws.want(sent.body.draw_id)


def draw_and_person(work: Work, sent: Envelope[Any]) -> None:
    """The draw, everything this person has in it, and the session in whose name the person writes."""
    work.draws.want(sent.body.draw_id)
    work.draw_entries.want_person(sent.body.draw_id, sent.body.consumer_id)
    if getattr(sent.body, "session_id", None) is not None:
        work.sessions.want(sent.body.session_id)
    if getattr(sent.body, "guest", None) is not None:
        work.tenants.want(sent.tenant_id)


def draw_and_entry(work: Work, sent: Envelope[Any]) -> None:
    """The draw and one participation, or all of the person's where it is not named."""
    work.draws.want(sent.body.draw_id)
    work.tenants.want(sent.tenant_id)
    if sent.body.entry_id is not None:
        work.draw_entries.want(sent.body.entry_id)
    elif sent.body.consumer_id is not None:
        work.draw_entries.want_person(sent.body.draw_id, sent.body.consumer_id)


SETTLES["draw"] = Settling(serve, KNOCKING.again, KNOCKING.timer)


def _replaced(work: Work, wanted: UUID | None) -> Draw | None:
    """The draw that another says to repeat, as its own worker has left it."""
    return None if wanted is None else work.draws.get(wanted)


@handles(c.CreateDraw, lambda work, sent: work.sequences.want(sent.body.sequence_id))
def create_draw(work: Work, sent: Envelope[c.CreateDraw], times: Times) -> Outcome:
    """A draw is made under a sequence."""
    made = work.draws.get(sent.id)
    sequence = work.sequences.get(sent.body.sequence_id)
    config = sent.body.config
    refused = rules.not_repeatable(config, _replaced(work, config.replaces_draw_id)) if made is None else None
    if refused is not None:
        return refused
    decision = rules.create(made, sequence, Clock.entropy(32), sent.id, sent.body, sent.actor, times)
    work.save(decision, by=sent.actor)
    return decision.outcome


@handles(c.UpdateDraw, draw_only)
@of_draw
def update_draw(work: Work, draw: Draw, sent: Envelope[c.UpdateDraw], times: Times) -> Decision:
    """Settings change."""
    replaced = _replaced(work, rules.repeats(draw, sent.body))
    sequence = work.sequences.get(draw.sequence_id)
    return rules.update(draw, sequence, sent.body, times, by=sent.actor, replaced=replaced)


@handles(c.ArchiveDraw, draw_only)
@of_draw
def archive_draw(work: Work, draw: Draw, sent: Envelope[c.ArchiveDraw], times: Times) -> Decision:
    """A draw leaves the lists."""
    return rules.archive(draw, sent.body.if_version, times, by=sent.actor)


@handles(c.PauseDraw, draw_only)
@of_draw
def pause_draw(work: Work, draw: Draw, sent: Envelope[c.PauseDraw], times: Times) -> Decision:
    """A draw holds still."""
    return rules.pause(draw, sent.body, times, by=sent.actor)


@handles(c.ResumeDraw, draw_only)
@of_draw
def resume_draw(work: Work, draw: Draw, sent: Envelope[c.ResumeDraw], times: Times) -> Decision:
    """A draw goes on."""
    return rules.resume(draw, sent.body, times, by=sent.actor)


@handles(c.KillDraw, draw_only)
@of_draw
def kill_draw(work: Work, draw: Draw, sent: Envelope[c.KillDraw], times: Times) -> Decision:
    """A draw ends, and is void."""
    return rules.kill(draw, sent.body, times, by=sent.actor)


@handles(c.KnockDraw, draw_only)
@of_draw
def knock_draw(work: Work, draw: Draw, sent: Envelope[c.KnockDraw], times: Times) -> Decision:
    """Somebody knocked; what was due has been done by bringing the draw up to date."""
    work.knocked.add(draw.id)
    if sent.body.after_slice:
        work.patient.add(draw.id)
    return Decision(Reply())


@handles(c.GiveBeacon, draw_only)
@of_draw
def give_beacon(work: Work, draw: Draw, sent: Envelope[c.GiveBeacon], times: Times) -> Decision:
    """Somebody brings the round of the beacon that a draw waits for."""
    verified = randomness(sent.body.round, bytes.fromhex(sent.body.signature))
    work.save(rules.tell_forgery(draw, sent.body, verified, times))
    return rules.give_beacon(draw, sent.body, verified, times)


@handles(c.EnterDraw, draw_and_person)
@of_draw
@in_session
def enter_draw(work: Work, draw: Draw, sent: Envelope[c.EnterDraw], times: Times) -> Decision:
    """A person takes part, a stranger as a new guest."""
    mine = work.draw_entries.mine(draw.id, sent.body.consumer_id)
    decision = rules.enter(draw, mine, sent.id, sent.body, times)
    if sent.body.guest is None:
        return decision
    return people.welcome(decision, work.tenants.get(sent.tenant_id), sent.body.consumer_id, sent.body.guest, times)


@handles(c.LeaveDraw, draw_and_person)
@of_draw
@in_session
def leave_draw(work: Work, draw: Draw, sent: Envelope[c.LeaveDraw], times: Times) -> Decision:
    """A person takes part no more."""
    return rules.leave(draw, work.draw_entries.mine(draw.id, sent.body.consumer_id), sent.body, times)


@handles(c.DenyEntrant, draw_and_person)
@of_draw
def deny_entrant(work: Work, draw: Draw, sent: Envelope[c.DenyEntrant], times: Times) -> Decision:
    """A person is refused for good."""
    return rules.deny(draw, work.draw_entries.mine(draw.id, sent.body.consumer_id), sent.body, times)


@handles(c.ValidateWin, draw_and_entry)
@of_draw
def validate_win(work: Work, draw: Draw, sent: Envelope[c.ValidateWin], times: Times) -> Decision:
    """A shop asks about a grant."""
    return rules.validate(draw, work.draw_entries.within(draw.id, sent.body.entry_id), sent.body, times)


@handles(c.CompleteWin, draw_and_entry)
@of_draw
def complete_win(work: Work, draw: Draw, sent: Envelope[c.CompleteWin], times: Times) -> Decision:
    """A shop uses a grant up."""
    till, meant = work.draw_completions, work.draw_entries.named(draw.id, sent.body.entry_id, sent.body.consumer_id)
    currency = None if sent.body.order.order_amount is None else till.currency_of(draw)
    kept = till.among(meant, sent.body.order_id)
    return rules.complete(draw, meant, sent.body, times, currency=currency, kept=kept)


@handles(c.SignWin, draw_and_entry)
@of_draw
def sign_win(work: Work, draw: Draw, sent: Envelope[c.SignWin], times: Times) -> Decision:
    """The holder of a grant looks at it."""
    entry, tenant = work.draw_entries.within(draw.id, sent.body.entry_id), work.tenants.get(sent.tenant_id)
    return rules.sign_grant(draw, entry, tenant, sent.body)
