"""What an organization does with a draw: make, change, hold, go on, end, put away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from pydantic import ValidationError

from domain.command import SYSTEM_ACTOR, Actor
from domain.decision import Decision, Refused, Reply, refuse
from domain.distribution.state import Ended, Lifecycle, Pause
from domain.distribution.windows import outside
from domain.draw import events
from domain.draw.commands import CreateDraw, KillDraw, PauseDraw, ResumeDraw, UpdateDraw
from domain.draw.config import DrawConfig
from domain.draw.rules import recording
from domain.draw.rules.awaiting import put_off
from domain.draw.rules.logging import log_step
from domain.draw.state import Draw, DrawStatus
from domain.draw.view import draw_facts
from domain.fairness import instant_text
from domain.fairness.draws import steps
from domain.fairness.record import bodies
from domain.ids import unix_us
from domain.problems import first_problem
from domain.sequence import SequenceFacts
from domain.settings import actor_text, changed, revised
from domain.times import Times

_NAMES = frozenset({"name", "metadata"})
_LAST = datetime.max.replace(tzinfo=UTC)


def create(
    made: Draw | None,
    sequence: SequenceFacts | None,
    secret: bytes,
    draw_id: UUID,
    command: CreateDraw,
    by: Actor,
    times: Times,
) -> Decision:
    """Make a draw; its secret seed is committed to from now on. A second copy of the command finds what it made."""
    if made is not None:
        return Decision(Reply(draw_facts(made, times), created=True))
    if sequence is None:
        return refuse("SEQUENCE_NOT_FOUND", "There is no such sequence.")
    refused = outside(sequence, command.config.open_at, command.config.closes_at)
    if refused is not None:
        return Decision(refused)
    draw = Draw(
        tenant_id=sequence.tenant_id, id=draw_id, organization_id=sequence.organization_id,
        experience_id=sequence.experience_id, sequence_id=sequence.id, config=command.config, server_seed=secret,
        created_at=times.now, updated_at=times.now, created_by=actor_text(by), updated_by=actor_text(by),
        published=sequence.published, allow_guests=sequence.allow_guests,
    )  # fmt: skip
    happened = events.DrawChanged("created", times.now)
    saves = (draw, recording.created(draw))
    return Decision(Reply(draw_facts(draw, times), created=True), saves=saves, events=(happened,))


def update(
    draw: Draw,
    sequence: SequenceFacts | None,
    command: UpdateDraw,
    times: Times,
    *,
    by: Actor = SYSTEM_ACTOR,
    replaced: Draw | None = None,
) -> Decision:
    """Change settings. From the first entry on nothing but names may change: people have relied on the rest."""
    if command.if_version is not None and command.if_version != draw.version:
        return refuse("VERSION_CONFLICT", f"The draw is at version {draw.version} now.")
    if draw.ended is not None or draw.archived:
        return refuse("DISTRIBUTION_CLOSED", "The draw has ended.")
    try:
        config = revised(draw.config, command.changes, replace=command.replace)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    fields = changed(draw.config, config)
    if not fields:
        return Decision(Reply(draw_facts(draw, times)))
    frozen = sorted(set(fields) - _NAMES) if draw.pool.entries or draw.pool.sealed_at else []
    if frozen:
        words = f"{', '.join(frozen)} can no longer change: people have entered."
        return refuse("FIELD_FROZEN", words, field="/" + frozen[0])
    refused = sequence and outside(sequence, config.open_at, config.closes_at)
    refused = refused or not_repeatable(config, replaced)
    if refused:
        return Decision(refused)
    updated = replace(draw, config=config)
    told = recording.revised(draw, updated, times.now)
    return _also(_with(updated, "updated", by, times, fields=fields), *told)


def repeats(draw: Draw, command: UpdateDraw) -> UUID | None:
    """The draw that this one says to repeat once it is changed so; None where it names none, or nothing that may be."""
    try:
        return revised(draw.config, command.changes, replace=command.replace).replaces_draw_id
    except ValidationError:
        return None


def archive(draw: Draw, if_version: int | None, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """Take a draw out of the lists; not while somebody takes part or holds a grant."""
    if if_version is not None and if_version != draw.version:
        return refuse("VERSION_CONFLICT", f"The draw is at version {draw.version} now.")
    if is_live(draw):
        return refuse("HAS_LIVE_PARTICIPANTS", "People take part or hold grants; kill the draw first, or let it end.")
    told = recording.record(draw, bodies.Archived(), times.now)
    return _also(_with(replace(draw, archived=True), "archived", by, times), told)


def is_live(draw: Draw) -> bool:
    """Whether somebody still takes part or holds a grant."""
    over = draw.status in {DrawStatus.VOID, DrawStatus.COMPLETED}
    return bool(draw.pool.inside or (draw.pool.entered and not over))


def pause(draw: Draw, command: PauseDraw, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """Hold back the drawing and promotions, entries, or both. Live grants run on."""
    if draw.lifecycle(times.now) is Lifecycle.CLOSED:
        return refuse("DISTRIBUTION_CLOSED", "The draw is closed.")
    if draw.pause is not None:
        return refuse("ALREADY_PAUSED", "The draw is paused already.")
    held = Pause(command.scope, times.now, command.resume_at, command.reason, actor_text(by))
    return _with(replace(draw, pause=held), "paused", by, times, reason=command.reason)


def resume(draw: Draw, command: ResumeDraw, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """Go on. With `shift_schedule` what had not come when the pause began is put off by its length, and the log says so."""
    if draw.pause is None:
        return refuse("NOT_PAUSED", "The draw is not paused.")
    if not command.shift_schedule:
        return _with(replace(draw, pause=None), "resumed", by, times)
    moved = replace(draw, pause=None, config=_shifted(draw, draw.pause.since, times.now))
    if draw.pool.sealed_at is None or moved.config == draw.config:
        return _with(moved, "resumed", by, times)
    moved, beacon_round = put_off(draw, moved, times.now)
    logged, step = log_step(moved, _dates(moved.config, beacon_round), times.now)
    return _also(_with(logged, "resumed", by, times), step)


def resume_if_due(draw: Draw, times: Times) -> Decision:
    """Go on by itself at the moment that was announced: who came before it came to a draw that was paused."""
    if draw.pause is None or draw.pause.resume_at is None or times.received_at < draw.pause.resume_at:
        return Decision(Reply())
    return _with(replace(draw, pause=None), "resumed", SYSTEM_ACTOR, times)


def kill(draw: Draw, command: KillDraw, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """End a draw for good: one write. It stays visible as void; grants that are revoked are taken back in slices afterwards."""
    if draw.lifecycle(times.now) is Lifecycle.CLOSED:
        return refuse("DISTRIBUTION_CLOSED", "The draw is closed already.")
    ended = replace(draw, ended=Ended(times.now, command.reason, command.revoke_grants, actor_text(by)), pause=None)
    reason = command.reason[:200] or "No reason was given."
    if draw.pool.sealed_at is None:
        told = recording.record(ended, bodies.Void(reason=reason), times.now)
        return _also(_with(ended, "killed", by, times, reason=command.reason), told)
    logged, step = log_step(ended, steps.Void(reason=reason), times.now)
    told = recording.record(logged, bodies.Void(reason=reason, steps=recording.steps_of(logged)), times.now)
    return _also(_with(logged, "killed", by, times, reason=command.reason), step, told)


def not_repeatable(config: DrawConfig, replaced: Draw | None) -> Refused | None:
    """The refusal of a draw that says to repeat one that is not void, or not there."""
    wanted = config.replaces_draw_id
    if wanted is None or (replaced is not None and replaced.id == wanted and replaced.status is DrawStatus.VOID):
        return None
    return Refused("VALIDATION_ERROR", "There is no void draw with this id.", field="/replacesDrawId")


def _shifted(draw: Draw, since: datetime, now: datetime) -> DrawConfig:
    """The settings with the dates that had not come when the pause began put off by its length.

    What has come in spite of the pause does not come again. What was frozen stays closed: the moment of that does not move,
    and is said from now on where it was that of the draw.
    """
    config = draw.config
    dates = {name: getattr(config, name) for name in _to_come(draw)}
    moved = {name: date + min(now - since, _LAST - date) for name, date in dates.items() if date and date > since}
    if draw.pool.sealed_at is not None and "draw_at" in moved:
        moved["close_at"] = config.closes_at
    return config.model_copy(update=moved)


def _to_come(draw: Draw) -> tuple[str, ...]:
    """The dates that still decide something."""
    if draw.pool.completed_at is not None:
        return ()
    return ("claim_close_at",) if draw.pool.drawn_at is not None else ("close_at", "draw_at", "claim_close_at")


def _dates(config: DrawConfig, beacon_round: int | None) -> steps.Rescheduled:
    draw_at, claims_end_at = (instant_text(unix_us(date)) for date in (config.draw_at, config.claims_end_at))
    return steps.Rescheduled(draw_at=draw_at, claim_close_at=claims_end_at, beacon_round=beacon_round)


def _also(decision: Decision, *saves: object) -> Decision:
    """The decision, with lines of logs beside it."""
    return replace(decision, saves=(*decision.saves, *saves))


def _with(
    draw: Draw,
    change: str,
    by: Actor,
    times: Times,
    *,
    reason: str | None = None,
    fields: tuple[str, ...] | None = None,
) -> Decision:
    after = replace(draw, version=draw.version + 1, updated_at=times.now, updated_by=actor_text(by))
    happened = events.DrawChanged(change, times.now, reason, fields)
    return Decision(Reply(draw_facts(after, times)), saves=(after,), events=(happened,))
