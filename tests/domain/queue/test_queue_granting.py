"""Single people are let in, refused, asked about and served."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.claims import Claims
from domain.distribution.order import Completion, OrderDetails, OrderItem
from domain.distribution.state import Ended
from domain.queue import rules
from domain.queue.commands import AdmitEntry, CompleteGrant, DenyEntry, SignGrant, ValidateGrant
from domain.queue.events import Completed, Denied, Granted, Validated
from domain.queue.state import Entry, Queue, Status
from domain.tenant import TenantFacts
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

ADMIT = AdmitEntry(queue_id=QUEUE, consumer_id=ADA)
DENY = DenyEntry(queue_id=QUEUE, consumer_id=ADA, reason="FRAUD_DETECTED", note="bot")
INSIDE = make_entry(status=Status.GRANTED)
GRANT = UUID(int=0x2000)
OTHER = UUID(int=0x99)
EXPIRED = make_entry(status=Status.DENIED, grant_id=GRANT, expires_at=NOON, reason="ADMISSION_EXPIRED")
REVOKED = make_entry(status=Status.DENIED, grant_id=GRANT, expires_at=moment(60), reason="FRAUD_DETECTED")
GIVEN_BACK = make_entry(status=Status.LEFT, grant_id=GRANT, expires_at=moment(60))
DONE = make_entry(status=Status.COMPLETED, order_id="order-1", completed_at=NOON)
BACK_IN_LINE = make_entry(ticket=7, requeues=1)
INSIDE_AGAIN = make_entry(ticket=7, status=Status.GRANTED, requeues=1)


def a_queue(*people: Entry, **settings: Any) -> Queue:
    """An open queue with these people in it."""
    return with_people(make_queue(**settings), people)


def validating(grant_id: UUID = GRANT, **how: Any) -> ValidateGrant:
    """A shop asks about a grant."""
    return ValidateGrant(queue_id=QUEUE, entry_id=INSIDE.id, grant_id=grant_id, **how)


def completing(order_id: str = "order-1", **how: Any) -> CompleteGrant:
    """A shop uses a grant up, by its token unless it names the consumer."""
    named = how or {"entry_id": INSIDE.id, "grant_id": GRANT}
    return CompleteGrant(queue_id=QUEUE, order_id=order_id, **named)


def test_a_waiting_person_is_let_in_out_of_turn_whatever_the_limits() -> None:
    queue = a_queue(make_entry(), make_entry(BEN, 1), max_active_grants=1, max_admissions=1)
    queue = queue.with_line(inside=1, admitted=1, credit=0)
    decision = rules.admit(queue, (make_entry(),), ADMIT, at(5))
    ada, after = the_entry(decision), the_queue(decision)
    assert (ada.status, ada.out_of_turn, ada.granted_at) == (Status.GRANTED, True, moment(5))
    assert ada.expires_at == after.line.lapse_at == moment(905)
    assert (after.line.waiting, after.line.inside, after.line.admitted) == (1, 2, 2)
    assert after.line.head_stale
    (event,) = decision.events
    assert isinstance(event, Granted)
    assert (event.grant_id, event.rank, event.out_of_turn) == (ada.grant_id, 0, True)
    assert reply_of(decision).body["grantId"] == ada.grant_id


def test_the_line_waits_until_those_admitted_beyond_the_limit_are_fewer_again() -> None:
    queue = a_queue(make_entry(), make_entry(BEN, 1), max_active_grants=2, admit_rate=600)
    queue = queue.with_line(opened_at=NOON, credited_at=NOON, inside=2, admitted=2)
    after = the_queue(rules.admit(queue, (make_entry(),), ADMIT, at(5)))
    for inside, room in ((3, 0), (2, 0), (1, 1)):
        assert rules.room(after.with_line(inside=inside), moment(60))[1] == room


def test_an_admission_keeps_the_earliest_lapse() -> None:
    queue = a_queue(make_entry()).with_line(lapse_at=moment(30))
    assert the_queue(rules.admit(queue, (make_entry(),), ADMIT, at(5))).line.lapse_at == moment(30)


@pytest.mark.parametrize(
    ("queue", "mine", "code"),
    [
        (make_queue(), (), "CONSUMER_NOT_IN_QUEUE"),
        (make_queue(), (GIVEN_BACK,), "CONSUMER_NOT_IN_QUEUE"),
        (make_queue(), (DONE,), "CONSUMER_NOT_IN_QUEUE"),
        (make_queue(), (INSIDE,), "ALREADY_GRANTED"),
        (replace(make_queue(), ended=Ended(NOON, "fire")), (make_entry(),), "QUEUE_CLOSED"),
        (make_queue(service_close_at=1), (make_entry(),), "QUEUE_CLOSED"),
    ],
)
def test_nobody_is_let_in_who_does_not_wait(queue: Queue, mine: tuple[Entry, ...], code: str) -> None:
    assert refusal_of(rules.admit(queue, mine, ADMIT, at(1))).code == code


def test_somebody_may_be_let_in_before_the_opening() -> None:
    queue = with_people(make_queue(open_at=100), [make_entry()])
    assert the_queue(rules.admit(queue, (make_entry(),), ADMIT, at())).line.inside == 1


@pytest.mark.parametrize(
    ("entry", "waiting", "inside"), [(make_entry(), 0, 1), (INSIDE, 1, 0)], ids=["waiting", "inside"]
)
def test_a_denial_is_kept_with_its_reason(entry: Entry, waiting: int, inside: int) -> None:
    queue = make_queue(waiting=1, inside=1, admitted=1, tickets=2)
    decision = rules.deny(queue, (entry,), DENY, at(5))
    gone, after = the_entry(decision), the_queue(decision)
    assert (gone.status, gone.reason, gone.denied_at) == (Status.DENIED, "FRAUD_DETECTED", moment(5))
    assert (after.line.waiting, after.line.inside, after.line.admitted) == (waiting, inside, inside)
    assert decision.events == (Denied(gone.id, ADA, 2, moment(5), "FRAUD_DETECTED", "bot"),)


def test_a_denial_is_final() -> None:
    decision = rules.deny(make_queue(), (EXPIRED,), DENY, at())
    assert decision.saves == ()
    assert reply_of(decision).body["reason"] == "ADMISSION_EXPIRED"


@pytest.mark.parametrize(
    ("mine", "code"),
    [((), "CONSUMER_NOT_IN_QUEUE"), ((GIVEN_BACK,), "CONSUMER_NOT_IN_QUEUE"), ((DONE,), "ALREADY_COMPLETED")],
)
def test_nobody_is_denied_who_has_gone(mine: tuple[Entry, ...], code: str) -> None:
    assert refusal_of(rules.deny(make_queue(), mine, DENY, at())).code == code


def test_a_good_grant_is_good_and_the_question_is_counted() -> None:
    decision = rules.validate(a_queue(INSIDE), INSIDE, validating(), at(59))
    asked = the_entry(decision)
    assert reply_of(decision).body == {
        "valid": True, "participationId": str(INSIDE.id), "expiresAt": "2026-11-21T12:01:00.250Z",
    }  # fmt: skip
    assert (asked.validations, asked.first_validated_at) == (1, moment(59))
    assert decision.events == (Validated(INSIDE.id, ADA, INSIDE.version, GRANT, moment(59)),)
    again = the_entry(rules.validate(a_queue(INSIDE), asked, validating(consumer_id=ADA), at(59.5)))
    assert (again.validations, again.first_validated_at) == (2, moment(59))


@pytest.mark.parametrize(
    ("entry", "command", "seconds", "code"),
    [
        pytest.param(None, validating(), 0, "GRANT_INVALID", id="nobody"),
        pytest.param(INSIDE, validating(consumer_id=BEN), 0, "CONSUMER_MISMATCH", id="another's"),
        pytest.param(INSIDE, validating(OTHER), 0, "GRANT_INVALID", id="another grant"),
        pytest.param(make_entry(), validating(), 0, "GRANT_INVALID", id="none given yet"),
        pytest.param(INSIDE, validating(), 60, "GRANT_EXPIRED", id="over, though in its grace"),
        pytest.param(EXPIRED, validating(), 0, "GRANT_EXPIRED", id="lapsed"),
        pytest.param(BACK_IN_LINE, validating(), 0, "GRANT_EXPIRED", id="lapsed and back in line"),
        pytest.param(INSIDE_AGAIN, validating(), 0, "GRANT_EXPIRED", id="the one before"),
        pytest.param(REVOKED, validating(), 0, "GRANT_REVOKED", id="denied"),
        pytest.param(GIVEN_BACK, validating(), 0, "GRANT_REVOKED", id="given back"),
        pytest.param(DONE, validating(), 0, "GRANT_ALREADY_USED", id="used"),
    ],
)
def test_a_bad_grant_is_told_why(entry: Entry | None, command: ValidateGrant, seconds: float, code: str) -> None:
    decision = rules.validate(make_queue(), entry, command, at(seconds))
    assert decision.saves == ()
    body = reply_of(decision).body
    assert (body["valid"], body["code"]) == (False, code)
    assert body["reason"]


def test_whoever_asks_too_often_loses_the_grant() -> None:
    asked = replace(INSIDE, validations=3)
    decision = rules.validate(a_queue(asked, max_validations=3), asked, validating(), at(1))
    assert reply_of(decision).body["code"] == "VALIDATION_LIMIT_REACHED"
    gone = the_entry(decision)
    assert (gone.status, gone.reason) == (Status.DENIED, "VALIDATION_LIMIT_REACHED")
    assert the_queue(decision).line.inside == 0
    assert reply_of(rules.validate(make_queue(), gone, validating(), at(2))).body["code"] == "GRANT_REVOKED"


@pytest.mark.parametrize("how", [{}, {"consumer_id": ADA}], ids=["by the grant", "by the consumer"])
def test_a_grant_is_used_up(how: dict[str, Any]) -> None:
    decision = rules.complete(a_queue(INSIDE), (INSIDE,), completing(**how), at(5))
    done, after = the_entry(decision), the_queue(decision)
    assert (done.status, done.completed_at, done.order_id) == (Status.COMPLETED, moment(5), "order-1")
    assert (after.line.inside, after.line.admitted, after.line.completed) == (0, 1, 1)
    assert decision.events == (Completed(INSIDE.id, ADA, 2, GRANT, moment(5), "order-1"),)
    body = reply_of(decision).body
    assert (body["status"], body["orderId"], body["grantId"]) == ("COMPLETED", "order-1", None)


@pytest.mark.parametrize("how", [{}, {"consumer_id": ADA}], ids=["by the grant", "by the consumer"])
def test_the_same_order_again_is_the_same_completion(how: dict[str, Any]) -> None:
    decision = rules.complete(make_queue(), (DONE,), completing(**how), at(500))
    assert decision.saves == ()
    assert reply_of(decision).body["status"] == "COMPLETED"


def test_what_the_shop_says_of_the_order_is_kept_with_the_completion() -> None:
    told = OrderDetails(order_amount="12.5", items=(OrderItem(product_id=OTHER),), metadata={"till": "3"})
    command = completing().model_copy(update={"order": told})
    decision = rules.complete(a_queue(INSIDE), (INSIDE,), command, at(5), currency="EUR")
    items = ({"productId": str(OTHER), "variantId": None, "quantity": 1},)
    kept = Completion(INSIDE.tenant_id, INSIDE.id, QUEUE, 1250, "EUR", items, {"till": "3"})
    assert decision.saves[2:] == (kept,)
    assert decision.events == (Completed(INSIDE.id, ADA, 2, GRANT, moment(5), "order-1", "12.50", "EUR"),)
    shown = {"orderAmount": "12.50", "currencyCode": "EUR", "items": list(items), "metadata": {"till": "3"}}
    assert reply_of(decision).body["order"] == shown
    again = rules.complete(make_queue(), (DONE,), completing(), at(6), kept=(kept,))
    assert (again.saves, reply_of(again).body["order"]) == ((), shown)


@pytest.mark.parametrize(
    ("told", "currency"),
    [
        (OrderDetails(order_amount="1.234"), "EUR"),
        (OrderDetails(order_amount="1.5", currency_code="JPY"), "EUR"),
        (OrderDetails(order_amount="1"), None),
    ],
    ids=["too many digits", "too many for the named currency", "no currency at all"],
)
def test_an_amount_that_its_currency_has_not_uses_no_grant(told: OrderDetails, currency: str | None) -> None:
    command = completing().model_copy(update={"order": told})
    decision = rules.complete(a_queue(INSIDE), (INSIDE,), command, at(5), currency=currency)
    assert refusal_of(decision) == replace(refusal_of(decision), code="VALIDATION_ERROR", field="/orderAmount")
    assert decision.saves == ()


@pytest.mark.parametrize(
    ("mine", "command", "code"),
    [
        pytest.param((), completing(), "GRANT_INVALID", id="nobody's grant"),
        pytest.param((), completing(consumer_id=ADA), "NO_LIVE_GRANT", id="nobody"),
        pytest.param((INSIDE,), completing(entry_id=INSIDE.id, grant_id=OTHER), "GRANT_INVALID", id="another grant"),
        pytest.param((DONE,), completing("order-2"), "GRANT_ALREADY_USED", id="another order"),
        pytest.param((DONE,), completing("order-2", consumer_id=ADA), "GRANT_ALREADY_USED", id="another order of hers"),
        pytest.param((make_entry(),), completing(consumer_id=ADA), "NO_LIVE_GRANT", id="waits"),
        pytest.param((DONE, make_entry(ticket=1)), completing("order-2", consumer_id=ADA), "NO_LIVE_GRANT", id="again"),
        pytest.param((GIVEN_BACK,), completing(), "GRANT_REVOKED", id="given back"),
        pytest.param(
            (make_entry(status=Status.LEFT),), completing(consumer_id=ADA), "NO_LIVE_GRANT", id="left the line"
        ),
        pytest.param((make_entry(status=Status.DENIED),), completing(consumer_id=ADA), "NO_LIVE_GRANT", id="never in"),
        pytest.param((REVOKED,), completing(), "GRANT_REVOKED", id="denied"),
        pytest.param((EXPIRED,), completing(), "GRANT_EXPIRED", id="lapsed"),
        pytest.param((BACK_IN_LINE,), completing(entry_id=BACK_IN_LINE.id, grant_id=GRANT), "GRANT_EXPIRED", id="back"),
        pytest.param(
            (INSIDE_AGAIN,), completing(entry_id=INSIDE_AGAIN.id, grant_id=GRANT), "GRANT_EXPIRED", id="the one before"
        ),
    ],
)
def test_what_is_no_live_grant_is_not_used(mine: tuple[Entry, ...], command: CompleteGrant, code: str) -> None:
    assert refusal_of(rules.complete(make_queue(), mine, command, at())).code == code


def test_the_order_of_an_earlier_participation_is_found() -> None:
    decision = rules.complete(make_queue(), (DONE, make_entry(ticket=1)), completing(consumer_id=ADA), at())
    assert reply_of(decision).body["participationId"] == DONE.id


def test_a_requeued_person_uses_the_new_grant() -> None:
    command = completing(entry_id=INSIDE_AGAIN.id, grant_id=INSIDE_AGAIN.grant_id)
    assert the_entry(rules.complete(a_queue(INSIDE), (INSIDE_AGAIN,), command, at())).status is Status.COMPLETED


@pytest.mark.parametrize(
    ("seconds", "fine"), [(60, True), (69.999999, True), (70, False), (71, False)], ids=["end", "grace", "edge", "over"]
)
def test_a_grant_may_be_used_in_its_grace_by_the_moment_of_receipt(seconds: float, *, fine: bool) -> None:
    queue = a_queue(INSIDE, completion_grace_seconds=10)
    decision = rules.complete(queue, (INSIDE,), completing(), at(seconds, decided=9000))
    if fine:
        assert the_entry(decision).completed_at == moment(9000)
    else:
        assert refusal_of(decision).code == "GRANT_EXPIRED"


def test_a_token_says_who_was_let_in_to_what_until_when() -> None:
    tenant = TenantFacts(UUID(int=1), UUID(int=2), "test", "harbour", True, 3600, 86400)  # noqa: FBT003 (guests may)
    command = SignGrant(queue_id=QUEUE, entry_id=INSIDE.id, grant_id=GRANT)
    decision = rules.sign_grant(make_queue(), replace(INSIDE, quantity=3), tenant, command)
    claims = reply_of(decision).secrets["admissionGrant"]
    assert isinstance(claims, Claims)
    assert (claims.purpose, claims.typ) == ("grant", "admission+jwt")
    assert claims.payload["exp"] - claims.payload["iat"] == 60
    assert claims.payload["nbf"] == claims.payload["iat"] == int(NOON.timestamp())
    named = {"aud": 2, "sub": 0xA, "jti": 0x2000, "experienceId": 3, "sequenceId": 4, "participationId": 0x1000}
    assert {name: claims.payload[name] for name in named} == {name: str(UUID(int=n)) for name, n in named.items()}
    assert (claims.payload["mode"], claims.payload["quantity"]) == ("test", 3)
    assert claims.payload["distributionId"] == str(QUEUE)


@pytest.mark.parametrize("entry", [None, make_entry(), DONE, GIVEN_BACK, REVOKED, replace(INSIDE, grant_id=OTHER)])
def test_no_token_is_made_of_what_is_no_live_grant(entry: Entry | None) -> None:
    tenant = TenantFacts(UUID(int=1), UUID(int=2), "live", "harbour", True, 3600, 86400)  # noqa: FBT003 (guests may)
    command = SignGrant(queue_id=QUEUE, entry_id=INSIDE.id, grant_id=GRANT)
    assert refusal_of(rules.sign_grant(make_queue(), entry, tenant, command)).code == "NO_LIVE_GRANT"
