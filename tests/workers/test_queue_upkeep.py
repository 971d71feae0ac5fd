"""What keeps a queue going, on a real store: slices, drains in which much happens, and knocks that come to an end."""

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.command import SYSTEM_ACTOR, Envelope
from domain.distribution.state import Scope
from domain.queue import commands as c
from domain.queue.state import Status
from store import command_log
from tests.domain.queue.invariants import Seen, check, check_between
from tests.support.database import PARTITIONS
from tests.support.factories import make_sequence
from tests.support.works import Works, place_of
from tests.workers.queue_room import MakeRoom, WorkedRoom, crowd, entering, make_room, one_of, statuses
from workers.drain import Round
from workers.queue_upkeep import SLICE

__all__ = ["make_room"]


def granted(room: WorkedRoom) -> list[UUID]:
    """Who was let in, in the order in which it was told."""
    told = """SELECT event->>'participationId' FROM journal, json_array_elements(events) WITH ORDINALITY AS e(event, nth)
    WHERE aggregate_id = %s AND event->>'type' = 'queue.consumer.granted' ORDER BY seq, nth"""
    return [UUID(row[0]) for row in room.works.rows(told, room.queue_id)]


def test_three_thousand_are_let_in_in_slices_once_each_in_order_while_others_enter(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=600_000, open_at=60, entry_open_at=-60)
    for _ in range(6):
        crowd(room, 500)
    room.settle()
    room.works.database.advance("61 seconds")
    room.append(c.KnockQueue(queue_id=room.queue_id))
    late, inside, place = list[UUID](), list[int](), place_of(room.queue)
    while room.works.waiting():
        assert room.works.drain.round(place) is Round.DECIDED
        inside.append(room.now().line.inside)
        if inside[-1] < 3000:
            late += crowd(room, 7)
    answered = room.works.outcomes(room.queue, late)
    assert {one["body"]["status"] for one in answered.values()} == {"QUEUED"}
    slices = [after - before for before, after in zip([0, *inside], inside, strict=False)]
    assert max(slices) == SLICE
    seen = room.seen()
    order = {entry.id: seen.queue.line.rank_of(entry.ticket) for entry in seen.entries}
    called = granted(room)
    assert [order[one] for one in called] == list(range(3000 + len(late)))
    check(seen)


def test_whoever_comes_during_an_admission_is_answered_before_the_next_slice(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=600_000, open_at=60, entry_open_at=-60)
    for _ in range(4):
        crowd(room, 500)
    room.settle()
    room.works.database.advance("61 seconds")
    room.append(c.KnockQueue(queue_id=room.queue_id))
    place, inside = place_of(room.queue), [0]
    room.works.drain.round(place)
    late = crowd(room, 7)
    for _ in range(2):
        room.works.drain.round(place)
        inside.append(room.now().line.inside)
        assert len(room.works.outcomes(room.queue, late)) == 7
    assert inside == [0, SLICE, 2 * SLICE]
    room.works.drain.round(place)
    assert room.now().line.inside == 3 * SLICE  # because nobody came meanwhile
    room.settle()
    check(room.seen())


def test_a_killed_queue_is_cleared_however_many_wait(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=1)
    for _ in range(3):
        crowd(room, 400)
    room.settle()
    room.send(c.KillQueue(queue_id=room.queue_id, reason="fire"))
    assert statuses(room) == {"GRANTED": 1, "DENIED": 1199}
    check(room.seen())


@pytest.mark.parametrize("waiting", [0, 3])
def test_a_killed_queue_takes_its_grants_back_when_it_is_told_to(make_room: MakeRoom, waiting: int) -> None:
    room = make_room(admit_rate=60_000, max_active_grants=700)
    crowd(room, 700 + waiting)
    room.settle()
    room.advance(1)
    assert statuses(room)["GRANTED"] == 700
    room.send(c.KillQueue(queue_id=room.queue_id, reason="fire", revoke_grants=True))
    assert statuses(room) == {"DENIED": 700 + waiting}
    assert room.now().line.inside == 0


def test_a_queue_that_is_killed_in_the_drain_of_its_entries_leaves_nobody_behind(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=1)
    people = [entering(room) for _ in range(5)]
    room.send_together([*people, c.KillQueue(queue_id=room.queue_id, reason="fire")])
    assert statuses(room) == {"DENIED": 5}


def test_a_hidden_queue_whose_opening_has_come_knocks_at_nobody(works: Works, make_room: MakeRoom) -> None:
    with works.owner.begin() as connection:
        hidden = make_sequence(connection, published=False)
    room = make_room(under=hidden, open_at=60)
    room.send(c.KnockQueue(queue_id=room.queue_id))
    room.advance(120)
    room.send(c.KnockQueue(queue_id=room.queue_id))
    assert room.now().line.opened_at is None
    works.rows("UPDATE experience SET published = true")
    room.send(c.KnockQueue(queue_id=room.queue_id))
    assert room.now().line.opened_at is not None


