"""Who gets the places of a draw: the first winners, and whoever is promoted later."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.draw.commands import CompleteWin, DenyEntrant, LeaveDraw, PauseDraw, ResumeDraw
from domain.draw.events import Denied, Won
from domain.draw.state import DrawStatus, Entry, Status
from tests.domain.draw.draws import DRAW, DRAWN_AT, moment
from tests.domain.draw.simulation import Simulation, simulated, strangers

LIFE = 172_800 + 300
"""Seconds until a win that nobody uses is over."""


def drawn_for(sizes: Sequence[int] | int, *, keys: Sequence[bytes | None] = (), **settings: Any) -> Simulation:
    """A draw that was drawn for so many people, or for groups of these sizes."""
    groups = [1] * sizes if isinstance(sizes, int) else list(sizes)
    room = simulated(**{"max_people_per_entry": max(groups)} | settings)
    for number, (person, people) in enumerate(zip(strangers(len(groups)), groups, strict=True)):
        room.enter(person, people=people, duplicate_key=_key(keys[number]) if number < len(keys) else None)
    room.advance(DRAWN_AT)
    return room


def _key(key: bytes | None) -> bytes | None:
    """As it comes over the wire."""
    return None if key is None else b64encode(key)


def holding(room: Simulation) -> list[Entry]:
    """Who holds places, in the order that was drawn."""
    return [entry for entry in room.in_order() if entry.status in {Status.WON, Status.COMPLETED}]


def ranks(room: Simulation) -> list[int]:
    """The ranks of those who hold places."""
    return [rank for rank, entry in enumerate(room.in_order()) if entry in holding(room)]


def declines(room: Simulation, rank: int) -> None:
    """Whoever stands at a rank gives the win back."""
    entry = room.in_order()[rank]
    room.send(LeaveDraw(draw_id=DRAW, consumer_id=entry.consumer_id))


def buys(room: Simulation, entry: Entry) -> None:
    """Somebody uses a win."""
    room.send(CompleteWin(draw_id=DRAW, consumer_id=entry.consumer_id, order_id=str(entry.number)))


def test_the_first_in_the_order_win_as_many_as_there_are_places() -> None:
    room = drawn_for(20, winner_count=7)
    assert ranks(room) == list(range(7))
    assert [entry.rank for entry in holding(room)] == list(range(7))
    assert room.steps[-1].facts | {"winners": 7, "places": 7} == room.steps[-1].facts
    assert room.log() == ["SEALED", "DRAWN", "SELECTED"]


def test_with_fewer_entries_than_places_all_win() -> None:
    room = drawn_for(3, winner_count=7)
    assert ranks(room) == [0, 1, 2]
    assert (room.draw.free, room.draw.status) == (4, DrawStatus.DRAWN)


def test_a_win_begins_when_it_is_given_and_lasts_as_long_as_is_set() -> None:
    room = drawn_for(2, admission_expiration_seconds=60, completion_grace_seconds=5)
    (first,) = holding(room)
    assert (first.granted_at, first.expires_at, first.promoted) == (moment(DRAWN_AT), moment(DRAWN_AT + 60), False)
    room.advance(65)
    (second,) = holding(room)
    assert (second.granted_at, second.expires_at, second.promoted) == (
        moment(DRAWN_AT + 65), moment(DRAWN_AT + 125), True,
    )  # fmt: skip
    assert [event.promoted for event in room.happened(Won)] == [False, True]


@pytest.mark.parametrize("how", ["declined", "denied", "lapsed"])
def test_what_becomes_free_goes_to_the_next_at_once(how: str) -> None:
    room = drawn_for(5, winner_count=2)
    first = holding(room)[0]
    if how == "declined":
        declines(room, 0)
    elif how == "denied":
        room.send(DenyEntrant(draw_id=DRAW, consumer_id=first.consumer_id, reason="BOT_DETECTED"))
    else:
        buys(room, holding(room)[1])
        room.advance(LIFE)
    assert ranks(room) == [1, 2]
    assert room.log()[-2:] == [{"declined": "DECLINED", "denied": "DENIED", "lapsed": "EXPIRED"}[how], "PROMOTED"]


def test_who_was_gone_before_the_draw_is_never_reached() -> None:
    room = simulated(winner_count=2, close_at=500)
    people = strangers(6)
    room.enter(*people)
    room.send(LeaveDraw(draw_id=DRAW, consumer_id=people[0]))
    room.advance(600)
    room.send(LeaveDraw(draw_id=DRAW, consumer_id=people[1]))
    room.send(DenyEntrant(draw_id=DRAW, consumer_id=people[2], reason="BOT_DETECTED"))
    room.advance(DRAWN_AT)
    staying = [rank for rank, entry in enumerate(room.in_order()) if entry.consumer_id in people[3:]]
    assert ranks(room) == staying[:2]


def test_an_alternate_who_was_refused_is_skipped() -> None:
    room = drawn_for(4)
    alternate = room.in_order()[1]
    room.send(DenyEntrant(draw_id=DRAW, consumer_id=alternate.consumer_id, reason="BOT_DETECTED"))
    declines(room, 0)
    assert ranks(room) == [2]


def test_a_group_wins_as_a_whole_and_takes_a_place_for_each() -> None:
    room = drawn_for([3, 3, 3, 3], winner_count=6)
    assert ranks(room) == [0, 1]
    assert (room.draw.pool.taken, room.draw.pool.winners) == (6, 2)


def test_a_group_that_does_not_fit_is_passed_over_and_those_behind_it_are_not() -> None:
    room = drawn_for([2, 2, 2, 1, 1, 1], winner_count=3)
    passed = [line.facts for line in room.steps if line.facts["type"] == "PASSED"]
    taken = 0
    for rank, entry in enumerate(room.in_order()):
        if taken == 3:
            break
        if taken + entry.people <= 3:
            taken += entry.people
            assert entry.status is Status.WON
        else:
            assert (entry.status, passed.pop(0)["rank"]) == (Status.ENTERED, rank)
    assert not passed


def test_a_group_that_was_passed_over_is_the_first_that_fits_when_places_are_free() -> None:
    rooms = (drawn_for([2] * pairs + [1, 1], winner_count=3) for pairs in range(5, 30))
    room = next(one for one in rooms if "PASSED" in one.log())
    over = next(line.facts["rank"] for line in room.steps if line.facts["type"] == "PASSED")
    for entry in holding(room):
        room.send(LeaveDraw(draw_id=DRAW, consumer_id=entry.consumer_id))
        promoted = [line.facts["rank"] for line in room.steps if line.facts["type"] == "PROMOTED"]
        if over in promoted:
            break
    assert over in promoted
    assert room.in_order()[over].status is Status.WON


def test_a_place_stays_free_when_nobody_who_is_left_fits() -> None:
    room = drawn_for([2, 2, 2], winner_count=3)
    assert (room.draw.free, room.draw.pool.stuck) == (1, True)
    for entry in holding(room):
        buys(room, entry)
    assert room.log()[-1] == "COMPLETED_ALL"


def test_of_several_with_one_key_the_first_in_the_order_counts_not_the_first_who_came() -> None:
    key = bytes([1]) * 32
    counts = set()
    for people in range(8, 20):
        room = drawn_for(people, keys=[key] * people, winner_count=3)
        (winner,) = holding(room)
        assert room.in_order()[0] == winner
        counts.add(winner.number == 0)
        assert [event.reason for event in room.happened(Denied)] == ["NOT_SELECTED"] * (people - 1)
    assert False in counts


def test_the_others_with_that_key_never_win_even_when_the_first_is_out() -> None:
    key = bytes([1]) * 32
    room = drawn_for(6, keys=[key] * 5, winner_count=1)
    for _ in range(4):
        for entry in holding(room):
            room.send(LeaveDraw(draw_id=DRAW, consumer_id=entry.consumer_id))
    winners = {event.participation_id for event in room.happened(Won)}
    keyed = [entry for entry in room.entries.values() if entry.duplicate_key == key and entry.id in winners]
    assert len(winners) == 2
    assert [entry.id for entry in keyed] == [next(one for one in room.in_order() if one.duplicate_key == key).id]


def test_who_left_before_the_draw_does_not_count_for_the_others_with_the_key() -> None:
    key = bytes([1]) * 32
    room = simulated(winner_count=5)
    people = strangers(3)
    room.enter(*people, duplicate_key=_key(key))
    room.send(LeaveDraw(draw_id=DRAW, consumer_id=people[0]))
    room.send(LeaveDraw(draw_id=DRAW, consumer_id=people[1]))
    room.advance(DRAWN_AT)
    assert [entry.consumer_id for entry in holding(room)] == [people[2]]


def test_only_so_many_alternates_as_are_kept_can_be_promoted() -> None:
    room = drawn_for(6, winner_count=2, alternate_count=1)
    declines(room, 0)
    assert ranks(room) == [1, 2]
    declines(room, 1)
    assert ranks(room) == [2]
    declines(room, 2)
    assert room.log()[-1] == "COMPLETED_ALL"


def test_with_no_alternates_kept_nobody_is_promoted() -> None:
    room = drawn_for(6, winner_count=2, alternate_count=0)
    declines(room, 0)
    assert ranks(room) == [1]


def test_without_backfill_what_becomes_free_stays_free() -> None:
    room = drawn_for(6, winner_count=2, continue_selecting_until_completed=False)
    declines(room, 0)
    assert ranks(room) == [1]
    assert "PROMOTED" not in room.log()
    declines(room, 1)
    assert room.log()[-1] == "COMPLETED_ALL"


def test_a_lapsed_win_that_is_requeued_waits_behind_the_last_alternate() -> None:
    room = drawn_for(3, on_expiry="requeue")
    for expected in ([1], [2], [0]):
        room.advance(LIFE)
        assert ranks(room) == expected
    first = holding(room)[0]
    assert (first.rank, first.requeues, first.behind) == (None, 1, None)
    assert room.steps[-1].facts["rank"] is None


def test_nobody_is_requeued_more_often_than_the_limit_says() -> None:
    room = drawn_for(2, on_expiry="requeue", requeue_limit=2)
    room.advance(20 * LIFE)
    wins = [event.participation_id for event in room.happened(Won)]
    assert {wins.count(entry.id) for entry in room.entries.values()} == {3}
    assert {entry.reason for entry in room.entries.values()} == {"ADMISSION_EXPIRED"}
    assert room.log()[-1] == "COMPLETED_ALL"


def test_while_the_draw_is_held_nobody_is_promoted() -> None:
    room = drawn_for(3)
    room.send(PauseDraw(draw_id=DRAW))
    declines(room, 0)
    assert ranks(room) == []
    room.send(ResumeDraw(draw_id=DRAW))
    assert ranks(room) == [1]


def test_a_place_that_was_used_is_never_free_again() -> None:
    room = drawn_for(5, winner_count=2)
    buys(room, holding(room)[0])
    room.advance(LIFE)
    assert ranks(room) == [0, 2]
    buys(room, holding(room)[1])
    assert room.log()[-1] == "COMPLETED_ALL"
    assert room.draw.pool.completed == 2


def test_deciding_a_win_again_names_the_same_grant() -> None:
    one, two = drawn_for(3), drawn_for(3)
    assert [entry.grant_id for entry in holding(one)] == [entry.grant_id for entry in holding(two)]
    grants: set[UUID | None] = {event.grant_id for event in drawn_for(9, winner_count=9).happened(Won)}
    assert len(grants) == 9
