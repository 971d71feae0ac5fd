"""Several prizes in a published draw: what each won follows from what was preferred, and every change is found."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from domain.fairness import Verdict, rules_hash
from domain.fairness.draws import UnreadableProofError, check_draw
from tests.support.draw_proofs import Lines, PlayedDraw, prized_draw
from tests.support.draw_tampering import PRIZED, failing, forged

HONEST = prized_draw()


def steps_of(lines: Lines, kind: str) -> list[dict[str, Any]]:
    """The steps of a type."""
    return [line["step"] for line in lines if line.get("step", {}).get("type") == kind]


def faults_of(tamper: Callable[[Lines], object]) -> dict[str, str]:
    """The checks that fail, with what they say, after somebody was at the file and mended the chain of its log."""
    return {check: finding.text for check, finding in failing(forged(tamper, PRIZED)).items()}


def test_a_draw_of_several_prizes_is_proved_and_says_who_won_what() -> None:
    lines = HONEST.lines()
    checked = check_draw(lines)
    assert checked.is_proved, [finding for finding in checked.findings if finding.verdict is Verdict.FAILS]
    assert checked.statement.by_prize is not None
    assert sum(checked.statement.by_prize.values()) == checked.statement.winners
    told = ", ".join(f"{won} won {prize}" for prize, won in checked.statement.by_prize.items())
    assert f"entries: {told}; " in checked.statement.sentences()[1]
    assert checked.statement.by_prize.keys() == {"stalls", "balcony", "box"}
    assert {step["prize"] for step in steps_of(lines, "PROMOTED")} >= {"stalls", "balcony"}
    assert {step["rank"] is None for step in steps_of(lines, "PROMOTED")} == {True, False}
    assert steps_of(lines, "PASSED")


def test_whoever_has_the_first_turn_for_a_prize_wins_it_and_nobody_wins_two() -> None:
    draw = PlayedDraw({"winnerCount": 2, "prizes": [{"name": "a", "places": 1}, {"name": "b", "places": 1}]})
    for _ in range(6):
        draw.enter(1, 1, None, "a", "b")
    draw.seal()
    draw.draw()
    assert check_draw(draw.lines()).is_proved
    assert [(draw.order.index(one), draw.prizes[one.participation_id]) for one in draw.winners] == [(0, "a"), (1, "b")]
    draw.decline(draw.winners[0].participation_id)
    assert steps_of(draw.lines(), "PROMOTED")[0] | {"rank": 2, "prize": "a"} == steps_of(draw.lines(), "PROMOTED")[0]
    assert check_draw(draw.lines()).is_proved


def name_another(lines: Lines) -> None:
    """Promote somebody to another prize."""
    step = steps_of(lines, "PROMOTED")[0]
    step["prize"] = "box" if step["prize"] != "box" else "stalls"


def name_none(lines: Lines) -> None:
    """Promote somebody without saying to what."""
    del steps_of(lines, "PROMOTED")[0]["prize"]


def pass_for_another(lines: Lines) -> None:
    """Pass a group over for another prize."""
    step = steps_of(lines, "PASSED")[0]
    step["prize"] = "box" if step["prize"] != "box" else "stalls"


def prefer_otherwise(lines: Lines) -> None:
    """Turn preferences round."""
    next(line for line in lines if len(line.get("preferences") or ()) > 1)["preferences"].reverse()


def prefer_nothing(lines: Lines) -> None:
    """Let an entry prefer nothing."""
    lines[1]["preferences"] = None


def prefer_what_is_none(lines: Lines) -> None:
    """Let an entry prefer what is no prize."""
    lines[1]["preferences"] = ["garden"]


def prefer_twice(lines: Lines) -> None:
    """Let an entry prefer one prize twice."""
    lines[1]["preferences"] = ["stalls", "stalls"]


def more_places(lines: Lines) -> None:
    """Give one prize the places of another, and mend the hash of the rules."""
    first, second, _ = lines[0]["rules"]["prizes"]
    first["places"], second["places"] = first["places"] + 1, second["places"] - 1
    lines[0]["rulesHash"] = rules_hash(lines[0]["rules"]).hex()


@pytest.mark.parametrize(
    ("tamper", "check", "said"),
    [
        (name_another, "outcome", "names the prize"),
        (name_none, "outcome", "names the prize None"),
        (pass_for_another, "outcome", "names the prize"),
        (prefer_otherwise, "treeHead", ""),
        (prefer_nothing, "leaves", "entry 0 prefers []: This draw has prizes"),
        (prefer_what_is_none, "leaves", "no prize 'garden'"),
        (prefer_twice, "leaves", "preferred once"),
        (more_places, "seed", ""),
    ],
)
def test_a_change_of_what_was_preferred_or_won_is_found(
    tamper: Callable[[Lines], object], check: str, said: str
) -> None:
    assert said in faults_of(tamper)[check]


def test_who_prefers_prizes_of_a_draw_that_has_none_is_found() -> None:
    draw = PlayedDraw()
    draw.enter(1, 1, None, "stalls")
    draw.seal()
    draw.draw()
    faults = {one.check: one.text for one in check_draw(draw.lines()).findings if one.verdict is Verdict.FAILS}
    assert "has no prizes" in faults["leaves"]


@pytest.mark.parametrize(
    "prizes",
    [
        [],
        [{"name": "a", "places": 7}],
        [{"name": "a", "places": 4}, {"name": "a", "places": 4}],
        [{"name": "a", "places": 8}, {"name": "b", "places": 0}],
        [{"name": "front row", "places": 8}],
        [{"name": "a" * 65, "places": 8}],
        [{"name": f"prize-{n}", "places": 1} for n in range(17)],
    ],
)
def test_rules_whose_prizes_are_none_cannot_be_read(prizes: list[dict[str, Any]]) -> None:
    lines = deepcopy(HONEST.lines())
    lines[0]["rules"]["prizes"] = prizes
    lines[0]["rules"]["winnerCount"] = max(8, len(prizes))
    with pytest.raises(UnreadableProofError, match="rules"):
        check_draw(lines)


def test_with_prizes_everybody_can_be_promoted() -> None:
    lines = deepcopy(HONEST.lines())
    lines[0]["rules"]["alternateCount"] = 3
    with pytest.raises(UnreadableProofError, match="alternateCount"):
        check_draw(lines)
