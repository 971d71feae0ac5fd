"""A draw that mixes in a round of the public beacon: fixed at the freeze, waited for, verified, and never replaced once known."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from domain.decision import Decision
from domain.distribution.state import Ended, Pause, Scope
from domain.draw import events, rules
from domain.draw.commands import GiveBeacon, ResumeDraw, UpdateDraw
from domain.draw.rules.awaiting import round_for
from domain.draw.state import Draw, DrawStatus
from domain.draw.view import draw_facts, published_rules
from domain.fairness.quicknet import CHAIN_HASH, PERIOD, round_at, time_of
from domain.ids import unix_us
from tests.domain.draw.draws import (
    DRAW,
    DRAWN_AT,
    NOON,
    at,
    logged,
    make_config,
    make_draw,
    make_sequence_of_draw,
    moment,
    refusal_of,
    reply_of,
    sealed,
    the_draw,
)
from tests.domain.draw.naive import seed_of

SIGNATURE = "ab" * 48
RANDOMNESS = sha256(bytes.fromhex(SIGNATURE)).digest()
ROUND = round_at(moment(DRAWN_AT + 5))
HELD = Pause(Scope.ALL, moment(100))


def fixed(**changes: Any) -> Draw:
    """A draw right after its freeze, at 50 s unless told otherwise."""
    return sealed(make_draw(**{"close_at": 50, "randomness": "beacon"} | changes))


def waiting(**changes: Any) -> Draw:
    """A draw that is due, and said what it waits for."""
    return the_draw(rules.reveal_if_due(fixed(**changes), at(DRAWN_AT)))


def give(draw: Draw, randomness: bytes | None = RANDOMNESS, seconds: float = DRAWN_AT + 9, **said: Any) -> Decision:
    """Somebody brings the round."""
    command = GiveBeacon(draw_id=DRAW, **{"round": ROUND, "signature": SIGNATURE} | said)
    return rules.give_beacon(draw, command, randomness, at(seconds))


def tell(
    draw: Draw, randomness: bytes | None = None, *, number: int = ROUND, seconds: float = DRAWN_AT + 9
) -> Decision:
    """What is said of a round that was brought."""
    command = GiveBeacon(draw_id=DRAW, round=number, signature=SIGNATURE)
    return rules.tell_forgery(draw, command, randomness, at(seconds))


def resume(draw: Draw, seconds: float) -> Decision:
    """Somebody has the draw go on, everything put off."""
    return rules.resume(draw, ResumeDraw(draw_id=DRAW, shift_schedule=True), at(seconds))


def test_the_beacon_is_committed_to_in_the_rules() -> None:
    chain = published_rules(make_draw(randomness="beacon")).beacon
    assert chain is not None
    assert chain.chain_hash == CHAIN_HASH
    assert published_rules(make_draw()).beacon is None
    with pytest.raises(ValueError, match="commit_reveal"):
        make_config(randomness="dice")


def test_the_freeze_fixes_the_first_round_due_five_seconds_after_the_draw() -> None:
    decision = rules.seal_if_due(make_draw(close_at=50, randomness="beacon"), at(50))
    assert the_draw(decision).pool.beacon_round == logged(decision)[0]["beaconRound"] == ROUND
    assert time_of(ROUND) - PERIOD < moment(DRAWN_AT + 5) <= time_of(ROUND)
    (event,) = decision.events
    assert event.facts()["beaconRound"] == ROUND
    assert logged(rules.seal_if_due(make_draw(close_at=50), at(50)))[0].get("beaconRound") is None


def test_a_freeze_that_comes_late_fixes_no_round_that_anybody_knows() -> None:
    late = the_draw(rules.seal_if_due(make_draw(randomness="beacon"), at(DRAWN_AT, decided=DRAWN_AT + 3600)))
    assert late.pool.beacon_round == round_at(moment(DRAWN_AT + 3605))


def test_there_is_a_round_for_every_date() -> None:
    for far in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        number = round_for(make_draw(randomness="beacon", draw_at=far), NOON)
        assert number is not None
        assert time_of(number) > NOON


def test_a_draw_that_is_due_says_once_what_it_waits_for() -> None:
    draw = fixed()
    assert rules.reveal_if_due(draw, at(DRAWN_AT - 0.001)).saves == ()
    decision = rules.reveal_if_due(draw, at(DRAWN_AT))
    (line,) = logged(decision)
    assert line["type"] == "WAITING"
    assert str(ROUND) in line["reason"]
    after = the_draw(decision)
    facts = draw_facts(after, at(DRAWN_AT + 1))
    assert (facts["drawStatus"], facts["waitingFor"], facts["beaconRound"]) == ("sealed", line["reason"], ROUND)
    assert decision.events == (events.Waiting(moment(DRAWN_AT), line["reason"]),)
    assert rules.reveal_if_due(after, at(DRAWN_AT + 1)).saves == ()
    assert rules.due_by_now(after, moment(DRAWN_AT + 1)) is None


def test_a_draw_is_drawn_once_its_round_is_there() -> None:
    given = give(waiting())
    draw = the_draw(given)
    assert (draw.pool.beacon_randomness, draw.pool.beacon_signature) == (RANDOMNESS, bytes.fromhex(SIGNATURE))
    assert (reply_of(given).body["waitingFor"], logged(given)) == (None, [])
    assert rules.due_by_now(draw, moment(DRAWN_AT + 9)) == moment(DRAWN_AT)
    decision = rules.reveal_if_due(draw, at(DRAWN_AT + 9))
    drawn = the_draw(decision)
    assert logged(decision) == [
        {
            "type": "DRAWN",
            "seed": drawn.pool.seed.hex(),
            "beacon": {"round": ROUND, "randomness": RANDOMNESS.hex()},
        }
    ]
    assert drawn.pool.seed == seed_of(drawn, drawn.pool.tree_head, drawn.pool.log_size)
    assert drawn.status is DrawStatus.DRAWN


def test_a_round_that_is_there_early_is_kept_until_the_draw_is_due() -> None:
    draw = the_draw(give(fixed(), seconds=60))
    assert rules.reveal_if_due(draw, at(DRAWN_AT - 1)).saves == ()
    assert [line["type"] for line in logged(rules.reveal_if_due(draw, at(DRAWN_AT)))] == ["DRAWN"]


def test_the_same_round_once_more_changes_nothing() -> None:
    draw = the_draw(give(waiting()))
    again = give(draw)
    assert (again.saves, reply_of(again).body["id"]) == ((), DRAW)
    assert refusal_of(give(draw, None)).field == "/signature"


def test_a_forged_signature_is_refused_and_the_log_says_so_once() -> None:
    refused = refusal_of(give(waiting(), None))
    assert (refused.code, refused.field) == ("VALIDATION_ERROR", "/signature")
    decision = tell(waiting())
    (line,) = logged(decision)
    assert (line["type"], "not signed" in line["reason"]) == ("WAITING", True)
    draw = the_draw(decision)
    assert draw_facts(draw, at(DRAWN_AT + 9))["waitingFor"] == line["reason"]
    assert tell(draw).saves == ()
    assert rules.reveal_if_due(draw, at(DRAWN_AT + 10)).saves == ()
    assert the_draw(give(draw)).pool.beacon_randomness == RANDOMNESS


def test_a_forged_signature_is_told_of_where_it_keeps_a_draw_waiting_and_nowhere_else() -> None:
    assert refusal_of(give(fixed(), None, seconds=60)).field == "/signature"
    assert tell(fixed(), seconds=60).saves == ()
    assert tell(waiting(), RANDOMNESS).saves == ()
    assert tell(waiting(), number=ROUND + 1).saves == ()
    for settled in (make_draw(), the_draw(give(waiting())), replace(waiting(), ended=Ended(NOON, "fire"))):
        assert tell(settled).saves == ()


@pytest.mark.parametrize(
    ("draw", "said", "code", "field"),
    [
        pytest.param(make_draw(), {}, "INVALID_STATE", None, id="no beacon"),
        pytest.param(make_draw(randomness="beacon"), {}, "INVALID_STATE", None, id="not frozen"),
        pytest.param(waiting(), {"round": ROUND + 1}, "VALIDATION_ERROR", "/round", id="another round"),
        pytest.param(replace(waiting(), ended=Ended(NOON, "fire")), {}, "DISTRIBUTION_CLOSED", None, id="ended"),
        pytest.param(
            the_draw(rules.reveal_if_due(the_draw(give(waiting())), at(DRAWN_AT + 9))), {}, "INVALID_STATE", None, id="drawn"
        ),
    ],
)  # fmt: skip
def test_a_round_that_nobody_wants_is_refused(draw: Draw, said: dict[str, Any], code: str, field: str | None) -> None:
    for randomness in (RANDOMNESS, None):
        decision = give(draw, randomness, **said)
        assert (refusal_of(decision).code, refusal_of(decision).field, decision.saves) == (code, field, ())


@pytest.mark.parametrize("said", [{"round": 0}, {"round": 2**53}, {"signature": "ab" * 47}, {"signature": "xy" * 48}])
def test_what_cannot_be_a_round_is_no_command(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        give(waiting(), **said)


def test_large_hex_digits_are_hex_digits() -> None:
    assert the_draw(give(waiting(), signature=SIGNATURE.upper())).pool.beacon_signature == bytes.fromhex(SIGNATURE)


def test_a_draw_that_is_put_off_fixes_another_round() -> None:
    decision = resume(replace(fixed(), pause=HELD), 130)
    assert logged(decision) == [
        {
            "type": "RESCHEDULED",
            "drawAt": "2026-11-21T12:17:10.250000Z",
            "claimCloseAt": "2026-12-21T12:17:10.250000Z",
            "beaconRound": ROUND + 10,
        }
    ]
    assert the_draw(decision).pool.beacon_round == ROUND + 10


def test_a_round_that_anybody_may_know_is_never_replaced() -> None:
    held = replace(fixed(), pause=HELD)
    due = (time_of(ROUND) - NOON).total_seconds()
    assert unix_us(time_of(ROUND)) == unix_us(moment(due))
    for draw, seconds in ((held, due), (held, due + 900), (the_draw(give(held, seconds=110)), 130)):
        decision = resume(draw, seconds)
        assert the_draw(decision).config.draw_at > draw.config.draw_at
        assert (logged(decision)[0].get("beaconRound"), the_draw(decision).pool.beacon_round) == (None, ROUND)
    assert logged(resume(held, due - 0.001))[0]["beaconRound"] > ROUND


def test_what_was_waited_for_is_waited_for_again_at_the_new_time() -> None:
    held = replace(waiting(), pause=Pause(Scope.ALL, moment(DRAWN_AT - 1)))
    for seconds, another in ((DRAWN_AT, False), (DRAWN_AT + 4, True), (DRAWN_AT + 60, False)):
        after = the_draw(resume(held, seconds))
        assert (after.pool.waiting_for, after.pool.beacon_round != ROUND) == (None, another)
        due = (after.config.draw_at - NOON).total_seconds()
        assert [line["type"] for line in logged(rules.reveal_if_due(after, at(due)))] == ["WAITING"]


def test_a_paused_draw_takes_its_round_and_is_drawn_later() -> None:
    draw = the_draw(give(replace(waiting(), pause=HELD)))
    assert rules.reveal_if_due(draw, at(DRAWN_AT + 100)).saves == ()
    assert the_draw(rules.reveal_if_due(replace(draw, pause=None), at(DRAWN_AT + 101))).status is DrawStatus.DRAWN


def test_where_the_chance_comes_from_is_fixed_by_the_first_entry() -> None:
    command = UpdateDraw(draw_id=DRAW, changes={"randomness": "beacon"})
    assert the_draw(rules.update(make_draw(), make_sequence_of_draw(), command, at(1))).config.mixes_in_beacon
    refused = refusal_of(rules.update(make_draw(entries=1), make_sequence_of_draw(), command, at(1)))
    assert (refused.code, refused.field) == ("FIELD_FROZEN", "/randomness")


def test_a_void_draw_waits_for_nothing() -> None:
    facts = draw_facts(replace(waiting(), ended=Ended(NOON, "fire")), at(DRAWN_AT + 9))
    assert (facts["drawStatus"], facts["waitingFor"]) == ("void", None)