def test_who_leaves_and_comes_back_in_one_drain_is_inside_once(make_room: MakeRoom) -> None:
    room, person = make_room(admit_rate=1), uuid4()
    room.send_together([entering(room), entering(room, person)])
    leaving = c.LeaveQueue(queue_id=room.queue_id, consumer_id=person)
    room.append(leaving, entering(room, person), leaving, entering(room, person))
    assert room.works.drain.round(place_of(room.queue)) is Round.DECIDED
    assert statuses(room) == {"GRANTED": 1, "LEFT": 2, "QUEUED": 1}
    check(room.seen())


def test_a_grant_used_in_time_counts_however_late_that_is_decided(make_room: MakeRoom) -> None:
    room = make_room(admission_expiration_seconds=60, completion_grace_seconds=10, admit_rate=600)
    ada, ben = room.append(entering(room), entering(room))
    room.settle()
    inside = one_of(room, ada)
    assert inside.expires_at is not None
    edge = inside.expires_at + timedelta(seconds=10)
    room.works.database.advance("1 day")
    for own_id, moment in ((ada, edge - timedelta(microseconds=1)), (ben, edge)):
        using = c.CompleteGrant(queue_id=room.queue_id, consumer_id=one_of(room, own_id).consumer_id, order_id="1")
        sent = Envelope(uuid4(), room.queue.tenant_id, SYSTEM_ACTOR, uuid4(), using)
        with room.works.owner.begin() as connection:
            command_log.append_as_of(connection, sent, PARTITIONS, moment)
    room.settle()
    assert one_of(room, ada).status is Status.COMPLETED
    assert (one_of(room, ben).status, one_of(room, ben).reason) == (Status.DENIED, "ADMISSION_EXPIRED")


@pytest.mark.parametrize("on_expiry", ["deny", "requeue"])
def test_a_crowd_of_grants_lapses_in_slices_and_none_is_forgotten(make_room: MakeRoom, on_expiry: str) -> None:
    room = make_room(
        admission_expiration_seconds=60, completion_grace_seconds=0, admit_rate=600_000, max_active_grants=1200,
        on_expiry=on_expiry,
    )  # fmt: skip
    for _ in range(3):
        crowd(room, 500)
    room.settle()
    before = room.seen()
    assert len(before.with_status(Status.GRANTED)) == 1200
    room.append(c.PauseQueue(queue_id=room.queue_id, scope=Scope.SERVICE))
    room.settle()
    room.works.database.advance("61 seconds")
    late = [entry.consumer_id for entry in before.with_status(Status.GRANTED)[:40]]
    room.append(*(c.CompleteGrant(queue_id=room.queue_id, consumer_id=one, order_id="1") for one in late))
    room.works.drain.round(place_of(room.queue))
    assert room.now().line.inside == 1200 - SLICE
    room.settle()
    after = room.seen()
    assert after.queue.line.inside == 0
    assert after.queue.line.waiting == (1500 if on_expiry == "requeue" else 300)
    check(after)
    check_between(before, after)


def test_grants_given_in_the_same_drain_lapse_too(make_room: MakeRoom) -> None:
    room = make_room(admission_expiration_seconds=60, completion_grace_seconds=600, admit_rate=1)
    people = [uuid4() for _ in range(3)]
    room.send_together([entering(room, person) for person in people])
    room.works.database.advance("100 seconds")
    room.send_together([
        c.AdmitEntry(queue_id=room.queue_id, consumer_id=people[1]),
        c.UpdateQueue(queue_id=room.queue_id, changes={"completionGraceSeconds": 0}),
        c.AdmitEntry(queue_id=room.queue_id, consumer_id=people[2]),
    ])  # fmt: skip
    assert statuses(room) == {"DENIED": 1, "GRANTED": 2}
    room.advance(61)
    assert statuses(room) == {"DENIED": 3}


def test_grants_get_longer_though_they_were_given_in_the_same_drain(make_room: MakeRoom) -> None:
    room, person = make_room(admission_expiration_seconds=60, completion_grace_seconds=0, open_at=900), uuid4()
    room.send_together([
        entering(room, person),
        c.PauseQueue(queue_id=room.queue_id),
        c.AdmitEntry(queue_id=room.queue_id, consumer_id=person),
        c.ResumeQueue(queue_id=room.queue_id, extend_grants_seconds=300),
    ])  # fmt: skip
    room.advance(300)
    assert statuses(room) == {"GRANTED": 1}
    room.advance(61)
    assert statuses(room) == {"DENIED": 1}


def test_a_crowd_of_grants_gets_longer_in_slices_once_each_and_none_lapses_meanwhile(make_room: MakeRoom) -> None:
    room = make_room(
        admission_expiration_seconds=60, completion_grace_seconds=0, admit_rate=600_000, max_active_grants=1200,
    )  # fmt: skip
    for _ in range(3):
        crowd(room, 500)
    room.settle()
    before = room.seen()
    room.send(c.PauseQueue(queue_id=room.queue_id, scope=Scope.SERVICE))
    room.works.database.advance("50 seconds")
    room.append(c.ResumeQueue(queue_id=room.queue_id, extend_grants_seconds=300))
    room.works.drain.round(place_of(room.queue))
    assert len(longer(before, room.seen(), 300)) == SLICE
    room.works.database.advance("11 seconds")
    late = before.with_status(Status.GRANTED)[-1].consumer_id
    room.append(c.CompleteGrant(queue_id=room.queue_id, consumer_id=late, order_id="1"))
    room.settle()
    after = room.seen()
    assert len(longer(before, after, 300)) == 1199
    assert (after.queue.extensions, after.queue.line.completed, after.queue.line.inside) == ((), 1, 1200)
    check_between(before, after)
    room.advance(290)
    assert standing(before, room.seen()) == {Status.GRANTED: 1199, Status.COMPLETED: 1}
    room.advance(10)
    assert standing(before, room.seen()) == {Status.DENIED: 1199, Status.COMPLETED: 1}


