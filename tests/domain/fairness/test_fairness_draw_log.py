"""Whoever touches the step log of a draw is found out, and told at which step."""

from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest

from domain.fairness.draws import step_hash
from tests.support.draw_proofs import Lines, played_draw
from tests.support.draw_tampering import Tamper, failing, first_of, forged, tampered


def exchange_promotions(lines: Lines) -> None:
    """Let two who were promoted be promoted in the other order."""
    one, two = (lines[first_of("PROMOTED", lines, at)]["step"] for at in (0, 1))
    for member in ("participationId", "rank"):
        one[member], two[member] = two[member], one[member]


def exchange_lines(lines: Lines) -> None:
    """Write two lines of the log in the other order."""
    one, two = (first_of("PROMOTED", lines, at) for at in (0, 1))
    lines[one], lines[two] = lines[two], lines[one]


def promote_a_friend(lines: Lines) -> None:
    """Promote somebody whose turn it is not."""
    lines[first_of("PROMOTED", lines)]["step"]["participationId"] = lines[1]["participationId"]


def drop_promotion(lines: Lines) -> None:
    """Leave out that somebody was promoted."""
    del lines[first_of("PROMOTED", lines)]


def drop_passed(lines: Lines) -> None:
    """Leave out that a group was passed over."""
    del lines[first_of("PASSED", lines)]


def drop_denial(lines: Lines) -> None:
    """Leave out that a winner was denied."""
    del lines[first_of("DENIED", lines, -1)]


def drop_decline(lines: Lines) -> None:
    """Leave out that a winner declined."""
    del lines[first_of("DECLINED", lines)]


def expire_instead(lines: Lines) -> None:
    """Let somebody be out who must be requeued."""
    lines[first_of("REQUEUED", lines)]["step"]["type"] = "EXPIRED"


def change_figures(lines: Lines) -> None:
    """Say that one more won."""
    lines[first_of("SELECTED", lines)]["step"]["winners"] += 1


def change_group(lines: Lines) -> None:
    """Say that a group was larger than it was."""
    lines[first_of("PASSED", lines)]["step"]["people"] += 1


def change_seed(lines: Lines) -> None:
    """Reveal another seed."""
    lines[first_of("DRAWN", lines)]["step"]["seed"] = "ab" * 32


def change_count(lines: Lines) -> None:
    """Freeze one entry less."""
    lines[first_of("SEALED", lines)]["step"]["count"] -= 1


def decline_for_another(lines: Lines) -> None:
    """Let somebody decline who never won."""
    lines[first_of("DECLINED", lines)]["step"]["participationId"] = lines[1]["participationId"]


def decline_for_nobody(lines: Lines) -> None:
    """Let somebody decline who never entered."""
    lines[first_of("DECLINED", lines)]["step"]["participationId"] = str(UUID(int=5))


def leave_after(lines: Lines) -> None:
    """Let somebody leave after the draw."""
    left = lines.pop(first_of("LEFT", lines))
    lines.insert(-1, left)


def close_early(lines: Lines) -> None:
    """Say that promotions ended before they did."""
    lines.insert(first_of("PROMOTED", lines), {"step": {"at": "2025-11-21T18:00:00.000000Z", "type": "CLAIM_CLOSED"}})


def complete_early(lines: Lines) -> None:
    """Say that all is completed while a place is free."""
    lines.insert(first_of("PROMOTED", lines), {"step": {"at": "2025-11-21T18:00:00.000000Z", "type": "COMPLETED_ALL"}})


def draw_again(lines: Lines) -> None:
    """Draw twice."""
    lines.insert(-1, deepcopy(lines[first_of("DRAWN", lines)]))


def name_a_round(lines: Lines) -> None:
    """Fix a round of a beacon that the rules do not name."""
    lines[first_of("RESCHEDULED", lines)]["step"]["beaconRound"] = 5


@pytest.mark.parametrize(
    ("tamper", "kind", "said"),
    [
        (exchange_promotions, "PROMOTED", "wins next"),
        (exchange_lines, "PROMOTED", "wins next"),
        (promote_a_friend, "PROMOTED", "names entry 0 with rank"),
        (drop_promotion, None, "next"),
        (drop_passed, None, "is passed over next"),
        (drop_denial, None, "nobody is next"),
        (drop_decline, None, "nobody is next"),
        (expire_instead, "EXPIRED", "must be requeued"),
        (change_figures, "SELECTED", "5 winners and 6 places, but it is 4 and 6"),
        (change_group, "PASSED", "but it is 3 and 2"),
        (change_seed, "DRAWN", "reveals the seed abab"),
        (change_count, "SEALED", "says 31 where the document says 32"),
        (decline_for_another, "DECLINED", "entry 0 holds no places"),
        (decline_for_nobody, "DECLINED", "did not enter"),
        (leave_after, None, ""),
        (close_early, "PROMOTED", "nobody is promoted any more"),
        (complete_early, "COMPLETED_ALL", "is next for a free place"),
        (draw_again, None, "cannot stand here, because the draw is drawn"),
        (name_a_round, "RESCHEDULED", "round of the beacon"),
    ],
)
def test_a_changed_log_is_named_even_when_its_chain_is_mended(tamper: Tamper, kind: str | None, said: str) -> None:
    broken = failing(tampered(tamper)) if tamper not in {close_early, complete_early} else {"steps": None}
    assert "steps" in broken
    lines = forged(tamper)
    faults = failing(lines)
    assert set(faults) - {"status"} == {"outcome"}
    assert said in faults["outcome"].text
    step = faults["outcome"].step
    assert step is not None
    assert f"Step {step}" in faults["outcome"].text
    assert kind is None or [line["step"]["type"] for line in lines if "step" in line][step] == kind


