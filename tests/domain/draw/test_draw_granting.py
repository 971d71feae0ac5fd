"""What a server does with a win: ask about it, use it up, sign it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.decision import Decision
from domain.distribution.order import OrderDetails
from domain.draw import rules
from domain.draw.commands import CompleteWin, SignWin, ValidateWin
from domain.draw.events import Completed
from domain.draw.state import Draw, DrawCompletion, Entry, Status
from domain.tenant import TenantFacts
from tests.domain.draw.draws import (
    ADA,
    BEN,
    DRAW,
    DRAWN_AT,
    TENANT,
    at,
    logged,
    make_entry,
    moment,
    refusal_of,
    reply_of,
    selected,
    the_draw,
    the_entry,
)

WON, LATER = make_entry(status=Status.WON), DRAWN_AT + 5
DRAW_OF_ONE = selected([WON])
GRANT: Any = WON.grant_id


def complete(
    draw: Draw, mine: Sequence[Entry], *, seconds: float = LATER, order_id: str = "first", **how: Any
) -> Decision:
    """A shop uses Ada's win up."""
    named = {} if "entry_id" in how else {"consumer_id": ADA}
    extra = {name: how.pop(name) for name in ("currency", "kept") if name in how}
    command = CompleteWin(draw_id=DRAW, order_id=order_id, **named, **how)
    return rules.complete(draw, mine, command, at(seconds), **extra)


def validate(draw: Draw, entry: Entry | None, *, seconds: float = LATER, **how: Any) -> Decision:
    """A shop asks about Ada's win."""
    named = {"draw_id": DRAW, "entry_id": WON.id, "grant_id": GRANT} | how
    return rules.validate(draw, entry, ValidateWin(**named), at(seconds))


def test_a_win_is_used_up_by_an_order() -> None:
    decision = complete(DRAW_OF_ONE, [WON])
    done, after = the_entry(decision), the_draw(decision)
    assert (done.status, done.completed_at, done.order_id) == (Status.COMPLETED, moment(LATER), "first")
    assert (after.pool.inside, after.pool.completed, after.pool.taken) == (0, 1, 1)
    assert logged(decision) == []
    assert decision.events == (Completed(WON.id, ADA, 2, GRANT, moment(LATER), "first"),)
    assert reply_of(decision).body["grantId"] is None


def test_a_group_completes_all_its_places() -> None:
    group = replace(WON, people=3)
    after = the_draw(complete(selected([group], winner_count=4, max_people_per_entry=3), [group]))
    assert (after.pool.completed, after.pool.taken, after.free) == (3, 3, 1)


def test_the_same_order_again_is_the_same_completion() -> None:
    done = the_entry(complete(DRAW_OF_ONE, [WON]))
    again = complete(DRAW_OF_ONE, [done], seconds=9_000_000)
    assert again.saves == ()
    assert reply_of(again).body["orderId"] == "first"


def test_the_same_order_again_is_told_with_its_amount() -> None:
    details = OrderDetails(order_amount="12.50", currency_code="EUR")
    decision = complete(DRAW_OF_ONE, [WON], order=details)
    (kept,) = [state for state in decision.saves if isinstance(state, DrawCompletion)]
    assert (kept.id, kept.distribution_id, kept.order_amount) == (WON.id, DRAW, 1250)
    again = complete(DRAW_OF_ONE, [the_entry(decision)], kept=[kept])
    assert reply_of(again).body["order"]["orderAmount"] == "12.50"


def test_an_amount_is_in_the_currency_of_the_experience_unless_it_names_another() -> None:
    details = OrderDetails(order_amount="12.50")
    (event,) = complete(DRAW_OF_ONE, [WON], order=details, currency="EUR").events
    assert isinstance(event, Completed)
    assert (event.order_amount, event.currency_code) == ("12.50", "EUR")
    refused = refusal_of(complete(DRAW_OF_ONE, [WON], order=details, currency="JPY"))
    assert (refused.code, refused.field) == ("VALIDATION_ERROR", "/orderAmount")


def test_another_order_comes_too_late() -> None:
    done = the_entry(complete(DRAW_OF_ONE, [WON]))
    assert refusal_of(complete(DRAW_OF_ONE, [done], order_id="second")).code == "GRANT_ALREADY_USED"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        pytest.param(DRAWN_AT + 60 + 299.999999, None, id="within the grace"),
        pytest.param(DRAWN_AT + 60 + 300, "GRANT_EXPIRED", id="when the grace is over"),
    ],
)
def test_a_win_can_be_used_until_its_time_and_grace_are_over(seconds: float, code: str | None) -> None:
    decision = complete(DRAW_OF_ONE, [WON], seconds=seconds)
    assert getattr(decision.outcome, "code", None) == code


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (make_entry(), "NO_LIVE_GRANT"),
        (make_entry(status=Status.LEFT, grant_id=GRANT), "GRANT_REVOKED"),
        (make_entry(status=Status.DENIED, grant_id=GRANT, reason="ADMISSION_EXPIRED"), "GRANT_EXPIRED"),
        (make_entry(status=Status.DENIED, grant_id=GRANT, reason="BOT_DETECTED"), "GRANT_REVOKED"),
    ],
    ids=["has not won", "gave it back", "let it lapse", "was refused"],
)
def test_who_holds_no_win_completes_nothing(entry: Entry, code: str) -> None:
    assert refusal_of(complete(DRAW_OF_ONE, [entry])).code == code


