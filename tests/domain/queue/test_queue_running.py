"""A queue is held, goes on, and ends."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.command import SYSTEM_ACTOR, Actor
from domain.distribution.state import Ended, Pause, Scope
from domain.queue import rules
from domain.queue.commands import EnterQueue, KillQueue, PauseQueue, ResumeQueue
from domain.queue.events import Denied, Extended, Granted, QueueChanged
from domain.queue.state import Queue, Status
from domain.queue.view import queue_facts
from domain.settings import actor_text
from tests.domain.queue.queues import (
    ADA,
    BEN,
    NOON,
    QUEUE,
    at,
    make_entry,
    make_queue,
    moment,
    refusal_of,
    reply_of,
    the_queue,
)
from tests.domain.queue.simulation import Simulation, simulated


def pausing(**how: Any) -> PauseQueue:
    """A pause is asked for."""
    return PauseQueue(queue_id=QUEUE, **how)


def resuming(**how: Any) -> ResumeQueue:
    """The end of a pause is asked for."""
    return ResumeQueue(queue_id=QUEUE, **how)


def killing(**how: Any) -> KillQueue:
    """The end is asked for."""
    return KillQueue(queue_id=QUEUE, reason="fire", **how)


def join(room: Simulation, people: int) -> None:
    """So many people enter."""
    for number in range(people):
        reply = room.send(EnterQueue(queue_id=QUEUE, consumer_id=make_entry(ticket=number).id))
        assert not hasattr(reply, "code"), reply


def paused(scope: Scope = Scope.SERVICE, *, since: float = 0, resume_at: float | None = None, **settings: Any) -> Queue:
    """A queue that is held."""
    until = None if resume_at is None else moment(resume_at)
    return replace(make_queue(**settings), pause=Pause(scope, moment(since), until, "rain"))


def test_a_pause_is_remembered_with_its_scope_and_reason() -> None:
    decision = rules.pause(make_queue(), pausing(scope=Scope.ALL, reason="rain", resume_at=moment(60)), at(3))
    queue = the_queue(decision)
    assert queue.pause == Pause(Scope.ALL, moment(3), moment(60), "rain", actor_text(SYSTEM_ACTOR))
    body = reply_of(decision).body
    assert (body["paused"], body["pauseScope"], body["statusOverride"]) == (True, "ALL", "paused")
    assert decision.events == (QueueChanged("paused", moment(3), "rain"),)


@pytest.mark.parametrize(
    ("queue", "code"),
    [
        (paused(), "ALREADY_PAUSED"),
        (replace(make_queue(), ended=Ended(NOON, "fire")), "DISTRIBUTION_CLOSED"),
        (make_queue(close_at=1), "DISTRIBUTION_CLOSED"),
    ],
)
def test_what_is_closed_or_held_is_not_paused(queue: Queue, code: str) -> None:
    assert refusal_of(rules.pause(queue, pausing(), at(1))).code == code


def test_a_queue_that_settles_can_still_be_held() -> None:
    assert the_queue(rules.pause(make_queue(close_at=1, inside=1), pausing(), at(1))).pause


@pytest.mark.parametrize(
    ("scope", "enters", "serves"),
    [(Scope.SERVICE, True, False), (Scope.ENTRY, False, True), (Scope.ALL, False, False)],
)
def test_a_pause_holds_back_what_its_scope_says(scope: Scope, *, enters: bool, serves: bool) -> None:
    room = simulated(admit_rate=60)
    join(room, 5)
    inside = len(room.with_status(Status.GRANTED))
    room.send(pausing(scope=scope))
    late = room.send(EnterQueue(queue_id=QUEUE, consumer_id=BEN))
    room.advance(10)
    assert (getattr(late, "code", None) is None) is enters
    assert (len(room.with_status(Status.GRANTED)) > inside) is serves


def test_grants_lapse_during_a_pause() -> None:
    room = simulated(admission_expiration_seconds=60, completion_grace_seconds=0)
    join(room, 1)
    room.send(pausing(scope=Scope.ALL))
    room.advance(61)
    assert room.queue.line.inside == 0


def test_going_on_is_for_what_is_held() -> None:
    assert refusal_of(rules.resume(make_queue(), [], resuming(), at())).code == "NOT_PAUSED"


@pytest.mark.parametrize(
    ("shift", "closes", "service", "expected"),
    [
        (False, 500, 600, (500, 600)),
        (True, 500, 600, (530, 630)),
        (True, 500, None, (530, None)),
        (True, None, None, (None, None)),
        (True, 90, 500, (90, 530)),
        (True, 110, 500, (140, 530)),
    ],
)
def test_going_on_may_put_off_the_ends_that_had_not_come(
    shift: bool,  # noqa: FBT001
    closes: float | None,
    service: float | None,
    expected: tuple[float | None, ...],
) -> None:
    queue = paused(since=100, close_at=closes, service_close_at=service)
    after = the_queue(rules.resume(queue, [], resuming(shift_schedule=shift), at(130)))
    assert after.pause is None
    assert (after.config.close_at, after.config.service_close_at) == tuple(
        None if end is None else moment(end) for end in expected
    )


def test_no_end_is_put_off_beyond_the_calendar() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    queue = paused(since=100)
    queue = replace(queue, config=queue.config.model_copy(update={"close_at": last}))
    assert the_queue(rules.resume(queue, [], resuming(shift_schedule=True), at(130))).config.close_at == last


def test_live_grants_may_get_longer_under_their_id() -> None:
    ada = make_entry(status=Status.GRANTED)
    decision = rules.resume(paused(), [ada], resuming(extend_grants_seconds=30), at(5))
    longer = replace(ada, expires_at=moment(90), version=ada.version + 1)
    assert longer in decision.saves
    assert Extended(ada.id, ADA, longer.version, ada.grant_id, moment(90)) in decision.events


def test_a_longer_grant_lapses_later() -> None:
    room = simulated(admission_expiration_seconds=60, completion_grace_seconds=0)
    join(room, 1)
    room.send(pausing())
    room.send(resuming(extend_grants_seconds=30))
    room.advance(89)
    assert room.queue.line.inside == 1
    room.advance(2)
    assert room.queue.line.inside == 0


@pytest.mark.parametrize(("received", "decided", "held"), [(59, 59, True), (59, 61, True), (60, 60, False)])
def test_a_pause_ends_by_itself_for_those_who_come_from_then_on(received: float, decided: float, *, held: bool) -> None:
    decision = rules.resume_if_due(paused(Scope.ENTRY, resume_at=60), at(received, decided=decided))
    assert (decision.saves == ()) is held


def test_somebody_knocks_when_a_pause_ends() -> None:
    room = simulated(admit_rate=60)
    room.send(pausing(scope=Scope.SERVICE, resume_at=moment(600)))
    join(room, 3)
    room.advance(599)
    assert room.happened(Granted) == []
    room.advance(1)
    assert room.queue.pause is None
    assert len(room.happened(Granted)) >= 1


def test_going_on_starts_no_rush() -> None:
    room = simulated(admit_rate=120)
    join(room, 500)
    room.advance(30)
    room.send(pausing())
    before = len(room.happened(Granted))
    room.advance(3600)
    room.send(resuming())
    assert len(room.happened(Granted)) - before <= 2
    room.advance(10)
    assert 18 <= len(room.happened(Granted)) - before <= 22


def test_a_pause_says_nothing_about_the_speed() -> None:
    room = simulated(admit_rate=120)
    join(room, 500)
    room.advance(30)
    speed = room.queue.line.speed
    assert speed == pytest.approx(2, rel=0.1)
    room.send(pausing())
    room.advance(3600)
    room.send(resuming())
    room.advance(15)
    assert room.queue.line.speed == pytest.approx(2, rel=0.1)


def test_whoever_holds_changes_or_ends_a_queue_is_named() -> None:
    key = Actor("secret", UUID(int=9))
    named = {"type": "key", "id": str(key.id)}
    held = rules.pause(make_queue(), pausing(), at(3), by=key)
    assert (reply_of(held).body["statusOverrideBy"], reply_of(held).body["updatedBy"]) == (named, named)
    over = rules.resume_if_due(replace(the_queue(held), pause=Pause(Scope.ALL, NOON, moment(60))), at(60))
    assert the_queue(over).updated_by == f"system:{UUID(int=0)}"
    gone = rules.kill(make_queue(), killing(), at(3), by=key)
    assert (reply_of(gone).body["statusOverrideBy"], reply_of(gone).body["updatedBy"]) == (named, named)


@pytest.mark.parametrize(
    ("queue", "status"),
    [
        (make_queue(), None),
        (make_queue(close_at=1), "completed"),
        (make_queue(close_at=1, waiting=1), None),
        (replace(make_queue(waiting=1), ended=Ended(NOON, "fire")), "pending"),
        (replace(make_queue(inside=1), ended=Ended(NOON, "fire", revoke_grants=True)), "pending"),
        (replace(make_queue(inside=1), ended=Ended(NOON, "fire")), "completed"),
    ],
)
def test_a_closed_queue_is_torn_down_once_nobody_is_left_to_turn_away(queue: Queue, status: str | None) -> None:
    assert queue_facts(queue, at(2))["teardownStatus"] == status


def test_an_end_is_for_good() -> None:
    decision = rules.kill(paused(), killing(), at(3))
    queue = the_queue(decision)
    assert (queue.ended, queue.pause) == (Ended(moment(3), "fire", by=actor_text(SYSTEM_ACTOR)), None)
    assert reply_of(decision).body["statusOverride"] == "ended"
    assert decision.events == (QueueChanged("killed", moment(3), "fire"),)
    assert refusal_of(rules.kill(queue, killing(), at(4))).code == "DISTRIBUTION_CLOSED"
    assert refusal_of(rules.resume(queue, [], resuming(), at(4))).code == "NOT_PAUSED"


@pytest.mark.parametrize("revoke", [False, True])
def test_whoever_waits_in_an_ended_queue_is_turned_away_however_many(revoke: bool) -> None:  # noqa: FBT001
    room = simulated(admit_rate=1200, batch_interval_seconds=1)
    join(room, 60)
    inside = len(room.with_status(Status.GRANTED))
    assert inside == 20
    room.send(killing(revoke_grants=revoke))
    assert room.queue.line.waiting == 0
    assert {one.reason for one in room.with_status(Status.DENIED)} == {"QUEUE_CLOSED"}
    assert len(room.happened(Denied)) == (60 if revoke else 40)
    assert room.queue.line.inside == (0 if revoke else inside)


def test_an_ended_queue_never_draws_its_order() -> None:
    room = simulated(open_at=100)
    join(room, 2)
    room.send(killing())
    room.advance(500)
    assert room.queue.line.opened_at is None
    assert room.queue.line.revealed == b""
