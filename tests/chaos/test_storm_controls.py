"""A storm over processes that lack a guard finds what follows: else its facts would be worth nothing."""

import asyncio

import pytest

from tests.chaos.storm.ground import stormy_ground
from tests.chaos.storm.report import reported
from tests.chaos.storm.run import storm

SEED, SECONDS = 5, 6.0
FORGETFUL, OVERFULL = "tests.chaos.sabotage:forget_outcomes", "tests.chaos.sabotage:overfill"


@pytest.mark.timeout(200)
def test_a_storm_finds_workers_that_forget_outcomes_and_queues_that_let_in_one_too_many() -> None:
    with stormy_ground(SEED, FORGETFUL, OVERFULL) as ground:
        report = reported(asyncio.run(storm(ground, SEED, SECONDS)))
    assert {
        "every acknowledged command has exactly one outcome",
        "another body under a used key is refused",
        "waiting, inside and admitted are within their limits at every point",
    } <= set(report.failed)
