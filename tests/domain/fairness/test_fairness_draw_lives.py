"""Whatever happens to a draw, its proof holds, and the check agrees with a second opinion about who wins."""

import random
from typing import Any

import pytest

from domain.fairness import Verdict
from domain.fairness.draws import check_draw
from domain.fairness.draws.steps import ClaimClosed, CompletedAll
from tests.support.draw_proofs import PlayedDraw, played_draw
from tests.support.mischief_table import voided_before_the_draw


def some_rules(dice: random.Random) -> dict[str, Any]:
    """Rules of every sort."""
    prizes = some_prizes(dice) if dice.random() < 0.5 else None
    return {
        "winnerCount": sum(prize["places"] for prize in prizes) if prizes else dice.choice([0, 1, 3, 8, 50]),
        "prizes": prizes,
        "alternateCount": None if prizes else dice.choice([None, 0, 2, 10]),
        "backfill": dice.random() < 0.85,
        "onExpiry": dice.choice(["deny", "requeue"]),
        "requeueLimit": dice.choice([0, 1, 2]),
    }


def some_prizes(dice: random.Random) -> list[dict[str, Any]]:
    """Up to four prizes of a few places each."""
    return [{"name": name, "places": dice.choice([1, 2, 3, 7])} for name in "abcd"[: dice.randint(1, 4)]]


def some_entries(draw: PlayedDraw, dice: random.Random) -> None:
    """Entries with weights, groups and duplicates, some of whom are out before the freeze."""
    for _ in range(dice.choice([0, 1, 5, 25])):
        card = f"card {dice.randrange(8)}" if dice.random() < 0.4 else None
        names = [prize["name"] for prize in draw.rules["prizes"] or ()]
        wishes = dice.sample(names, k=dice.randint(1, len(names))) if names else []
        entered = draw.enter(dice.randint(1, 5), dice.choice([1, 1, 1, 2, 3, 4]), card, *wishes)
        if dice.random() < 0.1:
            draw.out_before(entered, dice.choice(["leave", "deny"]))


def still_in(draw: PlayedDraw) -> list[Any]:
    """Participations that nobody took out."""
    return [entry.participation_id for entry in draw.entries if entry.participation_id not in draw.out]


def something_happens(draw: PlayedDraw, dice: random.Random) -> None:
    """One thing that may happen after the draw."""
    what = dice.choice(["decline", "lapse", "lapse", "deny"])
    if what == "deny" and still_in(draw):
        draw.deny(dice.choice(still_in(draw)))
    elif draw.winners:
        winner = dice.choice(draw.winners).participation_id
        (draw.decline if what == "decline" else draw.lapse)(winner)


def life(seed: int) -> PlayedDraw:
    """A whole life by chance."""
    dice = random.Random(seed)
    draw = PlayedDraw(some_rules(dice))
    some_entries(draw, dice)
    draw.seal()
    for _ in range(dice.randrange(3)):
        if still_in(draw):
            dice.choice([draw.leave, draw.deny])(dice.choice(still_in(draw)))
    draw.draw()
    for _ in range(dice.randrange(25)):
        something_happens(draw, dice)
    if dice.random() < 0.3:
        draw.close()
        for _ in range(3):
            something_happens(draw, dice)
    return draw


@pytest.mark.parametrize("block", range(10))
def test_every_life_that_follows_the_rules_is_proved(block: int) -> None:
    for seed in range(block * 40, block * 40 + 40):
        draw = life(seed)
        checked = check_draw(draw.lines())
        assert checked.is_proved, (seed, [finding for finding in checked.findings if finding.verdict is Verdict.FAILS])
        assert checked.statement.holding == len(draw.winners)
        assert checked.statement.free == draw.free
        assert checked.statement.due is None


def test_the_statement_tells_what_happened() -> None:
    draw = played_draw()
    statement = check_draw(draw.lines()).statement
    kinds = [step["type"] for step in draw.steps]
    assert (statement.entries, statement.tickets) == (32, 67)
    assert (statement.left, statement.denied, statement.denied_winners) == (2, 2, 1)
    assert statement.promoted == kinds.count("PROMOTED") > 5
    assert statement.passed == kinds.count("PASSED") > 0
    assert (statement.declined, statement.expired, statement.requeued) == (3, 0, 3)
    told = " ".join(statement.sentences())
    assert "32 entries with 67 tickets entered for 6 places; before the draw 2 left and 2 were denied." in told
    assert "3 declined, 0 lapsed, 3 went to the end, 1 winner was denied" in told
    assert set(statement.as_json()) >= {"winners", "promoted", "free", "due"}


def test_a_place_that_is_free_while_somebody_could_have_it_is_told() -> None:
    draw = played_draw(winnerCount=3)
    draw._promote = lambda: None  # type: ignore[method-assign] # because the file may be written before the promotion
    draw.decline(draw.winners[0].participation_id)
    checked = check_draw(draw.lines())
    assert checked.is_proved
    assert checked.statement.free > 0
    assert f"the turn of entry {checked.statement.due}" in checked.statement.sentences()[-1]


def test_a_void_draw_is_proved_and_says_that_nobody_wins() -> None:
    draw = played_draw()
    draw.void()
    checked = check_draw(draw.lines())
    assert checked.is_proved
    assert checked.statement.sentences()[-1] == "The draw is void: nobody wins."


def test_promotions_end_when_every_place_is_completed() -> None:
    draw = played_draw(winnerCount=2)
    draw.close(CompletedAll())
    draw.tell(ClaimClosed())
    assert check_draw(draw.lines()).is_proved


def open_checks(draw: PlayedDraw) -> set[str]:
    """What cannot be decided yet; nothing fails."""
    findings = check_draw(draw.lines()).findings
    assert not [finding for finding in findings if finding.verdict is Verdict.FAILS]
    return {finding.check for finding in findings if finding.verdict is Verdict.OPEN}


def test_before_the_freeze_there_is_a_commitment_and_nothing_to_prove() -> None:
    draw = PlayedDraw()
    draw.enter()
    assert open_checks(draw) == {
        *("commitment", "seed", "leaves", "count", "tickets", "logSize", "treeHead", "steps", "outcome", "assurance")
    }


def test_frozen_entries_can_be_checked_before_the_draw() -> None:
    draw = PlayedDraw()
    draw.enter()
    draw.enter()
    draw.seal()
    assert open_checks(draw) == {"commitment", "seed", "outcome", "assurance"}


def test_a_draw_whose_selection_is_not_done_is_not_proved_yet() -> None:
    draw = played_draw()
    at = next(n for n, step in enumerate(draw.steps) if step["type"] == "SELECTED")
    draw.steps = draw.steps[:at]
    assert open_checks(draw) == {"outcome", "assurance"}


def test_a_draw_that_is_void_before_anybody_won_has_an_outcome() -> None:
    checked = check_draw(voided_before_the_draw())
    verdicts = {finding.check: finding.verdict for finding in checked.findings}
    assert verdicts["outcome"] is Verdict.HOLDS
    assert {check for check, verdict in verdicts.items() if verdict is Verdict.OPEN} == {
        "commitment",
        "seed",
        "assurance",
    }
    assert checked.statement.is_void
