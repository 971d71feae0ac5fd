"""Forged tokens at the door of a running gateway: access tokens and grants, each wrong in one way."""

from typing import Any

import pytest

from tests.support.forgeries import ACCESS_ONLY, FORGERIES, Model, model_of
from tests.support.house import House

CODES = {"INVALID_TOKEN", "TOKEN_EXPIRED"}


@pytest.fixture(scope="module")
def granted(house: House) -> tuple[Any, Any]:
    """A queue of the hall and somebody whose turn has come there."""
    queue = house.hall.queue()
    return queue, house.hall.granted(queue)


@pytest.fixture(scope="module")
def access(house: House, granted: tuple[Any, Any]) -> Model:
    """A good access token."""
    return model_of(house, granted[1]["accessToken"], "access")


@pytest.fixture(scope="module")
def grant(house: House, granted: tuple[Any, Any]) -> Model:
    """A good grant."""
    return model_of(house, granted[1]["admissionGrant"], "grant")


def looks(house: House, queue: Any, token: str) -> Any:
    """Somebody looks at their place with this token."""
    headers = {name: word.encode() for name, word in house.hall.as_person(token).items()}
    return house.hall.call("GET", f"/consumer/api/v1/queues/{queue['id']}/status", None, headers)  # type: ignore[arg-type] # bytes go as they are


def test_the_models_are_good(house: House, granted: tuple[Any, Any], access: Model, grant: Model) -> None:
    """Made again from their parts, both are let in: what is refused below is refused for its one fault."""
    assert looks(house, granted[0], access.signed()).status_code == 200
    verdict = house.hall.admin("POST", "/admission/validate", {"admissionGrant": grant.signed()})
    assert (verdict.status_code, verdict.json()["valid"]) == (200, True)


@pytest.mark.parametrize("how", [*FORGERIES, *ACCESS_ONLY])
def test_a_forged_access_token_is_nobodys(house: House, granted: tuple[Any, Any], access: Model, how: str) -> None:
    token = (FORGERIES | ACCESS_ONLY)[how](access)
    answer = looks(house, granted[0], token)
    assert (answer.status_code, answer.json()["code"] in CODES) == (401, True), answer.text
    assert token[-40:] not in answer.text


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_grant_is_good_for_nothing(house: House, granted: tuple[Any, Any], grant: Model, how: str) -> None:
    token = FORGERIES[how](grant)
    verdict = house.hall.admin("POST", "/admission/validate", {"admissionGrant": token})
    refused = verdict.status_code == 400 or (verdict.status_code, verdict.json()["valid"]) == (200, False)
    assert refused, verdict.text
    done = house.hall.admin("POST", "/admission/complete", {"admissionGrant": token, "orderId": "forged"})
    assert done.status_code == 400, done.text
    assert house.hall.state(granted[0], granted[1]["accessToken"])["status"] == "GRANTED"


def test_one_sort_of_token_is_not_the_other(
    house: House, granted: tuple[Any, Any], access: Model, grant: Model
) -> None:
    assert looks(house, granted[0], grant.text).status_code == 401
    verdict = house.hall.admin("POST", "/admission/validate", {"admissionGrant": access.text})
    assert (verdict.status_code, verdict.json()["valid"]) == (200, False)
