"""A selection beside other work rests between its slices; who asks meanwhile does not shorten that, and the end is the same."""

import psycopg

from domain.draw.commands import LeaveDraw
from domain.draw.state import DrawStatus
from store.roles import WORKER
from tests.workers.draw_room import MakeDraw, make_room
from tests.workers.test_draw_slices import a_draw, drawing, small_slices

__all__ = ["make_room", "small_slices"]
BEYOND_A_REST = 2


def test_while_others_are_at_work_a_selection_rests_between_its_slices(make_room: MakeDraw) -> None:
    room = a_draw(make_room, 40, seed=7)
    with psycopg.connect(room.works.database.url(WORKER)) as busy:
        busy.execute("SELECT 1")  # and its transaction stays open
        drawing(room)
        room.settle()
        first = room.now()
        assert (first.selecting, first.pool.slices) == (True, 1)
        somebody = room.seen().entries[0].consumer_id
        assert room.send(LeaveDraw(draw_id=room.draw_id, consumer_id=somebody)) == "DISTRIBUTION_PAUSED"
        assert room.now().pool == first.pool
        room.advance(BEYOND_A_REST)
        assert room.now().pool.slices == 2
    room.advance(BEYOND_A_REST)
    assert room.now().status is DrawStatus.DRAWN
    assert not room.now().selecting
    assert room.checked().is_proved


def test_a_selection_that_is_alone_goes_through_at_once(make_room: MakeDraw) -> None:
    room = a_draw(make_room, 40, seed=7)
    with psycopg.connect(room.works.database.url(WORKER), autocommit=True) as idle:
        idle.execute("SELECT 1")
        drawing(room)
        room.settle()
    assert not room.now().selecting