def test_who_never_came_completes_nothing() -> None:
    assert refusal_of(complete(DRAW_OF_ONE, [])).code == "NO_LIVE_GRANT"
    assert refusal_of(complete(DRAW_OF_ONE, [], entry_id=WON.id, grant_id=GRANT)).code == "GRANT_INVALID"


def test_a_grant_that_is_presented_has_to_be_the_one_that_was_given() -> None:
    shown = complete(DRAW_OF_ONE, [WON], entry_id=WON.id, grant_id=GRANT)
    assert the_entry(shown).status is Status.COMPLETED
    other = complete(DRAW_OF_ONE, [WON], entry_id=WON.id, grant_id=UUID(int=7))
    assert refusal_of(other).code == "GRANT_INVALID"


def test_the_first_winners_can_buy_while_the_others_are_still_being_named() -> None:
    naming = DRAW_OF_ONE.with_pool(last=None)
    assert naming.selecting
    assert the_entry(complete(naming, [WON])).status is Status.COMPLETED


def test_asking_about_a_good_win_counts_that_it_was_asked() -> None:
    decision = validate(DRAW_OF_ONE, WON)
    assert reply_of(decision).body["valid"]
    asked = the_entry(decision)
    assert (asked.validations, asked.first_validated_at, asked.version) == (1, moment(LATER), WON.version)
    again = the_entry(validate(DRAW_OF_ONE, asked, seconds=LATER + 1))
    assert (again.validations, again.first_validated_at) == (2, moment(LATER))


@pytest.mark.parametrize(
    ("entry", "how", "code"),
    [
        (None, {}, "GRANT_INVALID"),
        (WON, {"grant_id": UUID(int=7)}, "GRANT_INVALID"),
        (WON, {"consumer_id": BEN}, "CONSUMER_MISMATCH"),
        (WON, {"seconds": DRAWN_AT + 60}, "GRANT_EXPIRED"),
        (replace(WON, status=Status.COMPLETED), {}, "GRANT_ALREADY_USED"),
        (replace(WON, status=Status.LEFT), {}, "GRANT_REVOKED"),
        (replace(WON, requeues=1), {"grant_id": UUID(int=7)}, "GRANT_EXPIRED"),
    ],
)
def test_a_win_that_is_not_good_says_why(entry: Entry | None, how: dict[str, Any], code: str) -> None:
    decision = validate(DRAW_OF_ONE, entry, **how)
    assert decision.saves == ()
    told = reply_of(decision).body
    assert (told["valid"], told["code"]) == (False, code)


def test_who_is_asked_about_too_often_loses_the_win() -> None:
    worn = replace(WON, validations=100)
    decision = validate(DRAW_OF_ONE, worn)
    assert reply_of(decision).body["code"] == "VALIDATION_LIMIT_REACHED"
    gone = the_entry(decision)
    assert (gone.status, gone.reason) == (Status.DENIED, "VALIDATION_LIMIT_REACHED")
    assert the_draw(decision).free == 1
    assert logged(decision) == [
        {"type": "DENIED", "participationId": str(WON.id), "reason": "VALIDATION_LIMIT_REACHED"}
    ]


def test_while_the_winners_are_being_named_nobody_loses_a_win_by_being_asked_about() -> None:
    naming = DRAW_OF_ONE.with_pool(last=None)
    assert refusal_of(validate(naming, replace(WON, validations=100))).code == "DISTRIBUTION_PAUSED"
    assert reply_of(validate(naming, WON)).body["valid"]


HALL = TenantFacts(TENANT, UUID(int=2), "test", "harbour", True, 3600, 86400)  # noqa: FBT003 (guests may)


def sign(entry: Entry | None, tenant: TenantFacts | None = HALL, grant_id: UUID = GRANT) -> Decision:
    """Ada looks at her win."""
    return rules.sign_grant(DRAW_OF_ONE, entry, tenant, SignWin(draw_id=DRAW, entry_id=WON.id, grant_id=grant_id))


def test_the_token_of_a_win_says_what_a_shop_can_check_offline() -> None:
    claims = reply_of(sign(WON)).secrets["admissionGrant"]
    told = claims.payload
    assert (claims.purpose, claims.typ) == ("grant", "admission+jwt")
    assert (told["jti"], told["sub"], told["participationId"]) == (str(GRANT), str(ADA), str(WON.id))
    assert (told["distributionType"], told["distributionId"], told["mode"]) == ("draw", str(DRAW), "test")
    assert told["exp"] - told["iat"] == 60
    assert reply_of(sign(WON)) == reply_of(sign(WON))


def test_nobody_is_signed_a_win_that_does_not_live() -> None:
    for entry, tenant, grant_id in (
        (None, HALL, GRANT), (WON, None, GRANT), (WON, HALL, UUID(int=7)), (make_entry(), HALL, GRANT),
        (replace(WON, status=Status.COMPLETED), HALL, GRANT),
    ):  # fmt: skip
        assert refusal_of(sign(entry, tenant, grant_id)).code == "NO_LIVE_GRANT"
