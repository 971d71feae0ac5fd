"""What people and organizations are told of a draw."""

from dataclasses import replace
from typing import Any

import pytest

from domain.distribution.state import Ended, Pause, Scope
from domain.draw import rules
from domain.draw.commands import DenyEntrant
from domain.draw.state import Draw, Status
from domain.draw.view import draw_facts, entry_facts, fate, published_rules, reply_of
from tests.domain.draw.draws import (
    BEN,
    DRAW,
    DRAWN_AT,
    NOON,
    SECRET,
    at,
    drawn,
    make_draw,
    make_entry,
    moment,
    sealed,
    selected,
)
from tests.domain.draw.naive import rules_of

WON, LOST = make_entry(status=Status.WON), make_entry(BEN, 1)
DRAW_OF_TEN = selected([WON, LOST]).with_pool(frozen=10, entries=10, last=4, reached=1)
LATER = at(DRAWN_AT + 9)


def told(draw: Draw, entry: Any = LOST, rank: int | None = 1) -> dict[str, Any]:
    """The state of a participation, as it is told to whoever knows its rank."""
    return entry_facts(entry) | fate(draw, entry, rank)


def test_a_win_is_named_only_while_it_lives() -> None:
    live = entry_facts(WON)
    assert (live["status"], live["grantId"], live["rank"], live["promoted"]) == ("WON", WON.grant_id, 0, False)
    assert live["expiresAt"] == "2026-11-21T12:17:40.250Z"
    used = entry_facts(replace(WON, status=Status.COMPLETED))
    assert (used["grantId"], used["expiresAt"]) == (None, None)


def test_before_the_draw_nobody_has_a_place_among_the_alternates() -> None:
    for draw in (make_draw(), sealed(make_draw()), drawn(make_draw(entries=2))):
        assert (told(draw)["status"], told(draw)["alternatePosition"]) == ("ENTERED", None)


@pytest.mark.parametrize(("rank", "position"), [(1, 1), (2, 2), (3, 3), (0, 1)])
def test_alternates_are_told_how_many_are_before_them(rank: int, position: int) -> None:
    state = told(DRAW_OF_TEN, rank=rank)
    assert (state["status"], state["alternatePosition"]) == ("ENTERED", position)


def test_who_waits_behind_the_order_stands_behind_the_last_alternate() -> None:
    assert told(DRAW_OF_TEN, replace(LOST, behind=0), rank=0)["alternatePosition"] == 4
    used_up = DRAW_OF_TEN.with_pool(reached=4)
    assert told(used_up, replace(LOST, behind=0), rank=0)["alternatePosition"] == 1


@pytest.mark.parametrize(
    ("draw", "rank", "reason", "denied_at"),
    [
        pytest.param(DRAW_OF_TEN, 4, "NOT_SELECTED", DRAWN_AT, id="beyond the last alternate"),
        pytest.param(DRAW_OF_TEN.with_pool(completed_at=moment(5000)), 1, "NOT_SELECTED", 5000, id="over"),
        pytest.param(replace(DRAW_OF_TEN, ended=Ended(moment(77), "fire")), 1, "DRAW_CLOSED", 77, id="void"),
        pytest.param(
            selected([WON, LOST], reached=2, continue_selecting_until_completed=False), 1, "NOT_SELECTED", DRAWN_AT,
            id="passed over, and nobody is promoted",
        ),
    ],
)  # fmt: skip
def test_losers_are_told_though_their_rows_say_nothing(draw: Draw, rank: int, reason: str, denied_at: float) -> None:
    state = told(draw, rank=rank)
    assert (state["status"], state["reason"], state["stateVersion"]) == ("DENIED", reason, LOST.version + 1)
    assert state["deniedAt"] == told(draw, replace(LOST, denied_at=moment(denied_at), status=Status.DENIED))["deniedAt"]


@pytest.mark.parametrize("status", [Status.WON, Status.COMPLETED, Status.LEFT, Status.DENIED])
def test_whoever_has_a_fate_of_their_own_is_told_that(status: Status) -> None:
    entry = make_entry(status=status)
    for draw in (DRAW_OF_TEN.with_pool(completed_at=NOON), replace(DRAW_OF_TEN, ended=Ended(NOON, "fire"))):
        assert told(draw, entry, rank=9)["status"] == status.value


