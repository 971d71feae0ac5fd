"""Three storms: whatever breaks under a mixed load, what was acknowledged has happened, once, and nothing else has."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.chaos.storm.faults import SORTS
from tests.chaos.storm.ground import Ground, stormy_ground
from tests.chaos.storm.needed import GUARDS
from tests.chaos.storm.plan import among
from tests.chaos.storm.raffles import CLOSINGS
from tests.chaos.storm.report import DRAWN, OTHER_BODIES, PROMOTED, RECEIPTS, WITHOUT_KEY, Report, reported
from tests.chaos.storm.run import storm

SEEDS = (11, 12, 13)
SECONDS = 30.0
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """One installation for all, because what a storm leaves behind may be what breaks in the next."""
    with stormy_ground(SEEDS[0]) as ground:
        yield ground


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """What the storms have reported so far."""
    return []


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_breaks_nothing_is_lost_and_nothing_doubled(ground: Ground, reports: list[Report], seed: int) -> None:
    report = reported(asyncio.run(storm(ground, seed, SECONDS)))
    reports.append(report)
    assert {sentence: against for sentence, against in report.against.items() if against} == {}, report.again
    assert report.commands.total() > 300
    assert report.figures["events"] > 300
    assert report.figures[WITHOUT_KEY] > 10
    assert report.figures[OTHER_BODIES] > 10
    assert report.figures[DRAWN] == len(CLOSINGS)
    assert report.figures[RECEIPTS] > 20


def test_every_sort_of_fault_was_among_them_and_every_guard_was_needed(reports: list[Report]) -> None:
    happened = {name for report in reports for name in report.faults}
    assert happened >= {sort.name for sort in among(SORTS, SECONDS)}
    assert sum(report.figures["connections cut, to the mail server"] for report in reports) > 0
    assert all(sum(report.figures[guard] for report in reports) > 0 for guard in GUARDS.values())
    assert sum(report.figures[PROMOTED] for report in reports) > 0
    assert all(report.faults["clocks wrong"] > 0 and report.figures["connections cut"] > 0 for report in reports)
