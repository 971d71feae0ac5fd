"""Who waits without a sign of life is turned away, on a real store, and nobody is for the house's own absence."""

import pytest

from domain.queue import commands as c
from domain.queue.state import Status
from tests.support.statements import overheard
from tests.workers.queue_room import MakeRoom, WorkedRoom, crowd, entering, make_room, one_of, statuses

__all__ = ["make_room"]


def pass_by(room: WorkedRoom, seconds: int) -> None:
    """Let time pass in steps short enough that the house is never late, its gateways listening."""
    for _ in range(seconds // 5):
        room.send(c.NotePresence(queue_id=room.queue_id, entry_ids=(), listened=True))
        room.advance(5)


def test_who_is_not_seen_is_turned_away_and_who_was_seen_in_this_drain_stays(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    ada, ben = room.append(entering(room), entering(room))
    room.settle()
    pass_by(room, 55)
    room.works.database.advance("6 seconds")
    room.send(c.NotePresence(queue_id=room.queue_id, entry_ids=(ben,), listened=True))
    assert (one_of(room, ada).reason, one_of(room, ben).status) == ("IDLE_TIMEOUT", Status.QUEUED)
    pass_by(room, 80)
    assert one_of(room, ben).reason == "IDLE_TIMEOUT"


def test_a_long_line_that_was_not_seen_is_turned_away_to_the_last(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    crowd(room, 1200)
    room.settle()
    pass_by(room, 80)
    assert statuses(room) == {"DENIED": 1200}


def test_while_the_house_itself_was_away_nobody_becomes_idle(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    ada, ben = room.append(entering(room), entering(room))
    room.settle()
    room.advance(120)
    assert statuses(room) == {"QUEUED": 2}
    pass_by(room, 50)
    room.send(c.NotePresence(queue_id=room.queue_id, entry_ids=(ben,)))
    pass_by(room, 30)
    assert (one_of(room, ada).reason, one_of(room, ben).status) == ("IDLE_TIMEOUT", Status.QUEUED)


def test_while_all_gateways_were_away_nobody_becomes_idle(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    ada, ben = room.append(entering(room), entering(room))
    room.settle()
    pass_by(room, 30)
    for _ in range(30):
        room.advance(5)
    pass_by(room, 50)
    assert statuses(room) == {"QUEUED": 2}
    room.send(c.NotePresence(queue_id=room.queue_id, entry_ids=(ben,)))
    pass_by(room, 30)
    assert (one_of(room, ada).reason, one_of(room, ben).status) == ("IDLE_TIMEOUT", Status.QUEUED)


def test_while_a_gateway_could_not_tell_of_everybody_nobody_becomes_idle(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    _, ben = room.append(entering(room), entering(room))
    room.settle()
    pass_by(room, 30)
    for _ in range(30):
        room.send(c.NotePresence(queue_id=room.queue_id, entry_ids=(ben,)))
        room.advance(5)
    assert statuses(room) == {"QUEUED": 2}


def test_who_was_seen_in_time_stays_however_far_back_in_the_log_that_lies(
    make_room: MakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.drain.BOUND", 1)
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    ada, ben = room.append(entering(room), entering(room))
    room.settle()
    pass_by(room, 55)
    room.works.database.advance("2 seconds")
    room.append(entering(room))
    room.works.database.advance("4 seconds")
    room.append(c.NotePresence(queue_id=room.queue_id, entry_ids=(ada, ben)))
    room.settle()
    assert statuses(room) == {"QUEUED": 3}


def test_without_an_idle_timeout_nobody_knocks_for_the_one_that_was(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    room.send(entering(room))
    room.send(c.UpdateQueue(queue_id=room.queue_id, changes={"idleTimeoutSeconds": None}))
    room.advance(600)
    assert statuses(room) == {"QUEUED": 1}


def test_a_shorter_idle_timeout_counts_at_once(make_room: MakeRoom) -> None:
    room = make_room(open_at=50_000, entry_open_at=-60, idle_timeout_seconds=80_000)
    room.send(entering(room))
    room.send(c.UpdateQueue(queue_id=room.queue_id, changes={"idleTimeoutSeconds": 60}))
    pass_by(room, 80)
    assert statuses(room) == {"DENIED": 1}


def test_an_idle_timeout_that_is_switched_on_judges_nobody_it_never_saw(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60)
    ada, ben = room.append(entering(room), entering(room))
    room.settle()
    room.send(c.UpdateQueue(queue_id=room.queue_id, changes={"idleTimeoutSeconds": 60}))
    room.send(c.NotePresence(queue_id=room.queue_id, entry_ids=(ben,)))
    pass_by(room, 120)
    assert (one_of(room, ada).status, one_of(room, ben).reason) == (Status.QUEUED, "IDLE_TIMEOUT")


def test_people_seen_before_a_pause_of_the_idle_timeout_have_all_of_the_next_one(make_room: MakeRoom) -> None:
    room = make_room(open_at=50_000, entry_open_at=-60, idle_timeout_seconds=80_000)
    room.send(entering(room))
    room.send(c.UpdateQueue(queue_id=room.queue_id, changes={"idleTimeoutSeconds": None}))
    room.advance(1000)
    room.send(c.UpdateQueue(queue_id=room.queue_id, changes={"idleTimeoutSeconds": 60}))
    pass_by(room, 55)
    assert statuses(room) == {"QUEUED": 1}
    pass_by(room, 25)
    assert statuses(room) == {"DENIED": 1}


def test_only_a_queue_with_an_idle_timeout_keeps_when_somebody_who_joined_was_seen(make_room: MakeRoom) -> None:
    plain = make_room(open_at=5000, entry_open_at=-60)
    watched = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    (ada,), (ben,) = plain.append(entering(plain)), watched.append(entering(watched))
    plain.settle()
    assert (one_of(plain, ada).seen_at, one_of(watched, ben).seen_at is None) == (None, False)


def test_whoever_is_noted_in_one_drain_is_read_in_one_statement(make_room: MakeRoom) -> None:
    room = make_room(open_at=5000, entry_open_at=-60, idle_timeout_seconds=60)
    people = crowd(room, 6)
    room.settle()
    for pair in (people[:2], people[2:4], people[4:]):
        room.append(c.NotePresence(queue_id=room.queue_id, entry_ids=tuple(pair)))
    with overheard() as heard:
        room.settle()
    assert len(heard.about("AS w(tenant_id, id)\nJOIN queue_entry")) == 1


def test_whoever_completes_by_name_in_one_drain_is_read_in_one_statement(make_room: MakeRoom) -> None:
    room = make_room(admit_rate=600_000)
    crowd(room, 3)
    room.settle()
    inside = [one.consumer_id for one in room.seen().with_status(Status.GRANTED)]
    room.append(*(c.CompleteGrant(queue_id=room.queue_id, consumer_id=one, order_id="1") for one in inside))
    with overheard() as heard:
        room.settle()
    assert len(heard.about("AS w(tenant_id, queue_id, consumer_id)")) == 1
    assert statuses(room) == {"COMPLETED": 3}