@pytest.mark.parametrize(
    "draw",
    [
        DRAW_OF_TEN.with_pool(completed_at=NOON), replace(DRAW_OF_TEN, ended=Ended(NOON, "fire")),
        selected([WON, LOST], reached=1, continue_selecting_until_completed=False),
    ],
    ids=["over", "void", "no backfill"],
)  # fmt: skip
def test_who_has_lost_already_cannot_be_refused_once_more(draw: Draw) -> None:
    command = DenyEntrant(draw_id=DRAW, consumer_id=BEN, reason="BOT_DETECTED")
    decision = rules.deny(draw, [LOST], command, LATER)
    assert decision.saves == ()
    assert decision.outcome == reply_of(draw, LOST, LATER)


def test_the_rules_that_are_committed_to_have_no_times() -> None:
    draw = make_draw(alternate_count=3, on_expiry="requeue", max_tickets_per_entry=5, max_people_per_entry=2)
    assert published_rules(draw).as_json() == rules_of(draw)


def test_the_facts_of_a_draw_never_tell_its_secret() -> None:
    for draw in (make_draw(), sealed(make_draw()), DRAW_OF_TEN):
        assert SECRET.hex() not in str(draw_facts(draw, LATER))


@pytest.mark.parametrize(
    ("draw", "status", "lifecycle"),
    [
        (make_draw(open_at=DRAWN_AT - 1), "pending", "settling"),
        (make_draw(published=False), "pending", "scheduled"),
        (sealed(make_draw()), "sealed", "settling"),
        (DRAW_OF_TEN, "drawn", "settling"),
        (DRAW_OF_TEN.with_pool(completed_at=NOON), "completed", "settling"),
        (DRAW_OF_TEN.with_pool(completed_at=NOON, inside=0), "completed", "closed"),
        (replace(DRAW_OF_TEN, ended=Ended(NOON, "fire")), "void", "closed"),
    ],
)
def test_a_draw_says_how_far_it_has_come(draw: Draw, status: str, lifecycle: str) -> None:
    facts = draw_facts(draw, LATER)
    assert (facts["drawStatus"], facts["lifecycle"]) == (status, lifecycle)


@pytest.mark.parametrize(("seconds", "lifecycle"), [(9, "scheduled"), (10, "open"), (899, "open"), (900, "settling")])
def test_windows_include_their_beginning_and_exclude_their_end(seconds: float, lifecycle: str) -> None:
    assert draw_facts(make_draw(open_at=10, close_at=900), at(seconds))["lifecycle"] == lifecycle


def test_the_facts_name_every_date_that_follows_from_the_others() -> None:
    facts = draw_facts(make_draw(), at(1))
    assert facts["closeAt"] == facts["drawAt"] == "2026-11-21T12:16:40.250Z"
    assert facts["claimCloseAt"] == "2026-12-21T12:16:40.250Z"


def test_the_facts_count_who_takes_part_and_then_who_did() -> None:
    assert draw_facts(make_draw(entries=5, entered=3), at(1))["entrantCount"] == 3
    facts = draw_facts(DRAW_OF_TEN, LATER)
    assert (facts["entrantCount"], facts["winnersSelected"], facts["activeGrants"], facts["completedCount"]) == (
        10,
        1,
        1,
        0,
    )


def test_the_facts_say_who_holds_the_draw_and_until_when() -> None:
    held = make_draw(pause=Pause(Scope.ENTRY, moment(5), moment(60), "rain", "secret:9"))
    facts = draw_facts(held, at(6))
    assert (facts["paused"], facts["pauseScope"], facts["resumeAt"]) == (True, "ENTRY", "2026-11-21T12:01:00.250Z")
    assert (facts["statusOverride"], facts["statusOverrideReason"]) == ("paused", "rain")
    assert facts["statusOverrideBy"] == {"type": "key", "id": "9"}