def standing(before: Seen, after: Seen) -> Counter[Status]:
    """What has become of those who were inside."""
    later = after.by_id
    return Counter(later[one.id].status for one in before.with_status(Status.GRANTED))


def longer(before: Seen, after: Seen, seconds: int) -> list[UUID]:
    """Whose grant ends so many seconds later; nobody's end has moved otherwise."""
    later = after.by_id
    moved = {one.id: later[one.id].expires_at - one.expires_at for one in before.with_status(Status.GRANTED)
             if later[one.id].expires_at and one.expires_at}  # fmt: skip
    assert set(moved.values()) <= {timedelta(0), timedelta(seconds=seconds)}
    return [entry_id for entry_id, more in moved.items() if more]


def test_two_extensions_on_each_others_heels_both_count(make_room: MakeRoom) -> None:
    room = make_room(admission_expiration_seconds=60, completion_grace_seconds=0, admit_rate=600_000)
    crowd(room, 700)
    room.settle()
    before = room.seen()
    for seconds in (100, 20):
        room.append(c.PauseQueue(queue_id=room.queue_id))
        room.append(c.ResumeQueue(queue_id=room.queue_id, extend_grants_seconds=seconds))
    room.settle()
    assert len(longer(before, room.seen(), 120)) == len(before.with_status(Status.GRANTED))


def test_a_long_stretch_of_people_who_left_is_walked_past(make_room: MakeRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.repositories.line.FURTHEST", 8)
    monkeypatch.setattr("store.repositories.line.CHUNK", 4)
    room = make_room(admit_rate=60, open_at=60, entry_open_at=-60, max_active_grants=2)
    people = [uuid4() for _ in range(100)]
    room.send_together([entering(room, person) for person in people])
    room.send_together([c.LeaveQueue(queue_id=room.queue_id, consumer_id=person) for person in people[:97]])
    room.advance(70)
    room.advance(2)
    assert statuses(room) == {"LEFT": 97, "GRANTED": 2, "QUEUED": 1}
    check(room.seen())


def test_a_queue_is_served_by_its_own_timers_alone(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=1, open_at=300, entry_open_at=-60)
    crowd(room, 5)
    room.settle()
    assert statuses(room) == {"QUEUED": 5}
    room.advance(300)
    inside = [statuses(room)["GRANTED"]]
    for _ in range(4):
        room.advance(60)
        inside.append(statuses(room)["GRANTED"])
    assert inside == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("due", ["lapse", "opening", "end of a pause"])
def test_while_the_ledgers_clock_is_set_back_nobody_knocks_in_vain(make_room: MakeRoom, due: str) -> None:
    settings = {"open_at": 60, "entry_open_at": -60} if due == "opening" else {}
    room = make_room(admission_expiration_seconds=60, completion_grace_seconds=0, **settings)
    if due == "end of a pause":
        until = room.ledger_now() + timedelta(seconds=60)
        room.send(c.PauseQueue(queue_id=room.queue_id, scope=Scope.SERVICE, resume_at=until))
    room.send(entering(room))
    room.works.rows("UPDATE log_partition SET last_at = last_at + interval '1000 seconds'")
    room.send(entering(room))
    assert room.now().knock_at is not None
    room.advance(61)
    assert room.now().pause is None
    assert room.now().line.opened_at is not None
    assert statuses(room)["DENIED" if due == "lapse" else "GRANTED"] >= 1


def test_a_knock_that_comes_before_its_time_leaves_the_promise_in_force(make_room: MakeRoom) -> None:
    room = make_room(admission_expiration_seconds=60, completion_grace_seconds=0)
    room.send(entering(room))
    promised = room.now().knock_at
    room.works.advance("61 seconds")
    room.firing()
    room.works.rows("UPDATE command_log SET appended_at = appended_at - interval '30 seconds'")
    room.works.advance("-30 seconds")
    room.settle()
    assert room.now().knock_at == promised
    room.advance(31)
    assert statuses(room) == {"DENIED": 1}


def test_a_pause_ends_on_its_own_timer(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=600)
    until = room.ledger_now() + timedelta(seconds=60)
    room.send(c.PauseQueue(queue_id=room.queue_id, scope=Scope.ALL, resume_at=until))
    assert room.send(entering(room)) == "DISTRIBUTION_PAUSED"
    room.advance(61)
    assert room.now().pause is None
    assert room.send(entering(room)) is None
