"""A storm over processes that lack a guard finds what follows: else its facts would be worth nothing."""

import asyncio

import pytest

from tests.chaos.storm.ground import stormy_ground
from tests.chaos.storm.report import reported
from tests.chaos.storm.run import storm

SEED, SECONDS = 5, 6.0
SABOTAGE = ("forget_outcomes", "overfill", "overfill_draws", "misplace_receipts", "mislead")
FOUND = {
    "every acknowledged command has exactly one outcome": ("outcomes",),
    "another body under a used key is refused": ("with another body",),
    "waiting, inside, admitted and places won are within their limits at every point": (
        "maxActiveGrants",
        "winnerCount",
    ),
    "every order that was drawn is the one that was committed to, and bears out every receipt": (
        "raffle",
        "receipt of",
    ),
    "the same commands, decided once more, give the same winners": ("another step_head",),
    "whoever looked was told what the journal tells": ("was told",),
}
"""The facts that must fail, and what is found against each."""


@pytest.mark.timeout(200)
def test_a_storm_finds_what_follows_where_guards_are_missing() -> None:
    with stormy_ground(SEED, *(f"tests.chaos.sabotage:{one}" for one in SABOTAGE)) as ground:
        report = reported(asyncio.run(storm(ground, SEED, SECONDS)))
    found = {sentence: "\n".join(report.against[sentence]) for sentence in FOUND}
    assert {
        sentence for sentence, words in FOUND.items() if not all(word in found[sentence] for word in words)
    } == set()
