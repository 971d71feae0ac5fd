"""A draw that mixes in a real round of drand's quicknet, through the worker and a real store."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.draw import commands as c
from domain.draw.state import Draw
from domain.fairness import Verdict
from domain.fairness.draws import check_draw
from domain.fairness.quicknet import CHAIN_HASH
from runtime.drand import verified
from tests.support.beaconed import DRAWN_AT, ROUND, beaconed, due, freeze, published, set_clock
from tests.support.factories import sent
from tests.support.rounds import ROUNDS
from tests.support.works import Works

SIGNATURE = ROUNDS[ROUND]
FORGED = ROUNDS[42]


def entered(works: Works, draw: Draw, count: int = 5) -> list[UUID]:
    """So many people in a draw; their consumer ids."""
    people = [uuid4() for _ in range(count)]
    works.append([sent(draw, c.EnterDraw(draw_id=draw.id, consumer_id=person)) for person in people])
    works.settle()
    return people


def give(works: Works, draw: Draw, signature: str = SIGNATURE, number: int = ROUND) -> Any:
    """Somebody brings a round; the outcome."""
    command = sent(draw, c.GiveBeacon(draw_id=draw.id, round=number, signature=signature))
    works.append([command])
    works.settle()
    return works.outcomes(draw, [command.id])[command.id]


def log(works: Works, draw: Draw) -> list[Any]:
    """The lines of the log."""
    return [row[0] for row in works.rows("SELECT facts FROM draw_step WHERE draw_id = %s ORDER BY n", draw.id)]


def types(works: Works, draw: Draw) -> list[str]:
    """The types of the lines of the log."""
    return [line["type"] for line in log(works, draw)]


def failing(lines: list[dict[str, Any]]) -> set[str]:
    """The checks that fail."""
    return {one.check for one in check_draw(lines, verified).findings if one.verdict is Verdict.FAILS}


def test_a_draw_waits_for_its_round_and_is_drawn_by_it(works: Works) -> None:
    draw = beaconed(works, winner_count=2)
    entered(works, draw)
    due(works, draw, after=1)
    sealed, waiting = log(works, draw)
    assert (sealed["type"], sealed["beaconRound"], waiting["type"]) == ("SEALED", ROUND, "WAITING")
    due(works, draw, after=3)
    assert types(works, draw) == ["SEALED", "WAITING"]
    set_clock(works, DRAWN_AT + timedelta(seconds=6))
    assert give(works, draw)["body"]["waitingFor"] is None
    assert types(works, draw) == ["SEALED", "WAITING", "DRAWN", "SELECTED"]
    assert works.value("SELECT count(*) FROM draw_entry WHERE status = 'WON'") == 2


def test_the_proof_holds_with_the_beacon_s_own_signature_and_no_other(works: Works) -> None:
    draw = beaconed(works)
    entered(works, draw)
    due(works, draw, after=6)
    assert published(works, draw)[0]["beacon"] is None
    give(works, draw)
    lines = published(works, draw)
    assert (lines[0]["assurance"], lines[0]["rules"]["beacon"]) == ("beacon", {"chainHash": CHAIN_HASH})
    assert (lines[0]["beacon"]["round"], lines[0]["beacon"]["signature"]) == (ROUND, SIGNATURE)
    assert check_draw(lines, verified).is_proved
    flipped = f"{int(SIGNATURE, 16) ^ 1:096x}"
    for member, value in (("signature", flipped), ("round", ROUND + 1), ("randomness", "00" * 32)):
        changed = [{**lines[0], "beacon": {**lines[0]["beacon"], member: value}}, *lines[1:]]
        assert "beacon" in failing(changed), member


def test_a_beacon_that_is_left_out_or_another_that_was_mixed_in_is_found(works: Works) -> None:
    draw = beaconed(works)
    entered(works, draw)
    due(works, draw, after=6)
    give(works, draw)
    lines = published(works, draw)
    assert {"beacon", "outcome"} <= failing([{**lines[0], "beacon": None}, *lines[1:]])
    assert "assurance" in failing([{**lines[0], "assurance": "commit_reveal"}, *lines[1:]])


def test_a_forged_signature_keeps_the_draw_waiting_and_everybody_may_know(works: Works) -> None:
    draw = beaconed(works)
    entered(works, draw)
    due(works, draw, after=6)
    refused = give(works, draw, FORGED)["refused"]
    assert (refused["code"], refused["field"]) == ("VALIDATION_ERROR", "/signature")
    give(works, draw, "00" * 48)
    assert types(works, draw) == ["SEALED", "WAITING", "WAITING"]
    assert "not signed by the beacon" in works.value("SELECT waiting_for FROM draw WHERE id = %s", draw.id)
    give(works, draw)
    assert types(works, draw) == ["SEALED", "WAITING", "WAITING", "DRAWN", "SELECTED"]
    assert check_draw(published(works, draw), verified).is_proved


@pytest.mark.parametrize(
    ("number", "signature"), [(42, ROUNDS[42]), (ROUND + 1, SIGNATURE), (32_281_667, ROUNDS[32_281_667])]
)
def test_a_real_signature_of_another_round_is_none(works: Works, number: int, signature: str) -> None:
    draw = beaconed(works)
    due(works, draw, after=6)
    assert give(works, draw, signature, number)["refused"]["field"] == "/round"
    assert types(works, draw) == ["SEALED", "WAITING"]


def test_a_round_that_comes_twice_is_mixed_in_once(works: Works) -> None:
    draw = beaconed(works)
    freeze(works, draw)
    assert give(works, draw)["body"]["drawStatus"] == "sealed"
    assert "refused" not in give(works, draw)
    due(works, draw)
    assert types(works, draw)[:2] == ["SEALED", "DRAWN"]
    assert give(works, draw)["refused"]["code"] == "INVALID_STATE"


def test_a_forged_step_does_not_hold(works: Works) -> None:
    draw = beaconed(works)
    entered(works, draw)
    due(works, draw, after=6)
    give(works, draw)
    lines = published(works, draw)
    first = next(at for at, line in enumerate(lines) if "step" in line)
    other = {"round": 42, "randomness": lines[0]["beacon"]["randomness"]}
    for at, said in enumerate(({"beaconRound": ROUND - 1}, {"reason": "rain"}, {"beacon": other}), start=first):
        changed = {"step": lines[at]["step"] | said}
        assert "steps" in failing([*lines[:at], changed, *lines[at + 1 :]])


def test_a_draw_without_a_beacon_takes_none(works: Works) -> None:
    draw = beaconed(works, randomness="commit_reveal")
    due(works, draw, after=6)
    assert give(works, draw)["refused"]["code"] == "INVALID_STATE"
    assert types(works, draw)[:2] == ["SEALED", "DRAWN"]
