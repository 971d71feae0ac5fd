"""Draws are brought the rounds that they wait for by whichever scheduler gets there first, from whichever relay speaks."""

import json
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from domain.draw import commands as c
from domain.draw.state import Draw
from domain.fairness.quicknet import CHAIN_HASH
from runtime import metrics
from runtime.clock import Clock
from runtime.relays import fetch
from tests.support.beaconed import ROUND, beaconed, due, freeze
from tests.support.database import PARTITIONS
from tests.support.factories import sent
from tests.support.processes import end, running_scheduler
from tests.support.relay import Relay, relaying, says
from tests.support.rounds import ROUNDS
from tests.support.servers import wait_until
from tests.support.works import Works
from workers.beacons import EVERY_SECONDS, FIRST_PAUSE, LONGEST_PAUSE, Beacons

PLACE = f"/{CHAIN_HASH}/public/{ROUND}"
TOLD = says(200, json.dumps({"round": ROUND, "signature": ROUNDS[ROUND]}).encode())


class Hand(Clock):
    """A clock that is turned by hand."""

    seconds = 0.0

    def monotonic(self) -> float:
        """Seconds that pass when they are told to."""
        return self.seconds


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay that knows no round yet."""
    with relaying() as made:
        yield made


def beacons(works: Works, relay: Relay, rung: list[Any] | None = None) -> Beacons:
    """The step of a scheduler, under its role."""
    ask = partial(fetch, urls=(relay.url,), seconds=5.0)
    return Beacons(works.scheduler, PARTITIONS, ask, [].extend if rung is None else rung.extend, Hand())


def status(works: Works, draw: Draw) -> Any:
    """How far a draw has come."""
    return works.rows("SELECT drawn_at IS NOT NULL AS drawn FROM draw WHERE id = %s", draw.id)[0].drawn


def counted(ended: str) -> float:
    """How often it ended so."""
    return metrics.beacons.labels(ended)._value.get()


def test_a_draw_that_waits_is_brought_its_round_and_drawn(works: Works, relay: Relay) -> None:
    draw, rung, before = beaconed(works), list[Any](), counted("given")
    due(works, draw, after=6)
    relay.answers[PLACE] = TOLD
    step = beacons(works, relay, rung)
    assert step() == 0.0
    assert [topic for topic, _ in rung] == ["draw"]
    works.settle()
    assert status(works, draw)
    assert (step(), relay.asked, counted("given") - before) == (EVERY_SECONDS, [PLACE], 1)


def test_nobody_is_asked_for_a_round_that_is_not_due(works: Works, relay: Relay) -> None:
    draw = beaconed(works)
    step = beacons(works, relay)
    assert step() == EVERY_SECONDS
    freeze(works, draw)
    assert step() == EVERY_SECONDS
    due(works, draw, after=4)
    assert (step(), relay.asked) == (EVERY_SECONDS, [])


@pytest.mark.parametrize("ending", [c.KillDraw, c.ArchiveDraw])
def test_nobody_is_asked_for_a_draw_that_wants_none(works: Works, relay: Relay, ending: Any) -> None:
    draw, other = beaconed(works), beaconed(works, randomness="commit_reveal")
    due(works, draw, other, after=6)
    reason = {"reason": "fire"} if "reason" in ending.model_fields else {}
    works.append([sent(draw, ending(draw_id=draw.id, **reason))])
    works.settle()
    assert (beacons(works, relay)(), relay.asked) == (EVERY_SECONDS, [])


def test_all_draws_of_a_round_have_it_from_one_question(works: Works, relay: Relay) -> None:
    draws = [beaconed(works) for _ in range(3)]
    due(works, *draws, after=6)
    relay.answers[PLACE] = TOLD
    beacons(works, relay)()
    works.settle()
    assert [status(works, draw) for draw in draws] == [True] * 3
    assert relay.asked == [PLACE]


def test_many_schedulers_do_no_harm(works: Works, relay: Relay) -> None:
    draw = beaconed(works)
    due(works, draw, after=6)
    relay.answers[PLACE] = TOLD
    for step in [beacons(works, relay) for _ in range(3)]:
        step()
    works.settle()
    types = [row[0]["type"] for row in works.rows("SELECT facts FROM draw_step WHERE draw_id = %s ORDER BY n", draw.id)]
    assert types.count("DRAWN") == 1
    given = "SELECT count(*) FROM journal WHERE aggregate_id = %s AND events::text LIKE '%%draw.beacon.given%%'"
    assert works.value(given, draw.id) == 1


def test_a_silent_relay_is_asked_again_less_and_less_soon(works: Works, relay: Relay) -> None:
    draw, before = beaconed(works), counted("silent")
    due(works, draw, after=6)
    step = beacons(works, relay)
    assert isinstance(step.clock, Hand)
    asked_at, until = list[float](), 200.0
    while step.clock.seconds < until:
        known = counted("silent")
        step()
        asked_at += [step.clock.seconds] * int(counted("silent") - known)
        step.clock.seconds += FIRST_PAUSE
    gaps = [later - earlier for earlier, later in pairwise(asked_at)]
    assert gaps == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_PAUSE, LONGEST_PAUSE]
    assert counted("silent") - before == len(asked_at)
    relay.answers[PLACE] = TOLD
    step.clock.seconds += LONGEST_PAUSE
    step()
    works.settle()
    assert status(works, draw)


def test_a_relay_that_lies_is_a_silent_one(works: Works, relay: Relay) -> None:
    draw = beaconed(works)
    due(works, draw, after=6)
    relay.answers[PLACE] = says(200, json.dumps({"round": ROUND, "signature": ROUNDS[42]}).encode())
    beacons(works, relay)()
    works.settle()
    assert works.value("SELECT count(*) FROM draw_step WHERE draw_id = %s", draw.id) == 2
    assert not status(works, draw)


def test_a_round_that_is_never_had_keeps_no_other_waiting(works: Works, relay: Relay) -> None:
    stuck, draw = beaconed(works), beaconed(works)
    due(works, stuck, draw, after=6)
    works.rows("UPDATE draw SET beacon_round = 41 WHERE id = %s", stuck.id)
    relay.answers[PLACE] = TOLD
    step = beacons(works, relay)
    assert [step(), step(), step()] == [0.0, 0.0, EVERY_SECONDS]
    works.settle()
    assert (status(works, stuck), status(works, draw)) == (False, True)


def test_a_scheduler_process_brings_rounds(works: Works, relay: Relay) -> None:
    draw = beaconed(works)
    due(works, draw, after=6)
    relay.answers[PLACE] = TOLD
    with running_scheduler(works.database, works.redis_url, BEACON_URLS=relay.url) as process:
        wait_until(lambda: works.waiting() or relay.asked)
        wait_until(lambda: works.settle() or status(works, draw))
        assert end(process) == 0
