"""What the log of all draws is told by the rules: everything that a second run or another promise would change."""

from typing import Any
from uuid import UUID

import pytest

from domain.command import SYSTEM_ACTOR
from domain.draw import rules
from domain.draw.commands import CreateDraw, EnterDraw, KillDraw, LeaveDraw, UpdateDraw
from domain.draw.state import Draw, Status
from domain.draw.view import published_rules
from domain.fairness import rules_hash, seed_commitment
from tests.domain.draw.draws import (
    ADA,
    DRAW,
    DRAWN_AT,
    SECRET,
    SEQUENCE,
    at,
    logged,
    make_config,
    make_draw,
    make_entry,
    make_sequence_of_draw,
    recorded,
    sealed,
    selected,
    the_draw,
    the_entry,
)

OTHER = UUID(int=77)
MONTH = 30 * 86_400


def promised(draw: Draw) -> str:
    """The hash of the rules that are published."""
    return rules_hash(published_rules(draw).as_json()).hex()


def created(**settings: Any) -> Any:
    """A draw is made."""
    command = CreateDraw(draw_id=DRAW, sequence_id=SEQUENCE, config=make_config(**settings))
    return rules.create(None, make_sequence_of_draw(), SECRET, DRAW, command, SYSTEM_ACTOR, at(1))


def updated(draw: Draw, **changes: Any) -> Any:
    """A draw is changed."""
    replaced = make_draw(id=OTHER)
    void = the_draw(rules.kill(replaced, KillDraw(draw_id=OTHER, reason="fire"), at(1)))
    return rules.update(
        draw, make_sequence_of_draw(), UpdateDraw(draw_id=DRAW, changes=changes), at(2), replaced=void
    )  # fmt: skip


def head(draw: Draw) -> dict[str, Any]:
    """How far the draw's own log has come."""
    return {"size": draw.pool.steps, "head": draw.pool.step_head.hex()}


@pytest.mark.parametrize("replaces", [None, OTHER])
def test_what_a_new_draw_promises_is_recorded(replaces: UUID | None) -> None:
    decision = created(replaces_draw_id=replaces)
    draw = the_draw(decision)
    repeats = {} if replaces is None else {"replacesDrawId": str(OTHER)}
    assert recorded(decision) == [
        {
            "type": "CREATED", "experienceId": str(draw.experience_id),
            "seedCommitment": seed_commitment(SECRET).hex(), "rulesHash": promised(draw), **repeats,
        }
    ]  # fmt: skip


def test_a_draw_that_was_made_before_is_not_recorded_again() -> None:
    command = CreateDraw(draw_id=DRAW, sequence_id=SEQUENCE, config=make_config())
    again = rules.create(make_draw(), make_sequence_of_draw(), SECRET, DRAW, command, SYSTEM_ACTOR, at(1))
    assert recorded(again) == []


def test_another_promise_is_recorded_and_another_name_is_not() -> None:
    decision = updated(make_draw(), winnerCount=7)
    assert recorded(decision) == [{"type": "RULES", "rulesHash": promised(the_draw(decision))}]
    repeating = updated(make_draw(), replacesDrawId=str(OTHER))
    told = {"type": "RULES", "rulesHash": promised(make_draw()), "replacesDrawId": str(OTHER)}
    assert recorded(repeating) == [told]
    assert recorded(updated(make_draw(), name="Tombola", capacity=99)) == []


def test_the_freeze_and_the_draw_are_recorded_with_the_step_that_tells_of_them() -> None:
    draw = make_draw()
    frozen = rules.seal_if_due(draw, at(DRAWN_AT))
    after = the_draw(frozen)
    assert recorded(frozen) == [
        {"type": "SEALED", "treeHead": after.pool.tree_head.hex(), "logSize": 0, "steps": head(after)}
    ]
    drawn = rules.reveal_if_due(after, at(DRAWN_AT))
    assert recorded(drawn) == [
        {"type": "DRAWN", "seed": the_draw(drawn).pool.seed.hex(), "steps": head(the_draw(drawn))}
    ]


def test_the_end_of_promotions_is_recorded() -> None:
    used = rules.close_if_due(selected([make_entry(status=Status.COMPLETED)], winner_count=1), at(DRAWN_AT + 1).now)
    assert recorded(used) == [{"type": "COMPLETED", "steps": head(the_draw(used))}]
    over = rules.close_if_due(selected([make_entry(status=Status.WON)]), at(DRAWN_AT + MONTH).now)
    assert recorded(over) == [{"type": "CLAIM_CLOSED", "steps": head(the_draw(over))}]


def test_a_void_is_recorded_before_the_freeze_and_after_it() -> None:
    ending = KillDraw(draw_id=DRAW, reason="f" * 300)
    assert recorded(rules.kill(make_draw(), ending, at(1))) == [{"type": "VOID", "reason": "f" * 200}]
    after = rules.kill(sealed(make_draw()), ending, at(DRAWN_AT))
    assert recorded(after) == [{"type": "VOID", "reason": "f" * 200, "steps": head(the_draw(after))}]
    assert len(logged(after)) == 1


def test_leaving_the_lists_is_recorded() -> None:
    assert recorded(rules.archive(make_draw(), None, at(1))) == [{"type": "ARCHIVED"}]


def test_people_who_come_and_go_are_not_recorded() -> None:
    entering = rules.enter(make_draw(), (), ADA, EnterDraw(draw_id=DRAW, consumer_id=ADA), at(1))
    assert (len(entering.leaves), recorded(entering)) == (1, [])
    leaving = rules.leave(the_draw(entering), [the_entry(entering)], LeaveDraw(draw_id=DRAW, consumer_id=ADA), at(2))
    assert (len(leaving.leaves), recorded(leaving)) == (1, [])
