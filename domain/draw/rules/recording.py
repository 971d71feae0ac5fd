"""The log of all draws of an organization: one line for everything that a second run, a void or a swapped draw would change."""

from __future__ import annotations

from datetime import datetime

from domain.draw.state import Draw, Recorded
from domain.draw.view import published_rules
from domain.fairness import rules_hash, seed_commitment
from domain.fairness.draws import StepsHead
from domain.fairness.record import AnyRecordBody, bodies


def record(draw: Draw, body: AnyRecordBody, at: datetime) -> Recorded:
    """A line of the organization's log. It gets its number and its hash when it is written, because others write there too."""
    return Recorded(draw.tenant_id, draw.id, at, body)


def created(draw: Draw) -> Recorded:
    """The draw is made."""
    told = bodies.Created(
        experience_id=draw.experience_id, seed_commitment=seed_commitment(draw.server_seed).hex(),
        rules_hash=promised(draw), replaces_draw_id=draw.config.replaces_draw_id,
    )  # fmt: skip
    return record(draw, told, draw.created_at)


def revised(before: Draw, after: Draw, now: datetime) -> tuple[Recorded, ...]:
    """The line that says what else is promised now, where anything else is."""
    promise = promised(after), after.config.replaces_draw_id
    if promise == (promised(before), before.config.replaces_draw_id):
        return ()
    return (record(after, bodies.Rules(rules_hash=promise[0], replaces_draw_id=promise[1]), now),)


def promised(draw: Draw) -> str:
    """The hash of the rules that are committed to, in hex."""
    return rules_hash(published_rules(draw).as_json()).hex()


def steps_of(draw: Draw) -> StepsHead:
    """How far the log of the draw itself has come. The draw must be frozen."""
    return StepsHead(size=draw.pool.steps, head=draw.pool.step_head.hex())
