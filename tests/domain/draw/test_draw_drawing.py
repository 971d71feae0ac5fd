"""The entries are frozen, the seed is revealed, and everybody gets a rank."""

from dataclasses import replace

import pytest

from domain.distribution.state import Ended, Pause, Scope
from domain.draw import rules
from domain.draw.commands import KillDraw, PauseDraw, ResumeDraw
from domain.draw.events import Drawn, Sealed
from domain.draw.state import Draw, DrawStatus
from domain.fairness.merkle import EMPTY_ROOT
from tests.domain.draw.draws import DRAW, DRAWN_AT, NOON, SECRET, at, drawn, logged, make_draw, moment, sealed, the_draw
from tests.domain.draw.naive import order_of, seed_of
from tests.domain.draw.simulation import RANKED, Simulation, simulated, strangers


def filled(people: int, **settings: object) -> Simulation:
    """A draw with so many people."""
    room = simulated(**settings)
    room.enter(*strangers(people))
    return room


@pytest.mark.parametrize(("seconds", "freezes"), [(899.999999, False), (900, True), (DRAWN_AT + 1, True)])
def test_the_entries_are_frozen_by_the_first_command_received_at_closing(seconds: float, *, freezes: bool) -> None:
    decision = rules.seal_if_due(make_draw(close_at=900), at(seconds, decided=5000))
    assert bool(decision.saves) is freezes


def test_without_a_closing_entries_are_frozen_as_they_are_drawn() -> None:
    assert rules.seal_if_due(make_draw(), at(DRAWN_AT - 0.001)).saves == ()
    assert the_draw(rules.seal_if_due(make_draw(), at(DRAWN_AT))).status is DrawStatus.SEALED


def test_what_was_frozen_is_the_whole_log() -> None:
    room = filled(3, max_tickets_per_entry=5)
    pool = room.draw.pool
    decision = rules.seal_if_due(room.draw, at(DRAWN_AT))
    after = the_draw(decision).pool
    head = pool.frontier.root()
    assert (after.frozen, after.log_size, after.tree_head, after.sealed_at) == (3, 3, head, moment(DRAWN_AT))
    assert logged(decision) == [{"type": "SEALED", "count": 3, "tickets": 3, "logSize": 3, "treeHead": head.hex()}]
    assert decision.events == (Sealed(moment(DRAWN_AT), 3, head.hex()),)


def test_what_was_frozen_is_frozen_once() -> None:
    assert rules.seal_if_due(sealed(make_draw()), at(DRAWN_AT + 1)).saves == ()


@pytest.mark.parametrize(
    "draw",
    [make_draw(published=False), make_draw(archived=True), make_draw(ended=Ended(NOON, "fire"))],
    ids=["hidden", "archived", "void"],
)
def test_what_nobody_sees_is_neither_frozen_nor_drawn(draw: Draw) -> None:
    assert rules.seal_if_due(draw, at(DRAWN_AT)).saves == ()
    frozen = sealed(make_draw())
    hidden = replace(frozen, published=draw.published, archived=draw.archived, ended=draw.ended)
    assert rules.reveal_if_due(hidden, at(DRAWN_AT)).saves == ()


def test_a_hidden_draw_is_drawn_when_it_is_shown() -> None:
    room = filled(2)
    room.draw = replace(room.draw, published=False)
    room.advance(DRAWN_AT + 50)
    assert room.log() == []
    room.draw = replace(room.draw, published=True)
    room.knock()
    assert room.log() == ["SEALED", "DRAWN", "SELECTED"]


def test_the_seed_follows_from_the_secret_and_everything_that_was_fixed_before() -> None:
    room = filled(3)
    room.advance(DRAWN_AT)
    pool = room.draw.pool
    assert pool.seed == seed_of(room.draw, pool.tree_head, 3)
    assert (pool.revealed, room.draw.status) == (SECRET, DrawStatus.DRAWN)
    assert room.happened(Drawn)[0].seed == pool.seed.hex()


def test_an_empty_draw_is_drawn_too() -> None:
    room = simulated()
    room.advance(DRAWN_AT)
    assert room.draw.pool.tree_head == EMPTY_ROOT
    assert room.log() == ["SEALED", "DRAWN", "SELECTED", "COMPLETED_ALL"]
    assert room.draw.status is DrawStatus.COMPLETED


