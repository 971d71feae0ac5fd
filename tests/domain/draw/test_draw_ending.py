"""What a draw does by itself once the winners are named: let lapse, end, take back, and when somebody has to knock."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.distribution.state import Ended, Lifecycle, Pause, Scope
from domain.draw import rules
from domain.draw.commands import CompleteWin, KillDraw, LeaveDraw
from domain.draw.events import DrawCompleted, Requeued
from domain.draw.state import Draw, DrawStatus, Status
from tests.domain.draw.draws import (
    BEN,
    DRAW,
    DRAWN_AT,
    NOON,
    at,
    drawn,
    logged,
    make_draw,
    make_entry,
    moment,
    sealed,
    selected,
    the_draw,
    the_entry,
)
from tests.domain.draw.simulation import Simulation, simulated, strangers

WON, LOST = make_entry(status=Status.WON), make_entry(BEN, 1)
MONTH = 30 * 86_400
LATER = DRAWN_AT + 400


def drawn_for(people: int, **settings: object) -> Simulation:
    """A draw that was drawn for so many people."""
    room = simulated(**settings)
    room.enter(*strangers(people))
    room.advance(DRAWN_AT)
    return room


def test_a_win_that_nobody_used_in_time_is_over() -> None:
    decision = rules.lapse(selected([WON, LOST]), [WON], None, at(LATER))
    gone, after = the_entry(decision), the_draw(decision)
    assert (gone.status, gone.reason, gone.denied_at) == (Status.DENIED, "ADMISSION_EXPIRED", moment(LATER))
    assert (after.free, after.pool.inside, after.pool.lapse_at) == (1, 0, None)
    assert logged(decision) == [{"type": "EXPIRED", "participationId": str(WON.id)}]


def test_a_lapsed_win_goes_on_waiting_where_that_is_set() -> None:
    draw = selected([WON, LOST], on_expiry="requeue")
    decision = rules.lapse(draw, [WON], None, at(LATER))
    back = the_entry(decision)
    assert (back.status, back.requeues, back.behind, back.grant_id, back.expires_at) == (
        Status.ENTERED,
        1,
        0,
        None,
        None,
    )
    assert the_draw(decision).pool.entered == 2
    assert logged(decision) == [{"type": "REQUEUED", "participationId": str(WON.id)}]
    assert [type(event) for event in decision.events] == [Requeued]


@pytest.mark.parametrize(
    ("draw", "requeues"),
    [
        pytest.param(selected([WON], on_expiry="requeue"), 1, id="often enough"),
        pytest.param(
            selected([WON], on_expiry="requeue", continue_selecting_until_completed=False), 0, id="no backfill"
        ),
        pytest.param(selected([WON], on_expiry="requeue").with_pool(completed_at=NOON), 0, id="over"),
        pytest.param(replace(selected([WON], on_expiry="requeue"), ended=Ended(NOON, "fire")), 0, id="void"),
    ],
)
def test_nobody_goes_on_waiting_for_what_cannot_come(draw: Draw, requeues: int) -> None:
    decision = rules.lapse(draw, [replace(WON, requeues=requeues)], None, at(LATER))
    assert the_entry(decision).status is Status.DENIED


def test_those_who_lapse_together_wait_in_the_order_in_which_their_time_ended() -> None:
    other = make_entry(BEN, 1, Status.WON)
    decision = rules.lapse(selected([WON, other], on_expiry="requeue", winner_count=2), [other, WON], None, at(LATER))
    assert [line["participationId"] for line in logged(decision)] == [str(other.id), str(WON.id)]
    assert the_draw(decision).pool.behind == 2


def test_a_void_draw_writes_no_lines_any_more() -> None:
    void = replace(selected([WON]), ended=Ended(NOON, "fire"))
    assert logged(rules.lapse(void, [WON], None, at(LATER))) == []
    assert logged(rules.take_back(void, [WON], at(LATER))) == []


def test_grants_of_a_void_draw_are_taken_back_where_that_was_asked_for() -> None:
    for revoke, status in ((True, Status.DENIED), (False, Status.WON)):
        room = drawn_for(9, winner_count=5)
        room.send(KillDraw(draw_id=DRAW, reason="fire", revoke_grants=revoke))
        assert len(room.with_status(status)) == 5
        assert {entry.reason for entry in room.with_status(status)} == {"DRAW_CLOSED" if revoke else None}
        assert room.log()[-1] == "VOID"


def test_a_win_that_was_not_taken_back_can_still_be_used() -> None:
    room = drawn_for(1)
    room.send(KillDraw(draw_id=DRAW, reason="fire"))
    room.send(CompleteWin(draw_id=DRAW, consumer_id=strangers(1)[0], order_id="1"))
    assert room.with_status(Status.COMPLETED)


def test_the_draw_is_over_when_all_places_were_used() -> None:
    room = drawn_for(3)
    (winner,) = room.with_status(Status.WON)
    room.send(CompleteWin(draw_id=DRAW, consumer_id=winner.consumer_id, order_id="1"))
    assert room.log()[-1] == "COMPLETED_ALL"
    assert room.happened(DrawCompleted)[0].completed_count == 1
    assert (room.draw.status, room.draw.lifecycle(room.now)) == (DrawStatus.COMPLETED, Lifecycle.CLOSED)
    assert room.knock_at is None


def test_the_draw_is_over_when_nobody_is_left_who_could_win() -> None:
    room = drawn_for(2)
    for person in strangers(2):
        room.send(LeaveDraw(draw_id=DRAW, consumer_id=person))
    (winner,) = room.with_status(Status.WON)
    room.send(LeaveDraw(draw_id=DRAW, consumer_id=winner.consumer_id))
    assert room.log()[-1] == "COMPLETED_ALL"


def test_the_draw_is_not_over_while_somebody_holds_a_win() -> None:
    room = drawn_for(1)
    assert room.draw.status is DrawStatus.DRAWN
    assert room.draw.lifecycle(room.now) is Lifecycle.SETTLING


def test_promotions_end_when_claims_do() -> None:
    room = drawn_for(5, claim_close_at=2000)
    room.advance(1000 - 0.25)
    assert room.log()[-1] == "SELECTED"
    room.advance(1)
    assert room.log()[-1] == "CLAIM_CLOSED"
    room.advance(MONTH)
    assert room.log()[-2:] == ["CLAIM_CLOSED", "EXPIRED"]
    assert (len(room.with_status(Status.ENTERED)), room.draw.free) == (4, 1)


def test_who_holds_a_win_when_claims_end_can_still_use_it() -> None:
    room = drawn_for(5, claim_close_at=2000)
    room.advance(1500)
    (winner,) = room.with_status(Status.WON)
    assert room.draw.lifecycle(room.now) is Lifecycle.SETTLING
    room.send(CompleteWin(draw_id=DRAW, consumer_id=winner.consumer_id, order_id="1"))
    assert room.draw.lifecycle(room.now) is Lifecycle.CLOSED
    assert room.log().count("CLAIM_CLOSED") + room.log().count("COMPLETED_ALL") == 1


def test_claims_that_nobody_ended_end_after_thirty_days() -> None:
    room = drawn_for(40)
    room.advance(MONTH)
    assert room.log()[-1] == "CLAIM_CLOSED"
    assert room.steps[-1].facts["at"] == "2026-12-21T12:16:40.250000Z"


LONG = replace(WON, expires_at=moment(9000))
PAUSED = Pause(Scope.ALL, NOON, moment(300))
PLACE_FREE = selected([make_entry(), LOST], reached=1)


@pytest.mark.parametrize(
    ("draw", "due"),
    [
        pytest.param(make_draw(close_at=900), moment(900), id="freeze"),
        pytest.param(make_draw(close_at=900, published=False), None, id="hidden"),
        pytest.param(sealed(make_draw(close_at=900)), moment(DRAWN_AT), id="drawing"),
        pytest.param(replace(sealed(make_draw(close_at=900)), pause=Pause(Scope.ALL, NOON)), None, id="held"),
        pytest.param(replace(sealed(make_draw(close_at=900)), pause=PAUSED), moment(300), id="goes on by itself"),
        pytest.param(drawn(make_draw(entries=1)), moment(LATER), id="naming"),
        pytest.param(selected([WON, LOST]), moment(DRAWN_AT + 60 + 300), id="lapse, with its grace"),
        pytest.param(selected([WON, LOST], claim_close_at=1100), moment(1100), id="end of the claims"),
        pytest.param(PLACE_FREE, moment(LATER), id="a place is free"),
        pytest.param(PLACE_FREE.with_pool(stuck=True, inside=1), moment(DRAWN_AT + MONTH), id="nobody fits"),
        pytest.param(PLACE_FREE.with_pool(stuck=True), moment(LATER), id="nobody is left"),
        pytest.param(selected([WON]).with_pool(completed_at=NOON), moment(DRAWN_AT + 360), id="over, with a win"),
        pytest.param(make_draw(ended=Ended(NOON, "fire")), None, id="void"),
        pytest.param(
            replace(selected([LONG]), ended=Ended(NOON, "fire", revoke_grants=True)), moment(LATER), id="clearing"
        ),
    ],
)
def test_somebody_knocks_when_the_first_thing_is_due(draw: Draw, due: datetime | None) -> None:
    assert rules.next_knock(draw, moment(LATER)) == due


def test_a_knock_is_never_promised_for_what_a_knock_does_not_bring_about() -> None:
    """Otherwise a draw would knock at itself for ever."""
    room = drawn_for(6, winner_count=2, on_expiry="requeue", claim_close_at=9000, admission_expiration_seconds=600)
    for _ in range(60):
        assert room.knock_at is None or room.knock_at > room.now
        room.advance(1000)
    assert room.knock_at is None


def test_nobody_waits_longer_than_the_last_alternate_can() -> None:
    room = drawn_for(3, claim_close_at=DRAWN_AT + 10)
    room.advance(timedelta(days=9).total_seconds())
    assert room.draw.lifecycle(room.now) is Lifecycle.CLOSED
