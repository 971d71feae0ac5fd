"""People join the line and leave it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.distribution.state import Ended, Pause, Scope
from domain.fairness import ENTER, entry_leaf, leaf_hash
from domain.ids import unix_us
from domain.queue import rules
from domain.queue.commands import EnterQueue, LeaveQueue
from domain.queue.events import Entered, Left
from domain.queue.state import Entry, Queue, Status
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
    the_entry,
    the_queue,
    with_people,
)

COMMAND = UUID(int=0x77)


def entering(**how: Any) -> EnterQueue:
    """Ada wants to join."""
    return EnterQueue(**{"queue_id": QUEUE, "consumer_id": ADA} | how)


def leaving(entry_id: UUID | None = None) -> LeaveQueue:
    """Ada leaves."""
    return LeaveQueue(queue_id=QUEUE, consumer_id=ADA, entry_id=entry_id)


def test_whoever_joins_gets_the_next_ticket_and_a_leaf() -> None:
    queue = make_queue()
    decision = rules.enter(queue, (), COMMAND, entering(), at(1, decided=2))
    after, ada = the_queue(decision), the_entry(decision)
    assert (ada.id, ada.ticket, ada.first_ticket, ada.status) == (COMMAND, 0, 0, Status.QUEUED)
    assert (ada.received_at, ada.entered_at) == (moment(1), moment(2))
    assert (after.line.tickets, after.line.waiting) == (1, 1)
    leaf = leaf_hash(entry_leaf(ENTER, 0, COMMAND, unix_us(moment(1))))
    assert after.line.frontier.root() == leaf
    assert decision.events == (Entered(COMMAND, ADA, 1, 0, moment(2)),)
    assert reply_of(decision).body["position"] == 1
    assert after.version == queue.version


def test_before_the_opening_nobody_has_a_position() -> None:
    body = reply_of(rules.enter(make_queue(open_at=10), (), COMMAND, entering(), at(1))).body
    assert (body["position"], body["preOpen"]) == (None, True)


ENDED = Ended(NOON, "fire")
ENTRY = Pause(Scope.ENTRY, NOON, moment(60))
EVERYTHING_WRONG: dict[str, Any] = {
    "open_at": 2000, "close_at": 3000, "supports_guest": False, "capacity": 1, "waiting": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("queue", "seconds", "code"),
    [
        pytest.param(make_queue(published=False, ended=ENDED, **EVERYTHING_WRONG), 0, "QUEUE_NOT_FOUND", id="exists"),
        pytest.param(make_queue(ended=ENDED, pause=ENTRY, **EVERYTHING_WRONG), 0, "QUEUE_CLOSED", id="killed"),
        pytest.param(make_queue(pause=ENTRY, **EVERYTHING_WRONG), 3000, "QUEUE_CLOSED", id="closed"),
        pytest.param(make_queue(pause=ENTRY, **EVERYTHING_WRONG), 0, "DISTRIBUTION_PAUSED", id="paused"),
        pytest.param(make_queue(**EVERYTHING_WRONG), 0, "QUEUE_NOT_OPEN", id="not open"),
        pytest.param(make_queue(**EVERYTHING_WRONG), 1100, "GUEST_NOT_ALLOWED", id="guest"),
        pytest.param(make_queue(**EVERYTHING_WRONG | {"supports_guest": True}), 1100, "QUEUE_FULL", id="full"),
        pytest.param(make_queue(**EVERYTHING_WRONG | {"supports_guest": True, "waiting": 0}), 1100, None, id="fine"),
    ],
)
def test_the_checks_of_an_entry_come_in_their_order(queue: Queue, seconds: float, code: str | None) -> None:
    decision = rules.enter(queue, (), COMMAND, entering(), at(seconds))
    if code is None:
        assert the_entry(decision).status is Status.QUEUED
    else:
        assert refusal_of(decision).code == code


@pytest.mark.parametrize(
    ("queue", "code"),
    [
        pytest.param(make_queue(published=False), "QUEUE_NOT_FOUND", id="hidden"),
        pytest.param(make_queue(max_quantity_per_consumer=1), "VALIDATION_ERROR", id="too many"),
    ],
)
def test_what_is_wrong_with_the_question_is_said_even_to_those_inside(queue: Queue, code: str) -> None:
    assert refusal_of(rules.enter(queue, (make_entry(),), COMMAND, entering(quantity=2), at())).code == code


@pytest.mark.parametrize(
    "queue",
    [
        make_queue(ended=ENDED), make_queue(close_at=0.5), make_queue(pause=ENTRY), make_queue(open_at=9000),
        make_queue(supports_guest=False), make_queue(capacity=1, waiting=1),
    ],
    ids=["killed", "closed", "paused", "not open", "no guests", "full"],
)  # fmt: skip
def test_whoever_is_inside_already_is_told_so_before_anything_else(queue: Queue) -> None:
    decision = rules.enter(queue, (make_entry(),), COMMAND, entering(), at(1))
    assert decision.saves == ()
    assert reply_of(decision).body["participationId"] == make_entry().id


@pytest.mark.parametrize(
    ("mine", "status"),
    [
        pytest.param((make_entry(),), "QUEUED", id="waits"),
        pytest.param((make_entry(status=Status.GRANTED),), "GRANTED", id="inside"),
        pytest.param((make_entry(status=Status.DENIED),), "DENIED", id="denied is final"),
        pytest.param((make_entry(status=Status.COMPLETED),), "COMPLETED", id="completed as often as allowed"),
        pytest.param(
            (make_entry(status=Status.LEFT), make_entry(ticket=1, status=Status.DENIED)), "DENIED", id="denied later"
        ),
    ],
)
def test_nobody_is_inside_twice(mine: tuple[Entry, ...], status: str) -> None:
    decision = rules.enter(make_queue(), mine, COMMAND, entering(), at())
    assert decision.saves == ()
    assert reply_of(decision).body["status"] == status


@pytest.mark.parametrize(
    ("mine", "settings"),
    [
        pytest.param((make_entry(status=Status.LEFT),), {}, id="left"),
        pytest.param((make_entry(status=Status.LEFT), make_entry(ticket=1, status=Status.LEFT)), {}, id="left twice"),
        pytest.param(
            (make_entry(status=Status.COMPLETED),), {"max_completions_per_consumer": 2}, id="may complete more"
        ),
    ],
)
def test_whoever_has_gone_may_come_again_at_the_back(mine: tuple[Entry, ...], settings: dict[str, int]) -> None:
    queue = make_queue(**settings).with_line(tickets=5, head=5)
    again = the_entry(rules.enter(queue, mine, COMMAND, entering(), at()))
    assert (again.id, again.ticket) == (COMMAND, 5)


def test_a_second_copy_of_an_entry_finds_it_whatever_has_become_of_it() -> None:
    left, again = make_entry(status=Status.LEFT), make_entry(ticket=1)
    reply = reply_of(rules.enter(make_queue(ended=ENDED), (left, again), left.id, entering(), at()))
    assert (reply.body["participationId"], reply.body["status"]) == (left.id, "LEFT")


@pytest.mark.parametrize(
    ("settings", "seconds", "code"),
    [
        pytest.param(
            {"open_at": 1000}, 99.999999, "QUEUE_NOT_OPEN", id="just before a quarter of an hour before openAt"
        ),
        pytest.param({"open_at": 1000}, 100, None, id="a quarter of an hour before openAt"),
        pytest.param(
            {"open_at": 1000, "entry_open_at": 500}, 499.999999, "QUEUE_NOT_OPEN", id="just before entryOpenAt"
        ),
        pytest.param({"open_at": 1000, "entry_open_at": 500}, 500, None, id="at entryOpenAt"),
        pytest.param({"close_at": 1000}, 999.999999, None, id="just before closeAt"),
        pytest.param({"close_at": 1000}, 1000, "QUEUE_CLOSED", id="at closeAt"),
    ],
)
def test_an_entry_is_judged_by_the_moment_it_was_received(
    settings: dict[str, float], seconds: float, code: str | None
) -> None:
    decision = rules.enter(make_queue(**settings), (), COMMAND, entering(), at(seconds, decided=5000))
    assert getattr(decision.outcome, "code", None) == code


def test_who_comes_too_early_is_told_when_to_come() -> None:
    early = make_queue(open_at=1000, entry_open_at=500)
    assert refusal_of(rules.enter(early, (), COMMAND, entering(), at(400.5))).retry_after == 100
    held = make_queue(pause=ENTRY)
    assert refusal_of(rules.enter(held, (), COMMAND, entering(), at(10))).retry_after == 50
    held = make_queue(pause=replace(ENTRY, resume_at=None))
    assert refusal_of(rules.enter(held, (), COMMAND, entering(), at(10))).retry_after is None


@pytest.mark.parametrize(
    ("settings", "guest", "allowed"),
    [
        ({}, True, True),
        ({"supports_guest": False}, True, False),
        ({"supports_guest": False}, False, True),
        ({"allow_guests": False}, True, False),
        ({"allow_guests": False}, False, True),
    ],
)
def test_guests_come_where_queue_and_organization_let_them(
    settings: dict[str, bool],
    guest: bool,  # noqa: FBT001
    allowed: bool,  # noqa: FBT001
) -> None:
    decision = rules.enter(make_queue(**settings), (), COMMAND, entering(is_guest=guest), at())
    assert bool(decision.saves) is allowed
    assert allowed or refusal_of(decision).code == "GUEST_NOT_ALLOWED"


@pytest.mark.parametrize(("quantity", "fine"), [(0, False), (-1, False), (1, True), (3, True), (4, False)])
def test_a_quantity_is_within_its_bounds(quantity: int, *, fine: bool) -> None:
    decision = rules.enter(make_queue(max_quantity_per_consumer=3), (), COMMAND, entering(quantity=quantity), at())
    if fine:
        assert the_entry(decision).quantity == quantity
    else:
        assert refusal_of(decision).field == "/quantity"


def test_the_last_place_in_the_line_is_given_once() -> None:
    queue = make_queue(capacity=2).with_line(waiting=1)
    full = the_queue(rules.enter(queue, (), COMMAND, entering(), at()))
    assert refusal_of(rules.enter(full, (), UUID(int=8), entering(consumer_id=BEN), at())).code == "QUEUE_FULL"


@pytest.mark.parametrize(
    ("entry", "waiting", "inside", "admitted"), [(make_entry(), 0, 1, 1), (make_entry(status=Status.GRANTED), 1, 0, 0)]
)
def test_leaving_frees_the_place_at_once(entry: Entry, waiting: int, inside: int, admitted: int) -> None:
    queue = make_queue(waiting=1, inside=1, admitted=1, tickets=2)
    decision = rules.leave(queue, (entry,), leaving(), at(7))
    gone, after = the_entry(decision), the_queue(decision)
    assert (gone.status, gone.left_at) == (Status.LEFT, moment(7))
    assert gone.dequeued_at == (entry.dequeued_at or moment(7))
    assert (after.line.waiting, after.line.inside, after.line.admitted) == (waiting, inside, admitted)
    assert decision.events == (Left(entry.id, ADA, 2, moment(7)),)
    assert reply_of(decision).body["grantId"] is None


def test_when_the_first_leaves_the_next_is_looked_for() -> None:
    queue = with_people(make_queue(), [make_entry(), make_entry(BEN, 1)])
    assert the_queue(rules.leave(queue, (make_entry(),), leaving(), at())).line.head_stale
    assert not the_queue(rules.leave(queue, (make_entry(ticket=1),), leaving(), at())).line.head_stale


@pytest.mark.parametrize(
    ("mine", "entry_id", "status"),
    [
        pytest.param((), None, "NOT_QUEUED", id="never came"),
        pytest.param((make_entry(status=Status.LEFT),), None, "LEFT", id="left before"),
        pytest.param((make_entry(status=Status.DENIED),), None, "DENIED", id="denied"),
        pytest.param((make_entry(status=Status.COMPLETED),), None, "COMPLETED", id="completed"),
        pytest.param(
            (make_entry(status=Status.LEFT), make_entry(ticket=1)), make_entry().id, "LEFT", id="names the one before"
        ),
        pytest.param((make_entry(),), UUID(int=5), "NOT_QUEUED", id="names another's"),
    ],
)
def test_leaving_what_one_is_not_in_changes_nothing(
    mine: tuple[Entry, ...], entry_id: UUID | None, status: str
) -> None:
    decision = rules.leave(make_queue(), mine, leaving(entry_id), at())
    assert decision.saves == ()
    assert reply_of(decision).body["status"] == status
