"""Who tries the draw: the same seed gives the same entrants, every way of entering occurs, and the draw has its times."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest

from cli.crowd.draw.terms import AnnouncedDraw, Schedule, draw_settings, entrants_of, open_seconds, places_for
from cli.crowd.draw.whims import second_thoughts, whims
from cli.crowd.plan import CrowdPlan
from domain.draw.config import NewDraw

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEQUENCE = "018f2d5e-0000-7000-8000-000000000000"


def test_a_seed_fixes_the_entrants() -> None:
    assert whims(50, 3.0, Random(3)) == whims(50, 3.0, Random(3))
    assert whims(50, 3.0, Random(3)) != whims(50, 3.0, Random(4))


@pytest.mark.parametrize("entrants", [2, 7, 300])
def test_every_way_of_entering_occurs(entrants: int) -> None:
    drawn = whims(entrants, 3.0, Random(1))
    assert {whim.tickets for whim in drawn} == {1, 2} or entrants == 2
    assert max(whim.people for whim in drawn) == 2
    assert max(whim.presses for whim in drawn) == 2
    assert any(whim.leaves for whim in drawn)
    assert sum(whim.household == "household 0" for whim in drawn) == 2
    assert max(whim.comes_after for whim in drawn) < 3.0


def test_nobody_enters_an_empty_draw_and_one_may_enter_alone() -> None:
    assert whims(0, 3.0, Random(1)) == []
    assert len(whims(1, 3.0, Random(1))) == 1


def test_the_first_winner_thinks_better_of_it_and_then_every_fifth() -> None:
    assert [number for number, declines in enumerate(islice(second_thoughts(), 12)) if declines] == [0, 5, 10]


@pytest.mark.parametrize("people", [1, 300, 1_000_000])
def test_the_settings_of_any_draw_are_taken_now_and_when_it_is_brought_forward(people: int) -> None:
    settings = draw_settings(CrowdPlan("u", "pk", "dr_sk_test_x", people), SEQUENCE, NOON)
    assert NewDraw.model_validate(settings).winner_count == places_for(people)
    schedule = Schedule(NOON, open_seconds(people))
    changed = NewDraw.model_validate(settings | schedule.changes())
    assert (changed.draw_at - NOON).total_seconds() == pytest.approx(schedule.drawn_after, abs=0.002)


@pytest.mark.parametrize("people", [300, 5000, 1_000_000])
def test_more_enter_than_can_win_and_never_so_many_that_all_wait_for_it(people: int) -> None:
    assert places_for(people) < entrants_of(people // 10) <= 300


def test_a_moment_of_the_stopwatch_is_one_of_the_server() -> None:
    assert AnnouncedDraw("d", NOON, 100.0).server_time(160.0) == NOON.replace(minute=1)
