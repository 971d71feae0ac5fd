"""Several prizes: who wins which, one at most."""

from domain.draw.rules import Ahead, Turn, fill
from domain.draw.state import Entry, Passed, Status
from tests.domain.draw.draws import DRAWN_AT, drawn, make_draw, make_entry, moment, with_people

PRIZES = [{"name": "a", "places": 2}, {"name": "b", "places": 2}]
GROUP = make_entry(people=2, preferences=("a", "b"))
DRAW = drawn(with_people(make_draw(winner_count=4, prizes=PRIZES, max_people_per_entry=2), [GROUP])).with_pool(last=2)


def test_a_group_that_was_passed_over_for_two_prizes_wins_the_first_turn_and_nothing_else() -> None:
    passed = [Passed(DRAW.tenant_id, DRAW.id, 0, GROUP.id, 2, prize=prize, round=nth) for nth, prize in enumerate("ab")]
    decision = fill(DRAW, Ahead(passed=passed, groups={GROUP.id: GROUP}), moment(DRAWN_AT))
    won = [state for state in decision.saves if isinstance(state, Entry)]
    assert [(entry.status, entry.prize) for entry in won] == [(Status.WON, "a")]
    assert [state.open for state in decision.saves if isinstance(state, Passed)] == [False, False]


def test_a_group_that_wins_what_it_was_passed_over_for_has_no_turn_any_more_for_another_prize() -> None:
    passed = [Passed(DRAW.tenant_id, DRAW.id, 0, GROUP.id, 2, prize="a")]
    ahead = Ahead(passed=passed, groups={GROUP.id: GROUP}, turns=[Turn(1, GROUP)], end=2)
    decision = fill(DRAW, ahead, moment(DRAWN_AT))
    won = [state for state in decision.saves if isinstance(state, Entry)]
    assert [entry.prize for entry in won] == ["a"]
