"""Draws from the first entry to the last promotion, through the worker and a real store."""

from base64 import b64encode
from collections import Counter
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.draw import commands as c
from domain.draw.state import DrawStatus, Status
from tests.domain.draw.invariants import check, check_rest
from tests.workers.draw_room import MakeDraw, WorkedDraw, make_room

__all__ = ["make_room"]
DRAW_AT = 600

PRIZES = [{"name": "stalls", "places": 20}, {"name": "balcony", "places": 30}, {"name": "box", "places": 10}]


def entering(room: WorkedDraw, person: UUID, chance: Random, **most: int) -> c.EnterDraw:
    """Somebody, perhaps with several tickets, as a group, or from a household of several; who wants some of the prizes."""
    names = [prize.name for prize in room.draw.config.prizes or ()]
    household = b64encode(bytes([chance.randint(1, 25)]) * 32)
    return c.EnterDraw(
        draw_id=room.draw_id, consumer_id=person, tickets=chance.randint(1, most.get("tickets", 1)),
        people=chance.randint(1, most.get("people", 1)), duplicate_key=chance.choice([None, None, household]),
        preferences=tuple(chance.sample(names, k=chance.randint(1, len(names)))) if names else None,
    )  # fmt: skip


def entered(room: WorkedDraw, number: int, chance: Random, **most: int) -> list[UUID]:
    """So many people take part."""
    crowd = [uuid4() for _ in range(number)]
    room.send_together([entering(room, person, chance, **most) for person in crowd])
    return crowd


def with_status(room: WorkedDraw, status: Status) -> list[UUID]:
    """The people with a status."""
    return [entry.consumer_id for entry in room.seen().with_status(status)]


def looked_at(room: WorkedDraw) -> None:
    """The winners are those of an independent reading of the rules, and the published file proves it."""
    check_rest(room.seen(), held=False, over=room.over())
    checked = room.checked()
    assert checked.is_proved, [finding for finding in checked.findings if "NOT" in finding.text]


def test_as_many_win_as_there_are_places(make_room: MakeDraw) -> None:
    room = make_room(draw_at=DRAW_AT, winner_count=3)
    room.send_together([c.EnterDraw(draw_id=room.draw_id, consumer_id=uuid4()) for _ in range(10)])
    room.advance(DRAW_AT)
    seen = room.seen()
    assert Counter(entry.status for entry in seen.entries) == {Status.ENTERED: 7, Status.WON: 3}
    assert [line["type"] for line in seen.lines] == ["SEALED", "DRAWN", "SELECTED"]
    looked_at(room)


