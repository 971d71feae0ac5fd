"""People take part no more, by their own will or somebody else's."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.decision import Decision
from domain.distribution.state import Ended
from domain.draw import rules
from domain.draw.commands import DenyEntrant, LeaveDraw
from domain.draw.events import Denied, Left
from domain.draw.state import Draw, Entry, Status
from domain.fairness import DRAW_DENY, DRAW_LEAVE, draw_exit_leaf, leaf_hash
from domain.ids import unix_us
from tests.domain.draw.draws import (
    ADA,
    BEN,
    DRAW,
    DRAWN_AT,
    NOON,
    at,
    drawn,
    logged,
    make_draw,
    make_entry,
    moment,
    refusal_of,
    reply_of,
    sealed,
    selected,
    the_draw,
    the_entry,
    with_people,
)

ENTERED, WON = make_entry(), make_entry(status=Status.WON)
LOST = make_entry(BEN, 1)


def leave(draw: Draw, *mine: Entry, entry_id: UUID | None = None, seconds: float = 7) -> Decision:
    """Ada leaves."""
    return rules.leave(draw, mine, LeaveDraw(draw_id=DRAW, consumer_id=ADA, entry_id=entry_id), at(seconds))


def deny(draw: Draw, *mine: Entry, reason: str = "BOT_DETECTED", seconds: float = 7) -> Decision:
    """Ada is refused."""
    return rules.deny(draw, mine, DenyEntrant(draw_id=DRAW, consumer_id=ADA, reason=reason, note="odd"), at(seconds))


def test_leaving_before_the_freeze_is_a_leaf() -> None:
    draw = with_people(make_draw(), [ENTERED])
    decision = leave(draw, ENTERED)
    gone, after = the_entry(decision), the_draw(decision)
    assert (gone.status, gone.left_at, gone.absent, gone.version) == (Status.LEFT, moment(7), True, 2)
    assert (gone.out_leaf, gone.out_at) == (draw.pool.frontier.size, moment(7))
    assert after.pool.frontier.root() == leaf_hash(draw_exit_leaf(DRAW_LEAVE, ENTERED.id, unix_us(moment(7))))
    assert (after.pool.entries, after.pool.tickets, after.pool.entered) == (1, 1, 0)
    assert logged(decision) == []
    assert decision.events == (Left(ENTERED.id, ADA, 2, moment(7)),)


def test_being_refused_before_the_freeze_is_a_leaf_of_its_own_kind() -> None:
    decision = deny(with_people(make_draw(), [ENTERED]), ENTERED)
    gone, after = the_entry(decision), the_draw(decision)
    assert (gone.status, gone.denied_at, gone.reason, gone.absent) == (Status.DENIED, moment(7), "BOT_DETECTED", True)
    assert after.pool.frontier.root() == leaf_hash(draw_exit_leaf(DRAW_DENY, ENTERED.id, unix_us(moment(7))))
    assert decision.events == (Denied(ENTERED.id, ADA, 2, moment(7), "BOT_DETECTED", "odd"),)


def test_leaving_after_the_freeze_is_a_line_of_the_log() -> None:
    draw = sealed(with_people(make_draw(), [ENTERED]))
    decision = leave(draw, ENTERED)
    assert logged(decision) == [{"type": "LEFT", "participationId": str(ENTERED.id)}]
    gone, after = the_entry(decision), the_draw(decision)
    assert (gone.status, gone.absent, gone.out_leaf) == (Status.LEFT, True, None)
    assert after.pool.frontier == draw.pool.frontier
    assert (after.pool.entered, after.pool.steps) == (0, draw.pool.steps + 1)


def test_being_refused_after_the_freeze_is_a_line_of_the_log() -> None:
    decision = deny(sealed(with_people(make_draw(), [ENTERED])), ENTERED)
    assert logged(decision) == [{"type": "DENIED", "participationId": str(ENTERED.id), "reason": "BOT_DETECTED"}]
    assert the_entry(decision).absent


@pytest.mark.parametrize("entry", [ENTERED, WON], ids=["entered", "won"])
def test_while_the_winners_are_being_named_nobody_leaves_or_is_refused(entry: Entry) -> None:
    draw = drawn(with_people(make_draw(), [entry]))
    for decision in (leave(draw, entry), deny(draw, entry)):
        refused = refusal_of(decision)
        assert (refused.code, refused.retry_after) == ("DISTRIBUTION_PAUSED", 1)


def test_who_has_not_won_stays_an_alternate_once_the_order_is_drawn() -> None:
    refused = refusal_of(leave(selected([WON, LOST]), LOST, seconds=DRAWN_AT + 7))
    assert refused.code == "DRAW_CLOSED"


def test_a_winner_who_leaves_gives_the_places_back() -> None:
    group = replace(WON, people=3)
    draw = selected([group], winner_count=3, max_people_per_entry=3)
    decision = leave(draw, group, seconds=DRAWN_AT + 7)
    gone, after = the_entry(decision), the_draw(decision)
    assert logged(decision) == [{"type": "DECLINED", "participationId": str(WON.id)}]
    assert (gone.status, gone.absent) == (Status.LEFT, False)
    assert (after.free, after.pool.winners, after.pool.inside) == (3, 0, 0)
    assert reply_of(decision).body["grantId"] is None


def test_a_winner_who_is_refused_frees_the_places_too() -> None:
    decision = deny(selected([WON, LOST]), WON, seconds=DRAWN_AT + 7)
    assert logged(decision) == [{"type": "DENIED", "participationId": str(WON.id), "reason": "BOT_DETECTED"}]
    assert (the_draw(decision).free, the_draw(decision).pool.inside) == (1, 0)


def test_an_alternate_who_is_refused_frees_nothing() -> None:
    decision = deny(selected([WON, LOST]), LOST, seconds=DRAWN_AT + 7)
    assert logged(decision) == [{"type": "DENIED", "participationId": str(LOST.id), "reason": "BOT_DETECTED"}]
    assert (the_draw(decision).free, the_entry(decision).absent) == (0, False)


@pytest.mark.parametrize(
    ("mine", "entry_id", "status"),
    [
        pytest.param((), None, "NOT_ENTERED", id="never came"),
        pytest.param((make_entry(status=Status.LEFT),), None, "LEFT", id="left before"),
        pytest.param((make_entry(status=Status.DENIED),), None, "DENIED", id="denied"),
        pytest.param((make_entry(status=Status.COMPLETED),), None, "COMPLETED", id="completed"),
        pytest.param(
            (make_entry(status=Status.LEFT), make_entry(number=1)), make_entry().id, "LEFT", id="names the one before"
        ),
        pytest.param((ENTERED,), UUID(int=5), "NOT_ENTERED", id="names another's"),
    ],
)
def test_leaving_what_one_is_not_in_changes_nothing(
    mine: tuple[Entry, ...], entry_id: UUID | None, status: str
) -> None:
    decision = leave(make_draw(), *mine, entry_id=entry_id)
    assert decision.saves == ()
    assert reply_of(decision).body["status"] == status


@pytest.mark.parametrize("leaves_or_denies", [leave, deny])
def test_in_a_void_draw_nobody_is_left_who_could_go(leaves_or_denies: Any) -> None:
    for draw in (make_draw(entries=1), sealed(make_draw(entries=1))):
        decision = leaves_or_denies(replace(draw, ended=Ended(NOON, "fire")), ENTERED)
        assert decision.saves == ()
        assert reply_of(decision).body["reason"] == "DRAW_CLOSED"


@pytest.mark.parametrize(
    ("mine", "code"),
    [
        pytest.param((), "CONSUMER_NOT_IN_DRAW", id="never came"),
        pytest.param((make_entry(status=Status.LEFT),), "CONSUMER_NOT_IN_DRAW", id="left"),
        pytest.param((make_entry(status=Status.COMPLETED),), "ALREADY_COMPLETED", id="has completed"),
    ],
)
def test_nobody_is_refused_who_is_not_there_to_be_refused(mine: tuple[Entry, ...], code: str) -> None:
    assert refusal_of(deny(make_draw(), *mine)).code == code


def test_being_refused_twice_is_being_refused_once() -> None:
    decision = deny(make_draw(), make_entry(status=Status.DENIED, reason="ADMIN_ACTION"))
    assert decision.saves == ()
    assert reply_of(decision).body["reason"] == "ADMIN_ACTION"
