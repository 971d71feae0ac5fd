"""Somebody does not come when it is their turn: the place goes to the next."""

from typing import Any

from tests.support.caller import Organizer

ONE_INSIDE: dict[str, Any] = {"maxActiveGrants": 1, "admissionExpirationSeconds": 1, "completionGraceSeconds": 0}


async def test_the_place_of_a_no_show_goes_to_the_next(hall: Organizer) -> None:
    shop = hall.in_test_mode()
    queue = await shop.queue(**ONE_INSIDE)
    absent, waiting = await shop.granted(queue), await shop.entered(queue)
    assert waiting["status"] == "QUEUED"

    next_one = await shop.reached(queue, waiting["accessToken"], "GRANTED")

    gone = await shop.reached(queue, absent["accessToken"], "DENIED")
    assert gone["reason"] == "ADMISSION_EXPIRED"
    assert next_one["dequeuedAt"] >= absent["expiresAt"]
    verdict = await shop.server("POST", "/admission/validate", {"admissionGrant": absent["admissionGrant"]})
    assert (verdict.body["valid"], verdict.body["code"]) == (False, "GRANT_EXPIRED")
    late = await shop.server(
        "POST", "/admission/complete", {"admissionGrant": absent["admissionGrant"], "orderId": "too-late"}
    )
    assert (late.status, late.body["code"]) == (409, "GRANT_EXPIRED")


async def test_a_no_show_may_go_to_the_back_of_the_line(hall: Organizer) -> None:
    shop = hall.in_test_mode()
    queue = await shop.queue(**ONE_INSIDE, onExpiry="requeue", requeueLimit=1)
    absent, waiting = await shop.granted(queue), await shop.entered(queue)
    await shop.reached(queue, waiting["accessToken"], "GRANTED")
    back = await shop.state(queue, absent["accessToken"])
    assert (back["requeueCount"], back["participationId"]) == (1, absent["participationId"])
    again = await shop.reached(queue, absent["accessToken"], "GRANTED")
    assert again["grantId"] != absent["grantId"]
    gone = await shop.reached(queue, absent["accessToken"], "DENIED")
    assert gone["reason"] == "ADMISSION_EXPIRED"
