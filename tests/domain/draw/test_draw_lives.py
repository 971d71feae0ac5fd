"""Whole lives of draws, by their rules alone: after every step the winners are those of an independent reading of the rules."""

from collections import Counter
from random import Random

import pytest

from domain.distribution.state import Scope
from domain.draw.state import DrawStatus
from tests.domain.draw.invariants import check, check_between, check_rest
from tests.domain.draw.lives import life, settings_of
from tests.domain.draw.simulation import Simulation, simulated
from tests.domain.draw.test_draw_machine import InMemory

SEEDS = 60


def lived(seed: int, people: int) -> Simulation:
    """A life, looked at after every step and between the slices of what a step makes due."""
    chance = Random(seed)
    settings = settings_of(chance, people)
    room = InMemory(simulated(**settings))
    last = room.seen()
    for step in life(room.draw_id, settings, chance, people):
        room.send_together(step.commands)
        room.advance(step.seconds)
        now = room.seen()
        check_between(last, now)
        check_rest(now, held=now.draw.paused(Scope.SERVICE), over=room.over())
        last = now
    room.advance(40 * 86_400)
    check(room.seen())
    return room.simulation


@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_every_step_the_winners_are_those_of_the_rules(seed: int) -> None:
    room = lived(seed, people=3 + seed % 22)
    assert room.draw.status is DrawStatus.COMPLETED
    assert room.draw.pool.inside == 0


def test_in_these_lives_everything_happens() -> None:
    told = Counter(line for seed in range(0, SEEDS, 3) for line in lived(seed, people=3 + seed % 22).log())
    rare = {"CLAIM_CLOSED", "VOID", "WAITING", "RESCHEDULED"}
    most = {"SEALED", "DRAWN", "SELECTED", "LEFT", "DENIED", "PASSED", "DECLINED", "EXPIRED", "REQUEUED", "PROMOTED"}
    assert all(told[kind] >= 5 for kind in most), told
    assert set(told) - most - rare == {"COMPLETED_ALL"}
