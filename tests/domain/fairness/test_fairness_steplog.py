"""The step log is one chain, and every line is read as it was written."""

import json
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from domain.fairness.draws.steplog import Step, StepLog, first_link, step_hash
from domain.fairness.draws.steps import (
    AnyBody,
    ClaimClosed,
    CompletedAll,
    Declined,
    Denied,
    Drawn,
    Expired,
    Left,
    Mixed,
    Passed,
    Promoted,
    Requeued,
    Rescheduled,
    Sealed,
    Selected,
    Void,
    Waiting,
)

DRAW = UUID("019a4aff-1111-7222-8333-444444444444")
SOMEBODY = UUID("019a4b00-0000-7000-8000-000000000001")
HEAD = bytes(range(32))
NOON = 1_763_740_800_000_000
BODIES: list[AnyBody] = [
    Sealed(count=3, tickets=4, log_size=5, tree_head=HEAD.hex(), beacon_round=17),
    Left(participation_id=SOMEBODY),
    Denied(participation_id=SOMEBODY, reason="two accounts"),
    Rescheduled(draw_at="2026-11-21T17:00:00.000000Z"),
    Waiting(reason="the beacon is not there"),
    Drawn(seed="ab" * 32, beacon=Mixed(round=17, randomness="cd" * 32)),
    Passed(participation_id=SOMEBODY, rank=2, people=4, free=1),
    Selected(winners=1, places=2),
    Declined(participation_id=SOMEBODY),
    Expired(participation_id=SOMEBODY),
    Requeued(participation_id=SOMEBODY),
    Promoted(participation_id=SOMEBODY, rank=None),
    CompletedAll(),
    ClaimClosed(),
    Void(reason="the wrong prize"),
]


def logged() -> list[Step]:
    """One line of each type."""
    log, steps = StepLog.opened(DRAW, HEAD), []
    for n, body in enumerate(BODIES):
        log, step = log.append(NOON + n, body)
        steps.append(step)
    assert log == StepLog(len(steps), steps[-1].hash)
    return steps


def test_every_type_of_line_is_read_as_it_was_written() -> None:
    steps = logged()
    assert [Step.from_json(json.loads(json.dumps(step.as_json()))) for step in steps] == steps
    assert [step.as_json()["type"] for step in steps][:4] == ["SEALED", "LEFT", "DENIED", "RESCHEDULED"]


def test_every_line_names_the_one_before_and_the_first_names_draw_and_tree_head() -> None:
    steps = logged()
    first = sha256(b"drumroll/draw-log/1\x00" + DRAW.bytes + HEAD).hexdigest()
    assert [step.prev_hash for step in steps] == [first_link(DRAW, HEAD), *(step.hash for step in steps[:-1])]
    assert steps[0].prev_hash == first
    assert [step.n for step in steps] == list(range(len(steps)))


def test_a_line_is_hashed_in_its_canonical_form_without_its_own_hash() -> None:
    step = logged()[11]
    text = (
        f'{{"at":"2025-11-21T16:00:00.000011Z","n":11,"participationId":"{SOMEBODY}",'
        f'"prevHash":"{step.prev_hash}","rank":null,"type":"PROMOTED"}}'
    )
    assert step.hash == sha256(b"drumroll/draw-log/1\x00" + text.encode()).hexdigest() == step_hash(step.as_json())


def test_members_that_may_be_missing_are_left_out_and_others_are_null() -> None:
    lines = [step.as_json() for step in logged()]
    assert set(lines[3]) == {"n", "at", "type", "drawAt", "prevHash", "hash"}
    assert lines[11]["rank"] is None
    assert lines[5]["beacon"] == {"round": 17, "randomness": "cd" * 32}


@pytest.mark.parametrize(
    "change",
    [
        {"n": -1},
        {"n": "0"},
        {"at": "2025-11-21T16:00:00Z"},
        {"at": None},
        {"type": "LOST"},
        {"type": None},
        {"participationId": str(SOMEBODY).upper()},
        {"rank": 1.0},
        {"rank": True},
        {"rank": 2**53},
        {"people": "4"},
        {"participation_id": str(SOMEBODY)},
        {"prevHash": 5},
        {"hash": None},
        {"more": 1},
    ],
)
def test_a_line_of_another_form_is_refused(change: dict[str, Any]) -> None:
    line = logged()[6].as_json() | change
    with pytest.raises(ValueError, match=r"."):
        Step.from_json(line)


@pytest.mark.parametrize(
    "missing", ["n", "at", "type", "participationId", "rank", "people", "free", "prevHash", "hash"]
)
def test_a_line_without_one_of_its_members_is_refused(missing: str) -> None:
    line = logged()[6].as_json()
    del line[missing]
    with pytest.raises(ValueError, match=r"."):
        Step.from_json(line)