def promote_a_group_that_does_not_fit(lines: Lines) -> None:
    """Let a group win that is to be passed over."""
    line = lines[first_of("PASSED", lines)]["step"]
    line["type"] = "PROMOTED"
    del line["people"], line["free"]


def claim_no_rank(lines: Lines) -> None:
    """Say that somebody who is promoted in turn was requeued."""
    lines[first_of("PROMOTED", lines)]["step"]["rank"] = None


def close_twice(lines: Lines) -> None:
    """Close claims twice."""
    for _ in range(2):
        lines.insert(-1, {"step": {"at": "2025-11-21T18:00:00.000000Z", "type": "CLAIM_CLOSED"}})


def pass_after_the_end(lines: Lines) -> None:
    """Pass a group over when nobody is promoted any more."""
    lines.insert(first_of("PASSED", lines), {"step": {"at": "2025-11-21T18:00:00.000000Z", "type": "CLAIM_CLOSED"}})


def deny_while_drawing(lines: Lines) -> None:
    """Deny somebody after the seed is known and before winners are."""
    denied = lines.pop(first_of("DENIED", lines))
    lines.insert(first_of("SELECTED", lines), denied)


def leave_while_drawing(lines: Lines) -> None:
    """Let somebody leave after the seed is known and before winners are."""
    left = lines.pop(first_of("LEFT", lines))
    lines.insert(first_of("SELECTED", lines), left)


def seal_a_round(lines: Lines) -> None:
    """Fix a round at the freeze though the rules name no beacon."""
    lines[first_of("SEALED", lines)]["step"]["beaconRound"] = 5


@pytest.mark.parametrize(
    ("tamper", "kind", "said"),
    [
        (promote_a_group_that_does_not_fit, "PROMOTED", "is passed over next"),
        (claim_no_rank, "PROMOTED", "with rank None, but entry 18 with rank 4 wins next"),
        (close_twice, "CLAIM_CLOSED", "stands there twice"),
        (pass_after_the_end, "PASSED", "nobody is promoted any more"),
        (deny_while_drawing, "DENIED", "the draw is between DRAWN and SELECTED"),
        (leave_while_drawing, "LEFT", "the draw is between DRAWN and SELECTED"),
        (seal_a_round, "SEALED", "exactly when the rules name a beacon"),
    ],
)
def test_a_step_that_cannot_stand_where_it_stands_is_named(tamper: Tamper, kind: str, said: str) -> None:
    lines = forged(tamper)
    fault = failing(lines)["outcome"]
    assert said in fault.text
    assert fault.step is not None
    assert [line["step"]["type"] for line in lines if "step" in line][fault.step] == kind


def test_a_group_that_the_first_fill_passes_over_must_be_told() -> None:
    lines = played_draw(winnerCount=16).lines()
    first = first_of("PASSED", lines)
    assert first < first_of("SELECTED", lines)

    def drop(changed: Lines) -> None:
        changed[:] = deepcopy(lines)
        del changed[first]

    assert "is passed over" in failing(forged(drop))["outcome"].text


@pytest.mark.parametrize(
    ("tamper", "step", "said"),
    [
        (drop_promotion, 8, "it says that it is step 9"),
        (exchange_lines, 8, "it says that it is step"),
        (exchange_promotions, 8, "its hash is not that of what it says"),
        (change_seed, 5, "its hash is not that of what it says"),
    ],
)
def test_the_first_step_that_is_out_of_the_chain_is_named(tamper: Tamper, step: int, said: str) -> None:
    fault = failing(tampered(tamper))["steps"]
    assert fault.step == step
    assert said in fault.text


def test_a_step_that_is_dated_back_behind_others_is_named() -> None:
    def date_back(lines: Lines) -> None:
        lines[first_of("RESCHEDULED", lines)]["step"]["at"] = lines[first_of("SEALED", lines)]["step"]["at"].replace(
            "17", "16"
        )

    found = failing(forged(date_back, redated=False))
    assert list(found) == ["steps"]
    assert "dated before the line before it" in found["steps"].text


def test_a_step_whose_own_hash_was_mended_breaks_the_next() -> None:
    def change(lines: Lines) -> None:
        line = lines[first_of("DECLINED", lines)]["step"]
        line["at"] = "2025-11-21T18:00:00.000000Z"
        line["hash"] = step_hash(line)

    fault = failing(tampered(change))["steps"]
    assert "it does not follow on the line before it" in fault.text
    assert fault.step == 8


@pytest.mark.parametrize("cut", [1, 2, 12])
def test_a_log_without_its_tail_is_found(cut: int) -> None:
    def shorten(lines: Lines) -> None:
        del lines[-1 - cut : -1]

    def shorten_and_count(lines: Lines) -> None:
        shorten(lines)
        lines[-1]["end"]["steps"] -= cut

    assert set(failing(tampered(shorten))) == {"steps", "end"}
    fault = failing(tampered(shorten_and_count))
    assert set(fault) == {"steps"}
    assert fault["steps"].text == f"There are {28 - cut} steps, but the document says 28."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"drawStatus": "completed"}, "the document says completed, but by its steps the draw is drawn"),
        ({"sealedAt": "2025-11-21T18:00:00.000000Z"}, "sealedat is"),
        ({"drawnAt": "2025-11-21T18:00:00.000000Z"}, "drawnat is"),
    ],
)
def test_another_status_than_that_of_the_steps_is_named(change: dict[str, Any], said: str) -> None:
    faults = failing(tampered(lambda lines: lines[0].update(change)))
    assert set(faults) == {"status"}
    assert said in faults["status"].text.lower()