@pytest.mark.parametrize("seed", range(4))
def test_with_weights_groups_and_households_the_winners_are_those_of_the_rules(make_room: MakeDraw, seed: int) -> None:
    chance = Random(seed)
    prizes = PRIZES if seed % 2 else None
    room = make_room(
        close_at=DRAW_AT - 100, draw_at=DRAW_AT, winner_count=60, prizes=prizes, max_tickets_per_entry=50, max_people_per_entry=5,
        on_expiry=chance.choice(["deny", "requeue"]), alternate_count=None if prizes else 30,
        admission_expiration_seconds=300,
    )  # fmt: skip
    crowd = entered(room, 300, chance, tickets=50, people=5)
    room.send_together([_going(room, person, chance) for person in chance.sample(crowd, 20)])
    room.advance(DRAW_AT - 50)
    room.send_together([_going(room, person, chance) for person in chance.sample(crowd, 20)])
    room.advance(100)
    looked_at(room)
    for round_ in range(3):
        won = with_status(room, Status.WON)
        room.send_together([_with_a_win(room, person, chance, round_) for person in chance.sample(won, len(won) // 2)])
        looked_at(room)
        room.advance(620)
        looked_at(room)
    told = Counter(line["type"] for line in room.seen().lines)
    assert all(told[kind] for kind in ("LEFT", "DENIED", "PASSED", "DECLINED", "PROMOTED")), told


def _going(room: WorkedDraw, person: UUID, chance: Random) -> c.DrawCommand:
    named: dict[str, Any] = {"draw_id": room.draw_id, "consumer_id": person}
    return chance.choice([c.LeaveDraw(**named), c.DenyEntrant(**named, reason="BOT_DETECTED")])


def _with_a_win(room: WorkedDraw, person: UUID, chance: Random, round_: int) -> c.DrawCommand:
    if chance.random() < 0.4:
        return c.CompleteWin(draw_id=room.draw_id, consumer_id=person, order_id=f"{person}-{round_}")
    return _going(room, person, chance)


def test_a_win_that_lapses_goes_to_the_next_until_nobody_is_left(make_room: MakeDraw) -> None:
    room = make_room(draw_at=DRAW_AT, winner_count=2, admission_expiration_seconds=60, completion_grace_seconds=0)
    room.send_together([c.EnterDraw(draw_id=room.draw_id, consumer_id=uuid4()) for _ in range(6)])
    room.advance(DRAW_AT)
    winners = [set(with_status(room, Status.WON))]
    for _ in range(2):
        room.advance(61)
        winners.append(set(with_status(room, Status.WON)))
        looked_at(room)
    assert [len(some) for some in winners] == [2, 2, 2]
    assert len(set.union(*winners)) == 6
    room.advance(61)
    assert (with_status(room, Status.WON), room.now().status) == ([], DrawStatus.COMPLETED)
    looked_at(room)


def test_a_lapsed_win_is_given_once_more_to_who_may_wait_on(make_room: MakeDraw) -> None:
    room = make_room(
        draw_at=DRAW_AT,
        winner_count=1,
        admission_expiration_seconds=60,
        completion_grace_seconds=0,
        on_expiry="requeue",
    )
    room.send_together([c.EnterDraw(draw_id=room.draw_id, consumer_id=uuid4()) for _ in range(2)])
    room.advance(DRAW_AT)
    turns = []
    for _ in range(4):
        turns += with_status(room, Status.WON)
        room.advance(61)
    assert turns[:2] == turns[2:]
    assert room.now().status is DrawStatus.COMPLETED
    looked_at(room)


def test_a_draw_that_was_ended_takes_back_what_it_gave_a_slice_at_a_time(make_room: MakeDraw) -> None:
    room = make_room(draw_at=DRAW_AT, winner_count=700)
    room.send_together([c.EnterDraw(draw_id=room.draw_id, consumer_id=uuid4()) for _ in range(700)])
    room.advance(DRAW_AT)
    assert len(with_status(room, Status.WON)) == 700
    room.send(c.KillDraw(draw_id=room.draw_id, reason="fire", revoke_grants=True))
    assert len(with_status(room, Status.DENIED)) == 700
    check(room.seen())
    assert room.checked().is_proved


def test_an_entry_that_came_too_late_is_told_so_and_is_in_no_log(make_room: MakeDraw) -> None:
    room = make_room(close_at=DRAW_AT - 100, draw_at=DRAW_AT, winner_count=5)
    assert room.send(c.EnterDraw(draw_id=room.draw_id, consumer_id=uuid4())) is None
    room.works.advance("501 seconds")
    assert room.send(c.EnterDraw(draw_id=room.draw_id, consumer_id=uuid4())) == "DRAW_CLOSED"
    assert room.now().status is DrawStatus.SEALED
    room.advance(100)
    assert len(with_status(room, Status.WON)) == 1
    looked_at(room)


def test_no_line_of_the_log_is_dated_back_though_the_clock_is(make_room: MakeDraw) -> None:
    room = make_room(draw_at=5, winner_count=2)
    entered(room, 4, Random(8))
    room.advance(6)
    first, second = with_status(room, Status.WON)
    room.append(c.LeaveDraw(draw_id=room.draw_id, consumer_id=first))
    room.works.advance("-30 seconds")
    room.settle()
    assert room.send(c.LeaveDraw(draw_id=room.draw_id, consumer_id=second)) is None
    dated = [line["at"] for line in room.seen().lines]
    assert dated == sorted(dated)
    assert room.checked().is_proved
