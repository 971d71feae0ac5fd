"""A selection in slices: however many there are and wherever it is cut off, the winners are those that the seed gives."""

from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import pytest

import domain.fairness.slices
import workers.draw_upkeep
from domain.draw.commands import KnockDraw, LeaveDraw
from domain.draw.state import DrawStatus, Status
from store.command_log import Place
from store.pipelined import Session
from store.roles import WORKER
from store.wire import partition_of
from store.work import Work
from tests.domain.draw.invariants import check, check_rest
from tests.support.crashes import KILLED, Death, Seams, in_child
from tests.support.database import PARTITIONS
from tests.support.factories import sent
from tests.support.recovery import recover
from tests.support.works import Works, new_drain
from tests.workers.draw_room import MakeDraw, WorkedDraw, make_room, seen
from tests.workers.queue_room import firing_in
from tests.workers.test_draw_selection import entered
from workers.decide import Decided
from workers.drain import Drain, Round
from workers.firing import Firing
from workers.telling import Told

__all__ = ["make_room"]
SOON = 5
Prizes = list[dict[str, Any]] | None
PRIZES: Prizes = [{"name": "stalls", "places": 3}, {"name": "balcony", "places": 4}, {"name": "box", "places": 5}]


class CutOffError(Exception):
    """A transaction that ends before its commit."""


class CutOff(Drain):
    """A drain whose rounds are all rolled back once everything is written."""

    def write(self, connection: Session, work: Work, decided: Decided) -> Told:
        """Write, and then fail."""
        super().write(connection, work, decided)
        raise CutOffError


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a few entries, so that a few dozen take many of each sort."""
    monkeypatch.setattr(workers.draw_upkeep, "SLICE", 4)
    monkeypatch.setattr(workers.draw_upkeep, "TURNS_AT_ONCE", 11)
    monkeypatch.setattr(workers.draw_upkeep, "RANKED_AT_ONCE", 40)
    monkeypatch.setattr(workers.draw_upkeep, "ORDERED_AT_ONCE", 2)
    monkeypatch.setattr(domain.fairness.slices, "BUCKET_ENTRIES", 4)


def drawing(room: WorkedDraw) -> Place:
    """The draw's time has come, and somebody knocks; where that waits."""
    room.works.advance(f"{SOON + 1} seconds")
    room.append(KnockDraw(draw_id=room.draw_id))
    return Place("draw", partition_of(room.draw_id, PARTITIONS))


def winners(room: WorkedDraw) -> dict[UUID, int | None]:
    """Who won, at which rank."""
    return {entry.id: entry.rank for entry in room.seen().with_status(Status.WON)}


def a_draw(make_room: MakeDraw, people: int, seed: int, prizes: Prizes = None) -> WorkedDraw:
    """A draw with weights, groups and households, that is drawn soon."""
    room = make_room(draw_at=SOON, winner_count=12, prizes=prizes, max_tickets_per_entry=20, max_people_per_entry=3)
    entered(room, people, Random(seed), tickets=20, people=3)
    return room


@pytest.mark.parametrize("prizes", [None, PRIZES], ids=["no prizes", "prizes"])
def test_slices_of_every_sort_give_the_winners_that_the_seed_gives(make_room: MakeDraw, prizes: Prizes) -> None:
    room = a_draw(make_room, 60, 1, prizes)
    drawing(room)
    rounds = room.settle()
    pool = room.now().pool
    assert (pool.slices > 10, pool.buckets, rounds > 20) == (True, 15, True)
    check_rest(room.seen(), held=False, over=False)
    assert room.checked().is_proved
    assert room.works.rows("SELECT 1 FROM draw_run WHERE draw_id = %s", room.draw_id) == []


@pytest.mark.parametrize("prizes", [None, PRIZES], ids=["no prizes", "prizes"])
def test_a_slice_whose_transaction_was_rolled_back_is_done_again_with_the_same_result(
    make_room: MakeDraw, prizes: Prizes
) -> None:
    """Every round is done twice: the first time by a worker that fails after all was written."""
    room = a_draw(make_room, 40, 2, prizes)
    place = drawing(room)
    expected = None
    works, cut = room.works, CutOff(**{name: getattr(room.works.drain, name) for name in Drain.__dataclass_fields__})
    for _ in range(200):
        if not works.waiting():
            break
        before = room.seen()
        with pytest.raises(CutOffError):
            cut._round(place)
        assert room.seen() == before
        assert works.drain.round(place) is Round.DECIDED
        check(room.seen())
        if room.now().pool.seed:
            expected = expected or room.now().pool.seed
            assert room.now().pool.seed == expected
    assert room.now().status is DrawStatus.DRAWN
    check_rest(room.seen(), held=False, over=False)
    assert room.checked().is_proved


def test_people_who_come_between_the_slices_are_answered_and_change_nothing(make_room: MakeDraw) -> None:
    room = a_draw(make_room, 40, seed=3)
    place = drawing(room)
    frozen = None
    while room.works.waiting():
        person = room.seen().entries[0].consumer_id
        from_outside = sent(room.draw, LeaveDraw(draw_id=room.draw_id, consumer_id=person))
        room.works.append([from_outside])
        room.works.drain.round(place)
        told = room.works.outcomes(room.draw, [from_outside.id])
        pool = room.now().pool
        frozen = frozen or pool.tree_head
        assert pool.tree_head == frozen
        if room.now().selecting:
            assert told[from_outside.id]["refused"]["code"] == "DISTRIBUTION_PAUSED"
        if pool.last is not None:
            break
    room.settle()
    check_rest(room.seen(), held=False, over=False)


@pytest.mark.timeout(300)
def test_a_selection_that_dies_anywhere_ends_with_the_winners_that_the_seed_gives(works: Works) -> None:
    """How many operations there are depends on the order that was drawn, so it dies at every fifth until it is too late."""
    with firing_in(works) as firing:
        for step in count(1, 5):
            if one_death(works, firing, Death(step, before=step % 2 == 1)) == 0:
                break
    assert step > 60


def one_death(works: Works, firing: Firing, death: Death) -> int:
    """A draw, a worker that dies over it, and what is left in the end."""
    draw = works.draw(
        draw_at=works.value("SELECT ledger_now() + interval '5 seconds'"), winner_count=3, max_people_per_entry=2,
        max_tickets_per_entry=20,
    )  # fmt: skip
    room = WorkedDraw(works, firing, draw)
    entered(room, 9, Random(4), tickets=20, people=2)
    place = drawing(room)

    def act() -> None:
        engine, seams = works.database.engine(WORKER), Seams(death)
        with new_drain(engine, works.redis_url) as drain, engine.connect():
            seams.watch_postgres()
            seams.watch_redis()
            while drain.round(place) is Round.DECIDED:
                pass

    status = in_child(act)
    assert status in {0, KILLED}
    recover(works)
    found = seen(works, draw)
    assert found.draw.status is DrawStatus.DRAWN
    check_rest(found, held=False, over=False)
    assert [line["type"] for line in found.lines].count("DRAWN") == 1
    assert works.value("SELECT count(*) FROM dead_command") == 0
    return status
