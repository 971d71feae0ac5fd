"""A signing key that others may have is withdrawn: nothing that it signed is good any more, and people go on."""

from collections.abc import Iterator

import pytest
import requests

import workers.signing
from api_gateway.auth import signers
from runtime.keys import new_key
from store import signing_keys
from tests.support.house import KEK, House, open_house
from tests.support.servers import running_redis, wait_until


@pytest.fixture
def quick(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house with a bell of its own, where key lists are looked at again soon."""
    monkeypatch.setattr(signers, "FRESH_SECONDS", 0.2)
    monkeypatch.setattr(workers.signing, "FRESH_SECONDS", 0.2)
    with running_redis() as redis, open_house(postgres_server, redis.url) as house:
        yield house


def withdraw(house: House, purpose: str) -> None:
    """Withdraw the key that signs."""
    engine = house.database.engine()
    with engine.begin() as connection:
        (kid,) = [shift.kid for shift in signing_keys.shifts(connection) if shift.purpose == purpose]
        assert signing_keys.withdraw(connection, kid, new_key(KEK))
    engine.dispose()


def test_people_come_back_with_their_refresh_token(quick: House) -> None:
    hall, queue = quick.hall, quick.hall.queue(admitRate=1)
    guest = hall.entered(queue)
    path, person = f"/consumer/api/v1/queues/{queue['id']}/status", hall.as_person(guest["accessToken"])
    assert hall.call("GET", path, None, person).status_code == 200
    withdraw(quick, "access")
    wait_until(lambda: hall.call("GET", path, None, person).status_code == 401)
    held = [guest["refreshToken"]]

    def comes_back() -> bool:
        """Workers learn of it a moment later than gateways, so that one refresh more may be needed."""
        fresh = hall.visit("POST", "/auth/refresh", {"refreshToken": held[-1]})
        assert fresh.status_code == 200, fresh.text
        held.append(fresh.json()["refreshToken"])
        state = hall.call("GET", path, None, hall.as_person(fresh.json()["accessToken"]))
        return state.status_code == 200 and state.json()["participationId"] == guest["participationId"]

    wait_until(comes_back)


def test_a_grant_gets_a_new_token_and_the_old_one_is_good_for_nothing(quick: House) -> None:
    hall = quick.hall
    queue = hall.queue()
    guest = hall.granted(queue)
    withdraw(quick, "grant")
    wait_until(lambda: hall.state(queue, guest["accessToken"])["admissionGrant"] != guest["admissionGrant"], 20)
    wait_until(
        lambda: not valid(hall.admin("POST", "/admission/validate", {"admissionGrant": guest["admissionGrant"]}))
    )
    again = hall.state(queue, guest["accessToken"])
    assert again["grantId"] == guest["grantId"]
    assert valid(hall.admin("POST", "/admission/validate", {"admissionGrant": again["admissionGrant"]}))


def valid(answer: requests.Response) -> bool:
    """Whether a grant is good."""
    return bool(answer.json()["valid"])
