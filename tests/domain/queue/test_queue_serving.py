"""What a queue does by itself: open, let in, let lapse, turn away, and knock when something is due."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from domain.distribution.state import Ended, Pause, Scope
from domain.fairness import REQUEUE, cohort_order, entry_leaf, leaf_hash, order_seed, rules_hash
from domain.ids import unix_us
from domain.queue import commands as c
from domain.queue import rules
from domain.queue.events import Denied, Granted, OrderFixed
from domain.queue.events import Requeued as WentBack
from domain.queue.state import Entry, Queue, Requeued, Status
from domain.queue.view import place, published_rules
from tests.domain.queue.merkle import leaves_of, naive_root
from tests.domain.queue.queues import (
    ADA,
    BEN,
    CLEO,
    NOON,
    QUEUE,
    SECRET,
    TENANT,
    at,
    make_entry,
    make_queue,
    moment,
    the_entry,
    the_queue,
    with_people,
)
from tests.domain.queue.simulation import Simulation, simulated


def person(number: int) -> UUID:
    """Somebody."""
    return UUID(int=0xF000 + number)


def join(room: Simulation, *numbers: int) -> None:
    """These people enter, one after the other."""
    for number in numbers:
        room.send(c.EnterQueue(queue_id=QUEUE, consumer_id=person(number)))


def test_the_order_is_drawn_from_everything_that_was_settled_before() -> None:
    room = simulated(open_at=100)
    join(room, *range(9))
    before = room.queue
    decision = rules.open_if_due(before, at(100, decided=101))
    line = the_queue(decision).line
    assert (line.cohort, line.opened_at, line.revealed) == (9, moment(101), SECRET)
    assert line.tree_head == before.line.frontier.root()
    assert line.seed == order_seed(QUEUE, rules_hash(published_rules(before)), line.tree_head, 9, SECRET)
    assert decision.events == (OrderFixed(moment(101), 9, line.tree_head.hex(), line.seed.hex()),)
    assert the_queue(decision).version == before.version


@pytest.mark.parametrize(
    ("received", "decided", "opens"),
    [(99.999999, 99.999999, False), (99.999999, 500, False), (100, 100, True), (100, 500, True)],
)
def test_a_queue_opens_with_the_first_command_that_is_received_at_its_opening(
    received: float, decided: float, *, opens: bool
) -> None:
    decision = rules.open_if_due(make_queue(open_at=100), at(received, decided=decided))
    assert bool(decision.saves) is opens


def test_who_comes_before_the_opening_but_is_decided_after_it_is_drawn_with_the_others() -> None:
    queue = make_queue(open_at=100)
    early, late = at(99, decided=105), at(101, decided=105)
    queue = the_queue(rules.enter(queue, (), UUID(int=1), c.EnterQueue(queue_id=QUEUE, consumer_id=ADA), early))
    queue = the_queue(rules.open_if_due(queue, late))
    queue = the_queue(rules.enter(queue, (), UUID(int=2), c.EnterQueue(queue_id=QUEUE, consumer_id=BEN), late))
    assert queue.line.cohort == 1
    assert queue.line.rank_of(1) == 1


def test_a_queue_without_an_opening_is_open_from_its_first_moment() -> None:
    assert make_queue(opened_at=None) != make_queue()
    assert make_queue().line.opened_at == NOON
    assert make_queue().line.cohort == 0


@pytest.mark.parametrize("hidden", [{"published": False}, {"archived": True}, {"ended": Ended(NOON, "fire")}])
def test_a_queue_that_nobody_can_see_does_not_open(hidden: dict[str, Any]) -> None:
    queue = make_queue(open_at=100, **hidden)
    assert rules.open_if_due(queue, at(200)).saves == ()
    assert rules.next_knock(queue, moment(200)) is None


def test_the_order_is_drawn_once() -> None:
    opened = the_queue(rules.open_if_due(make_queue(open_at=100), at(100)))
    assert rules.open_if_due(opened, at(200)).saves == ()


def test_the_cohort_is_let_in_in_its_order_and_later_ones_behind_it() -> None:
    room = simulated(open_at=100, admit_rate=60)
    join(room, *range(12))
    room.advance(100)
    join(room, *range(12, 18))
    room.advance(60)
    order = cohort_order(room.queue.line.seed, 12)
    tickets = [room.entries[event.participation_id].ticket for event in room.happened(Granted)]
    assert tickets == [*(order.ticket_at(rank) for rank in range(12)), *range(12, 18)]


def test_those_who_left_before_the_opening_are_skipped() -> None:
    room = simulated(open_at=100, admit_rate=6000)
    join(room, *range(6))
    for number in (0, 3, 4):
        room.send(c.LeaveQueue(queue_id=QUEUE, consumer_id=person(number)))
    room.advance(101)
    assert {event.consumer_id for event in room.happened(Granted)} == {person(1), person(2), person(5)}
    assert room.queue.line.cohort == 6
    assert room.queue.line.head == 6


def test_opening_lets_somebody_in_at_once() -> None:
    room = simulated(open_at=100, admit_rate=1)
    join(room, 0, 1)
    room.advance(100)
    assert len(room.happened(Granted)) == 1


def test_every_order_of_three_comes_about() -> None:
    seen = set[tuple[int, ...]]()
    for number in range(60):
        queue = make_queue(open_at=1, server_seed=number.to_bytes(32, "big")).with_line(tickets=3, waiting=3)
        line = the_queue(rules.open_if_due(queue, at(1))).line
        seen.add(tuple(line.ticket_at(rank) for rank in range(3)))
    assert seen == set(permutations(range(3)))


@pytest.mark.parametrize(
    ("line", "settings", "expected"),
    [
        pytest.param({}, {}, 5, id="the rate"),
        pytest.param({"waiting": 2}, {}, 2, id="who waits"),
        pytest.param({"inside": 7}, {"max_active_grants": 9}, 2, id="the places inside"),
        pytest.param({"inside": 9}, {"max_active_grants": 9}, 0, id="no place inside"),
        pytest.param({"inside": 12}, {"max_active_grants": 9}, 0, id="more inside than places, out of turn"),
        pytest.param({"admitted": 6}, {"max_admissions": 9}, 3, id="the admissions"),
        pytest.param(
            {"inside": 8, "admitted": 5}, {"max_admissions": 9, "max_active_grants": 9}, 1, id="all of them together"
        ),
        pytest.param({"credit": 59_999_999}, {}, 0, id="nearly a grant's credit"),
    ],
)
def test_all_limits_hold_together(line: dict[str, int], settings: dict[str, int], expected: int) -> None:
    queue = make_queue(admit_rate=300, waiting=50, credit=5 * 60_000_000, **settings).with_line(**line)
    assert rules.room(queue, NOON)[1] == expected


@pytest.mark.parametrize(
    "queue",
    [
        make_queue(open_at=100, waiting=3),
        make_queue(waiting=3, ended=Ended(NOON, "fire")),
        make_queue(waiting=3, pause=Pause(Scope.SERVICE, NOON)),
        make_queue(waiting=3, pause=Pause(Scope.ALL, NOON)),
        make_queue(waiting=3, service_close_at=0),
    ],
    ids=["before the opening", "killed", "service paused", "all paused", "service over"],
)
def test_nobody_is_let_in_when_nobody_is_served(queue: Queue) -> None:
    assert rules.room(queue, NOON)[1] == 0


def test_a_grant_has_an_id_that_follows_from_the_participation() -> None:
    queue = with_people(make_queue(), [make_entry(), make_entry(BEN, 1)])
    called = [make_entry(), make_entry(BEN, 1)]
    once, twice = (rules.call_next(queue, called, 2, NOON) for _ in range(2))
    assert once == twice
    ids = [entry.grant_id for entry in once.saves if isinstance(entry, Entry)]
    assert len(set(ids)) == 2


def test_the_head_is_looked_for_on_when_it_was_not_found() -> None:
    queue = make_queue(tickets=9000, head=0, head_stale=True, waiting=1)
    after = the_queue(rules.call_next(queue, [], 4096, NOON, stale=True))
    assert (after.line.head, after.line.head_stale) == (4096, True)
    assert rules.next_knock(after, NOON) == NOON


def test_the_head_never_falls() -> None:
    assert the_queue(rules.call_next(make_queue(tickets=9, head=5), [], 3, NOON)).line.head == 5


LAPSED = make_entry(status=Status.GRANTED)


def test_a_grant_that_lapses_is_denied_or_goes_to_the_back() -> None:
    denied = rules.lapse(with_people(make_queue(), [LAPSED]), [LAPSED], None, at(400))
    gone = the_entry(denied)
    assert (gone.status, gone.reason, gone.denied_at) == (Status.DENIED, "ADMISSION_EXPIRED", moment(400))
    line = the_queue(denied).line
    assert (line.inside, line.admitted, line.waiting, line.lapse_at) == (0, 0, 0, None)
    assert denied.events == (Denied(gone.id, ADA, 2, moment(400), "ADMISSION_EXPIRED"),)


def test_who_lets_a_grant_lapse_goes_back_to_a_line_that_is_full_by_then() -> None:
    queue = with_people(make_queue(on_expiry="requeue", capacity=1), [LAPSED]).with_line(waiting=1)
    decision = rules.lapse(queue, [LAPSED], None, at(400))
    assert the_entry(decision).status is Status.QUEUED
    assert the_queue(decision).line.waiting == 2


def test_going_to_the_back_is_a_new_ticket_and_a_leaf_of_its_own() -> None:
    queue = with_people(make_queue(on_expiry="requeue"), [LAPSED])
    decision = rules.lapse(queue, [LAPSED], moment(9), at(400, decided=402))
    back, line = the_entry(decision), the_queue(decision).line
    assert (back.status, back.ticket, back.first_ticket, back.requeues) == (Status.QUEUED, 1, 0, 1)
    assert (back.grant_id, back.expires_at, back.granted_at, back.dequeued_at) == (None, None, None, None)
    assert Requeued(TENANT, QUEUE, 1, back.id, moment(400)) in decision.saves
    assert (line.tickets, line.inside, line.admitted, line.waiting, line.lapse_at) == (2, 0, 0, 1, moment(9))
    leaf = leaf_hash(entry_leaf(REQUEUE, 1, back.id, unix_us(moment(400))))
    assert line.frontier == queue.line.frontier.append(leaf)
    assert decision.events == (WentBack(back.id, ADA, 2, 1, moment(402), 1),)


@pytest.mark.parametrize(
    ("requeues", "limit", "ended", "status"),
    [
        (0, 1, None, Status.QUEUED),
        (1, 1, None, Status.DENIED),
        (1, 3, None, Status.QUEUED),
        (3, 3, None, Status.DENIED),
        (0, 3, Ended(NOON, "fire"), Status.DENIED),
    ],
)
def test_nobody_goes_to_the_back_more_often_than_allowed(
    requeues: int, limit: int, ended: Ended | None, status: Status
) -> None:
    queue = with_people(make_queue(on_expiry="requeue", requeue_limit=limit, ended=ended), [LAPSED])
    decision = rules.lapse(queue, [replace(LAPSED, requeues=requeues)], None, at(400))
    assert the_entry(decision).status is status


def test_those_who_go_back_together_keep_their_order() -> None:
    order = make_queue(open_at=1, on_expiry="requeue").with_line(tickets=5)
    queue = the_queue(rules.open_if_due(order, at(1))).with_line(inside=5, admitted=5)
    inside = [make_entry(person(ticket), ticket, Status.GRANTED) for ticket in range(5)]
    decision = rules.lapse(queue, inside, None, at(400))
    back = sorted((one for one in decision.saves if isinstance(one, Entry)), key=lambda one: one.ticket)
    assert [one.first_ticket for one in back] == [queue.line.ticket_at(rank) for rank in range(5)]


def test_a_lapsed_place_goes_to_the_next_and_not_before_the_grace_is_over() -> None:
    room = simulated(max_active_grants=1, admission_expiration_seconds=60, completion_grace_seconds=10)
    join(room, 0, 1)
    room.advance(69)
    assert [event.consumer_id for event in room.happened(Granted)] == [person(0)]
    room.advance(1)
    assert [event.consumer_id for event in room.happened(Granted)] == [person(0), person(1)]


@pytest.mark.parametrize("way_out", ["complete", "leave", "deny"])
def test_a_freed_place_is_filled_in_the_same_drain_when_the_rate_allows(way_out: str) -> None:
    room = simulated(max_active_grants=1, admit_rate=600)
    join(room, 0, 1)
    room.advance(5)
    assert room.queue.line.inside == 1
    ways: dict[str, c.QueueCommand] = {
        "complete": c.CompleteGrant(queue_id=QUEUE, consumer_id=person(0), order_id="1"),
        "leave": c.LeaveQueue(queue_id=QUEUE, consumer_id=person(0)),
        "deny": c.DenyEntry(queue_id=QUEUE, consumer_id=person(0), reason="ADMIN_ACTION"),
    }
    room.send(ways[way_out])
    live = room.live(person(1))
    assert live is not None
    assert live.status is Status.GRANTED


def test_lapsed_admissions_do_not_count_and_completed_ones_do() -> None:
    room = simulated(max_admissions=2, admission_expiration_seconds=60, completion_grace_seconds=0)
    join(room, *range(5))
    room.advance(2)
    room.send(c.CompleteGrant(queue_id=QUEUE, consumer_id=person(0), order_id="1"))
    room.advance(3600)
    granted = [event.consumer_id for event in room.happened(Granted)]
    assert granted == [person(number) for number in range(5)]
    assert room.queue.line.admitted == 1


def test_who_waits_when_service_ends_is_turned_away() -> None:
    room = simulated(admit_rate=1, close_at=50, service_close_at=100)
    join(room, *range(8))
    room.advance(99)
    assert room.queue.line.waiting == 6
    room.advance(1)
    assert room.queue.line.waiting == 0
    assert {event.reason for event in room.happened(Denied)} == {"QUEUE_CLOSED"}


def test_without_an_end_of_service_the_line_is_served_to_its_end() -> None:
    room = simulated(admit_rate=6, close_at=5)
    join(room, *range(8))
    room.advance(120)
    assert len(room.happened(Granted)) == 8


def test_who_is_not_seen_for_too_long_is_turned_away_and_who_is_seen_stays() -> None:
    room = simulated(open_at=3000, entry_open_at=0, idle_timeout_seconds=60)
    join(room, 0, 1)
    for _ in range(4):
        room.advance(30)
        seen = room.live(person(0))
        assert seen is not None
        room.send(c.NotePresence(queue_id=QUEUE, entry_ids=(seen.id,), listened=True))
    assert room.live(person(1)) is None
    assert [event.reason for event in room.happened(Denied)] == ["IDLE_TIMEOUT"]


def test_nobody_is_idle_in_a_time_in_which_no_gateway_could_tell_of_the_queue() -> None:
    room = simulated(open_at=3000, entry_open_at=0, idle_timeout_seconds=60)
    listen(room, 10)
    join(room, 0, 1)
    listen(room, 30)
    room.advance(300)  # because all gateways are away
    listen(room, 50, of=0)
    assert {room.live(person(0)) is None, room.live(person(1)) is None} == {False}
    listen(room, 40, of=0)
    assert (room.live(person(0)) is None, room.live(person(1)) is None) == (False, True)


def test_a_short_silence_of_the_gateways_changes_nothing() -> None:
    room = simulated(open_at=3000, entry_open_at=0, idle_timeout_seconds=60)
    listen(room, 10)
    join(room, 0)
    for _ in range(4):
        room.advance(15)
        listen(room, 10)
    assert room.live(person(0)) is None


def listen(room: Simulation, seconds: int, *, of: int | None = None) -> None:
    """A gateway tells every ten seconds whom it has seen: one person, or nobody."""
    for _ in range(seconds // 10):
        room.advance(10)
        seen = None if of is None else room.live(person(of))
        room.send(c.NotePresence(queue_id=QUEUE, entry_ids=() if seen is None else (seen.id,), listened=True))


def test_nothing_is_due_any_more_when_the_idle_timeout_was_taken_away() -> None:
    room = simulated(open_at=3000, entry_open_at=0, idle_timeout_seconds=60)
    join(room, 0)
    room.send(c.UpdateQueue(queue_id=QUEUE, changes={"idleTimeoutSeconds": None}))
    room.advance(600)
    assert room.live(person(0)) is not None
    assert room.queue.knock_at == moment(3000)


def test_turning_away_takes_the_counts_along() -> None:
    people = [make_entry(), make_entry(BEN, 1), make_entry(CLEO, 2, Status.GRANTED)]
    decision = rules.turn_away(with_people(make_queue(), people), people[:2], "QUEUE_CLOSED", moment(5))
    line = the_queue(decision).line
    assert (line.waiting, line.inside, line.head_stale) == (0, 1, True)
    gone = [one for one in decision.saves if isinstance(one, Entry)]
    assert {(one.status, one.reason, one.denied_at) for one in gone} == {(Status.DENIED, "QUEUE_CLOSED", moment(5))}


LATER = moment(7)


@pytest.mark.parametrize(
    ("queue", "due"),
    [
        pytest.param(make_queue(), None, id="nobody is there"),
        pytest.param(make_queue(open_at=50), moment(50), id="the opening"),
        pytest.param(make_queue(waiting=1), LATER, id="the next turn is now"),
        pytest.param(make_queue(waiting=1, credit=0), moment(8), id="the next turn is at the next tick"),
        pytest.param(make_queue(waiting=1, credit=0, admit_rate=20), moment(10), id="the next turn is some ticks away"),
        pytest.param(make_queue(waiting=1, max_active_grants=1, inside=1), None, id="no place inside"),
        pytest.param(make_queue(waiting=1, max_admissions=1, admitted=1), None, id="no admission left"),
        pytest.param(make_queue(inside=1, lapse_at=moment(20)), moment(320), id="a grant and its grace end"),
        pytest.param(make_queue(inside=0, lapse_at=moment(20)), None, id="the grant is gone"),
        pytest.param(make_queue(pause=Pause(Scope.ALL, NOON, moment(30)), waiting=1), moment(30), id="the pause ends"),
        pytest.param(make_queue(pause=Pause(Scope.ALL, NOON), waiting=1), None, id="a pause without an end"),
        pytest.param(make_queue(pause=Pause(Scope.ENTRY, NOON), waiting=1), LATER, id="only entries are paused"),
        pytest.param(
            make_queue(waiting=1, credit=0, admit_rate=1, service_close_at=9), moment(9), id="the end of service"
        ),
        pytest.param(make_queue(waiting=0, service_close_at=9), None, id="the end of service, and nobody waits"),
        pytest.param(
            make_queue(waiting=1, credit=0, admit_rate=1, idle_timeout_seconds=60, idle_at=moment(9)), moment(9), id="idle"
        ),
        pytest.param(make_queue(waiting=1, credit=0, idle_at=NOON), moment(8), id="no idle timeout any more"),
        pytest.param(make_queue(waiting=1, ended=Ended(NOON, "fire")), LATER, id="some still wait in an ended queue"),
        pytest.param(make_queue(inside=1, ended=Ended(NOON, "fire")), None, id="an ended queue whose grants run on"),
        pytest.param(
            make_queue(inside=1, ended=Ended(NOON, "fire", revoke_grants=True)), LATER, id="grants are yet to be revoked"
        ),
    ],
)  # fmt: skip
def test_somebody_knocks_when_something_is_due(queue: Queue, due: datetime | None) -> None:
    assert rules.next_knock(queue, LATER) == due


def test_a_position_counts_from_the_head_and_is_never_less_than_one() -> None:
    queue = make_queue(head=4, tickets=10)
    positions = [place(queue, make_entry(ticket=ticket))["position"] for ticket in (2, 4, 5, 9)]
    assert positions == [1, 1, 2, 6]


def test_an_empty_line_is_not_a_slow_one() -> None:
    room = simulated(admit_rate=600)
    join(room, *range(300))
    room.advance(60)
    assert room.queue.line.speed == pytest.approx(10, rel=0.15)
    for number in range(300, 320):
        room.advance(60)
        join(room, number)
    assert room.queue.line.speed == pytest.approx(10, rel=0.15)


def test_the_speed_follows_the_rate() -> None:
    room = simulated(admit_rate=600)
    join(room, *range(900))
    room.advance(30)
    room.send(c.UpdateQueue(queue_id=QUEUE, changes={"admitRate": 60}))
    room.advance(200)
    assert room.queue.line.speed == pytest.approx(1, rel=0.15)


def test_the_log_has_a_leaf_for_every_ticket() -> None:
    room = simulated(on_expiry="requeue", admission_expiration_seconds=60, completion_grace_seconds=0)
    join(room, *range(5))
    room.advance(600)
    assert len(room.second_leaves) == 5
    leaves = leaves_of(room.entries.values(), room.second_leaves)
    assert len(leaves) == room.queue.line.tickets == 10
    assert naive_root(leaves) == room.queue.line.frontier.root()