def test_nothing_is_drawn_before_its_time() -> None:
    frozen = sealed(make_draw(close_at=900))
    assert rules.reveal_if_due(frozen, at(DRAWN_AT - 0.000001)).saves == ()
    decision = rules.reveal_if_due(frozen, at(900, decided=DRAWN_AT))
    assert the_draw(decision).pool.drawn_at == moment(DRAWN_AT)
    assert rules.reveal_if_due(the_draw(decision), at(DRAWN_AT + 1)).saves == ()


@pytest.mark.parametrize(("scope", "draws"), [(Scope.SERVICE, False), (Scope.ALL, False), (Scope.ENTRY, True)])
def test_a_pause_holds_the_drawing_back_but_not_the_freeze(scope: Scope, *, draws: bool) -> None:
    room = filled(2)
    room.send(PauseDraw(draw_id=DRAW, scope=scope))
    room.advance(DRAWN_AT + 10)
    assert room.log() == (["SEALED", "DRAWN", "SELECTED"] if draws else ["SEALED"])
    room.send(ResumeDraw(draw_id=DRAW))
    assert room.log() == ["SEALED", "DRAWN", "SELECTED"]


def test_a_draw_that_is_put_off_is_drawn_at_its_new_time() -> None:
    room = filled(2, close_at=500)
    room.send(PauseDraw(draw_id=DRAW))
    room.advance(DRAWN_AT)
    room.send(ResumeDraw(draw_id=DRAW, shift_schedule=True))
    assert room.log() == ["SEALED", "RESCHEDULED"]
    room.advance(DRAWN_AT - 1)
    assert room.log() == ["SEALED", "RESCHEDULED"]
    room.advance(1)
    assert room.log() == ["SEALED", "RESCHEDULED", "DRAWN", "SELECTED"]


def test_a_void_draw_is_not_drawn() -> None:
    room = filled(2, close_at=500)
    room.advance(600)
    room.send(KillDraw(draw_id=DRAW, reason="fire"))
    room.advance(DRAWN_AT)
    assert (room.log(), room.draw.status) == (["SEALED", "VOID"], DrawStatus.VOID)


def test_everybody_gets_the_rank_that_the_seed_gives_however_the_slices_fall() -> None:
    room = simulated(max_tickets_per_entry=2 * RANKED)
    for number, person in enumerate(strangers(30)):
        room.enter(person, tickets=1 + number % (2 * RANKED))
    room.advance(DRAWN_AT)
    expected = order_of(room.draw.pool.seed, room.entries.values())
    assert [entry.number for entry in room.in_order()] == [entry.number for entry in expected]
    assert (room.draw.pool.ranked, room.draw.pool.placed) == (30, 30)
    assert room.draw.pool.ranked_tickets == room.draw.pool.tickets


@pytest.mark.parametrize(
    ("weights", "most", "taken"),
    [([1, 1, 1], 2, 2), ([1, 1, 1], 3, 3), ([5, 1], 3, 1), ([1, 5], 3, 1), ([1, 1], 9, 2), ([3, 3, 3], 6, 2)],
)
def test_a_slice_has_no_more_tickets_than_it_may_but_always_an_entry(weights: list[int], most: int, taken: int) -> None:
    assert rules.bounded(weights, most) == weights[:taken]


def test_while_the_winners_are_being_named_the_draw_is_knocked_at_without_pause() -> None:
    draw = drawn(make_draw(entries=5, entered=5))
    assert rules.next_knock(draw, moment(DRAWN_AT)) == moment(DRAWN_AT)
    assert rules.unranked(draw) and not rules.unordered(draw)
    ranked = the_draw(rules.ranked(draw, 5, 5))
    assert rules.unordered(ranked) and not rules.unranked(ranked)
    in_order = the_draw(rules.ordered(ranked, ranked.pool.buckets, 5))
    assert rules.fills(in_order, moment(DRAWN_AT)) and not rules.fills(ranked, moment(DRAWN_AT))


def test_a_pause_does_not_stop_what_has_begun() -> None:
    begun = drawn(make_draw(entries=1, entered=1)).with_pool(ranked=1, ordered=1)
    assert rules.fills(replace(begun, pause=Pause(Scope.ALL, NOON)), moment(DRAWN_AT))


def test_an_end_stops_what_has_begun() -> None:
    begun = drawn(make_draw(entries=1, entered=1))
    void = replace(begun, ended=Ended(NOON, "fire"))
    assert not void.selecting
    assert not rules.unranked(void)
    assert rules.next_knock(void, moment(DRAWN_AT)) is None
