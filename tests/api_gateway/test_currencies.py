"""What money is in: a currency in use, and the same one for good once an order was recorded."""

from typing import Any

import pytest

from tests.support.house import House
from tests.support.resident import Resident


@pytest.fixture
def hall(house: House) -> Resident:
    """The organization whose turn it is."""
    return house.hall


def sold(hall: Resident, launch: Any, **order: Any) -> None:
    """Somebody buys something under an experience."""
    guest = hall.granted(hall.queue(launch))
    body = {"admissionGrant": guest["admissionGrant"], "orderId": "A1"} | order
    done = hall.call("POST", "/consumer/api/v1/admission/complete", body, hall.as_server)
    assert done.status_code == 200, done.text


def test_the_currency_may_change_until_money_was_recorded_and_not_afterwards(hall: Resident) -> None:
    launch = hall.experience()
    place = f"/experiences/{launch['id']}"
    sold(hall, launch)
    changed = hall.admin("PATCH", place, {"currencyCode": "CHF"})
    assert (changed.status_code, changed.json()["currencyCode"]) == (200, "CHF"), changed.text
    sold(hall, launch, orderAmount="12.50")
    for method, settings in (("PATCH", {"currencyCode": "USD"}), ("PUT", {"name": "Harvest"})):
        refused = hall.admin(method, place, settings)
        assert (refused.status_code, refused.json()["code"]) == (409, "FIELD_FROZEN"), refused.text
        assert refused.json()["errors"][0]["path"] == "/currencyCode"
    assert hall.admin("PATCH", place, {"currencyCode": "CHF", "description": "Sold."}).status_code == 200


def test_the_organization_keeps_its_currency_too(hall: Resident) -> None:
    sold(hall, hall.experience(), orderAmount="1")
    refused = hall.admin("PATCH", "/organizations/current", {"currencyCode": "USD"})
    assert (refused.status_code, refused.json()["code"]) == (409, "FIELD_FROZEN"), refused.text


@pytest.mark.parametrize("code", ["ZZZ", "XTS", "HRK"])
def test_only_a_currency_in_use_can_be_asked_for(hall: Resident, code: str) -> None:
    refused = hall.admin("POST", "/experiences", {"name": "Harvest", "currencyCode": code})
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR"), refused.text
    told = [(error["path"], error["code"]) for error in refused.json()["errors"]]
    assert told == [("/currencyCode", "NOT_IN_ENUM")]
