"""People take part in a draw."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.distribution.state import Ended, Pause, Scope
from domain.draw import rules
from domain.draw.commands import EnterDraw
from domain.draw.events import Entered, EnteredAgain
from domain.draw.state import Draw, Entry, Status
from domain.fairness import DrawEntry, draw_entry_leaf, leaf_hash
from domain.ids import unix_us
from tests.domain.draw.draws import (
    ADA,
    BEN,
    DRAW,
    DRAWN_AT,
    NOON,
    at,
    drawn,
    make_draw,
    make_entry,
    moment,
    refusal_of,
    reply_of,
    sealed,
    selected,
    the_draw,
    the_entry,
)

COMMAND = UUID(int=0x77)
KEY = bytes([7]) * 32


def entering(**how: Any) -> EnterDraw:
    """Ada wants to take part."""
    return EnterDraw.model_construct(**EnterDraw(draw_id=DRAW, consumer_id=ADA).__dict__ | how)


def test_whoever_enters_gets_the_next_number_and_a_leaf() -> None:
    draw = make_draw()
    decision = rules.enter(draw, (), COMMAND, entering(), at(1, decided=2))
    after, ada = the_draw(decision), the_entry(decision)
    assert (ada.id, ada.number, ada.leaf, ada.first_ticket, ada.status) == (COMMAND, 0, 0, 0, Status.ENTERED)
    assert (ada.received_at, ada.entered_at) == (moment(1), moment(2))
    assert (after.pool.entries, after.pool.tickets, after.pool.entered) == (1, 1, 1)
    assert after.pool.frontier.root() == leaf_hash(draw_entry_leaf(DrawEntry(0, 0, COMMAND, unix_us(moment(1)))))
    assert after.version == draw.version


def test_an_entry_is_told_the_number_that_is_seen_from_one_on() -> None:
    decision = rules.enter(make_draw(entries=4), (), COMMAND, entering(), at(1))
    assert reply_of(decision).body["entrantNumber"] == 5
    assert decision.events == (Entered(COMMAND, ADA, 1, 5, moment(1)),)


def test_the_leaf_says_everything_that_decides_who_wins() -> None:
    draw = make_draw(max_tickets_per_entry=9, max_people_per_entry=4, entries=3, tickets=11)
    decision = rules.enter(draw, (), COMMAND, entering(tickets=5, people=4, duplicate_key=KEY), at(1))
    after, ada = the_draw(decision), the_entry(decision)
    assert (ada.number, ada.first_ticket, ada.tickets, ada.people, ada.duplicate_key) == (3, 11, 5, 4, KEY)
    assert (after.pool.entries, after.pool.tickets) == (4, 16)
    told = DrawEntry(3, 11, COMMAND, unix_us(moment(1)), 5, 4, KEY)
    assert after.pool.frontier.root() == leaf_hash(draw_entry_leaf(told))


ENDED = Ended(NOON, "fire")
ENTRY = Pause(Scope.ENTRY, NOON, moment(60))
EVERYTHING_WRONG: dict[str, Any] = {
    "open_at": 500, "close_at": 900, "supports_guest": False, "capacity": 1, "entered": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("draw", "seconds", "code"),
    [
        pytest.param(make_draw(published=False, ended=ENDED, **EVERYTHING_WRONG), 0, "DRAW_NOT_FOUND", id="hidden"),
        pytest.param(make_draw(archived=True, ended=ENDED, **EVERYTHING_WRONG), 0, "DRAW_NOT_FOUND", id="archived"),
        pytest.param(make_draw(ended=ENDED, pause=ENTRY, **EVERYTHING_WRONG), 0, "DRAW_CLOSED", id="killed"),
        pytest.param(make_draw(pause=ENTRY, **EVERYTHING_WRONG), 900, "DRAW_CLOSED", id="closed"),
        pytest.param(make_draw(pause=ENTRY, **EVERYTHING_WRONG), 0, "DISTRIBUTION_PAUSED", id="paused"),
        pytest.param(make_draw(**EVERYTHING_WRONG), 0, "DRAW_NOT_OPEN", id="not open"),
        pytest.param(make_draw(**EVERYTHING_WRONG), 600, "GUEST_NOT_ALLOWED", id="guest"),
        pytest.param(make_draw(**EVERYTHING_WRONG | {"supports_guest": True}), 600, "DRAW_FULL", id="full"),
        pytest.param(make_draw(**EVERYTHING_WRONG | {"supports_guest": True, "entered": 0}), 600, None, id="fine"),
    ],
)
def test_the_checks_of_an_entry_come_in_their_order(draw: Draw, seconds: float, code: str | None) -> None:
    decision = rules.enter(draw, (), COMMAND, entering(), at(seconds))
    if code is None:
        assert the_entry(decision).status is Status.ENTERED
    else:
        assert refusal_of(decision).code == code


@pytest.mark.parametrize(
    ("settings", "seconds", "code"),
    [
        pytest.param({"open_at": 10}, 9.999999, "DRAW_NOT_OPEN", id="just before openAt"),
        pytest.param({"open_at": 10}, 10, None, id="at openAt"),
        pytest.param({"close_at": 10}, 9.999999, None, id="just before closeAt"),
        pytest.param({"close_at": 10}, 10, "DRAW_CLOSED", id="at closeAt"),
        pytest.param({}, DRAWN_AT - 0.000001, None, id="just before drawAt"),
        pytest.param({}, DRAWN_AT, "DRAW_CLOSED", id="at drawAt"),
    ],
)
def test_an_entry_is_judged_by_the_moment_it_was_received(
    settings: dict[str, float], seconds: float, code: str | None
) -> None:
    decision = rules.enter(make_draw(**settings), (), COMMAND, entering(), at(seconds, decided=5000))
    assert getattr(decision.outcome, "code", None) == code


@pytest.mark.parametrize("draw", [sealed(make_draw()), drawn(make_draw()), selected()], ids=["sealed", "drawn", "over"])
def test_nobody_enters_once_the_entries_are_frozen_however_early_it_was_received(draw: Draw) -> None:
    assert refusal_of(rules.enter(draw, (), COMMAND, entering(), at(1, decided=5000))).code == "DRAW_CLOSED"


def test_who_comes_too_early_is_told_when_to_come() -> None:
    early = make_draw(open_at=500)
    assert refusal_of(rules.enter(early, (), COMMAND, entering(), at(400.5))).retry_after == 100
    held = make_draw(pause=ENTRY)
    assert refusal_of(rules.enter(held, (), COMMAND, entering(), at(10))).retry_after == 50
    held = make_draw(pause=replace(ENTRY, resume_at=None))
    assert refusal_of(rules.enter(held, (), COMMAND, entering(), at(10))).retry_after is None


@pytest.mark.parametrize(("scope", "enters"), [(Scope.SERVICE, True), (Scope.ENTRY, False), (Scope.ALL, False)])
def test_a_pause_holds_back_entries_when_it_says_so(scope: Scope, *, enters: bool) -> None:
    decision = rules.enter(make_draw(pause=Pause(scope, NOON)), (), COMMAND, entering(), at(1))
    assert bool(decision.saves) is enters


@pytest.mark.parametrize(
    "draw",
    [
        make_draw(close_at=0.5), make_draw(pause=ENTRY), make_draw(open_at=900), make_draw(supports_guest=False),
        make_draw(capacity=1, entered=1), sealed(make_draw()),
    ],
    ids=["closed", "paused", "not open", "no guests", "full", "frozen"],
)  # fmt: skip
def test_whoever_takes_part_already_keeps_the_first_entry_whatever_else_is_the_case(draw: Draw) -> None:
    decision = rules.enter(draw, (make_entry(),), COMMAND, entering(), at(1))
    assert decision.saves == ()
    assert reply_of(decision).body["participationId"] == make_entry().id


@pytest.mark.parametrize(
    ("mine", "status"),
    [
        pytest.param((make_entry(),), "ENTERED", id="takes part"),
        pytest.param((make_entry(status=Status.WON),), "WON", id="has won"),
        pytest.param((make_entry(status=Status.COMPLETED),), "COMPLETED", id="has completed"),
        pytest.param((make_entry(status=Status.DENIED),), "DENIED", id="denied is final"),
        pytest.param(
            (make_entry(status=Status.LEFT), make_entry(number=1, status=Status.DENIED)), "DENIED", id="denied later"
        ),
    ],
)
def test_nobody_takes_part_twice(mine: tuple[Entry, ...], status: str) -> None:
    decision = rules.enter(make_draw(), mine, COMMAND, entering(tickets=1), at())
    assert decision.saves == ()
    assert reply_of(decision).body["status"] == status


def test_whoever_has_left_may_enter_anew_with_a_new_participation_and_number() -> None:
    left = make_entry(status=Status.LEFT)
    decision = rules.enter(make_draw(entries=5, tickets=5), (left,), COMMAND, entering(), at())
    again = the_entry(decision)
    assert (again.id, again.number, again.first_ticket) == (COMMAND, 5, 5)
    assert [type(event) for event in decision.events] == [EnteredAgain]


def test_a_second_copy_of_an_entry_finds_it_whatever_has_become_of_it() -> None:
    left, again = make_entry(status=Status.LEFT), make_entry(number=1)
    reply = reply_of(rules.enter(make_draw(ended=ENDED), (left, again), left.id, entering(), at()))
    assert (reply.body["participationId"], reply.body["status"]) == (left.id, "LEFT")


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
def test_guests_come_where_draw_and_organization_let_them(
    settings: dict[str, bool],
    guest: bool,  # noqa: FBT001
    allowed: bool,  # noqa: FBT001
) -> None:
    decision = rules.enter(make_draw(**settings), (), COMMAND, entering(is_guest=guest), at())
    assert bool(decision.saves) is allowed
    assert allowed or refusal_of(decision).code == "GUEST_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("setting", "member"),
    [
        ("max_tickets_per_entry", "tickets"),
        ("max_people_per_entry", "people"),
        ("max_quantity_per_consumer", "quantity"),
    ],
)
@pytest.mark.parametrize(("asked", "fine"), [(0, False), (-1, False), (1, True), (3, True), (4, False)])
def test_what_is_asked_for_is_within_the_bounds_of_the_draw(
    setting: str, member: str, asked: int, *, fine: bool
) -> None:
    decision = rules.enter(make_draw(**{setting: 3}), (), COMMAND, entering(**{member: asked}), at())
    if fine:
        assert getattr(the_entry(decision), member) == asked
    else:
        refused = refusal_of(decision)
        assert (refused.code, refused.field) == ("VALIDATION_ERROR", f"/{member}")


@pytest.mark.parametrize(
    ("said_by", "by_organization", "tickets", "fine"),
    [
        pytest.param("organization", False, 3, False, id="an entrant says a weight that is not theirs to say"),
        pytest.param("organization", False, 1, True, id="an entrant says nothing of it"),
        pytest.param("organization", True, 3, True, id="the organization says it"),
        pytest.param("organization", True, 4, False, id="the organization says more than there may be"),
        pytest.param("entrant", False, 3, True, id="entrants may say it"),
    ],
)
def test_a_weight_is_said_by_whoever_may_say_it(
    said_by: str, tickets: int, *, by_organization: bool, fine: bool
) -> None:
    draw = make_draw(tickets_by=said_by, max_tickets_per_entry=3)
    decision = rules.enter(draw, (), COMMAND, entering(tickets=tickets, by_organization=by_organization), at())
    if fine:
        assert the_entry(decision).tickets == tickets
    else:
        assert (refusal_of(decision).code, refusal_of(decision).field) == ("VALIDATION_ERROR", "/tickets")


@pytest.mark.parametrize(("by_organization", "code"), [(False, "ACCESS_DENIED"), (True, None)])
def test_where_the_organization_enters_people_nobody_comes_in_without_it(
    code: str | None, *, by_organization: bool
) -> None:
    draw = make_draw(entries_by="organization")
    decision = rules.enter(draw, (), COMMAND, entering(by_organization=by_organization), at())
    assert getattr(decision.outcome, "code", None) == code
    again = rules.enter(draw, (make_entry(),), COMMAND, entering(by_organization=by_organization), at())
    assert reply_of(again).body["status"] == "ENTERED"


@pytest.mark.parametrize(
    ("draw", "code"),
    [
        pytest.param(make_draw(open_at=500), "DRAW_NOT_OPEN", id="before it opens"),
        pytest.param(sealed(make_draw()), "DRAW_CLOSED", id="after it closed"),
        pytest.param(make_draw(pause=ENTRY), "DISTRIBUTION_PAUSED", id="paused"),
        pytest.param(make_draw(supports_guest=False), "GUEST_NOT_ALLOWED", id="a guest"),
        pytest.param(make_draw(capacity=1, entered=1), "DRAW_FULL", id="full"),
    ],
)
def test_whom_the_organization_enters_is_refused_for_the_same_reasons(draw: Draw, code: str) -> None:
    assert refusal_of(rules.enter(draw, (), COMMAND, entering(by_organization=True), at())).code == code


def test_what_is_wrong_with_the_question_is_said_even_to_those_inside() -> None:
    assert refusal_of(rules.enter(make_draw(), (make_entry(),), COMMAND, entering(tickets=2), at())).field == "/tickets"


def test_the_last_entry_that_is_taken_is_taken_once() -> None:
    full = the_draw(rules.enter(make_draw(capacity=2, entered=1), (), COMMAND, entering(), at()))
    assert refusal_of(rules.enter(full, (), UUID(int=8), entering(consumer_id=BEN), at())).code == "DRAW_FULL"


def test_who_leaves_makes_room_for_another() -> None:
    draw = make_draw(capacity=1, entries=1, tickets=1, entered=0)
    assert the_entry(rules.enter(draw, (), COMMAND, entering(), at())).number == 1
