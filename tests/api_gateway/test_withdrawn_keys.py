"""A signing key that others may have is withdrawn: nothing that it signed is good any more, and people go on."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from psycopg_pool import AsyncConnectionPool

import workers.signing
from api_gateway.auth import signers
from api_gateway.auth.signers import AGAIN_SECONDS, Signers
from runtime.clock import Clock
from runtime.keys import new_key
from store import signing_keys
from store.roles import GATEWAY
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


async def test_a_key_that_is_younger_than_the_last_look_is_found_at_once(quick: House) -> None:
    """Where a key is withdrawn the next one signs at once, and its tokens may arrive right after an unknown key was looked up."""
    async with AsyncConnectionPool(quick.database.url(GATEWAY), min_size=1, open=False) as pool:
        listed = Signers(pool, Clock())
        assert await listed.find("nobody's") is None
        await asyncio.to_thread(withdraw, quick, "access")
        (kid,) = [key["kid"] for key in (await Signers(pool, Clock()).published())["keys"] if key not in known(listed)]
        found = await listed.find(kid)
    assert found is not None
    assert found.purpose == "access"


async def test_however_many_ask_for_unknown_keys_the_list_is_read_four_times_a_second(quick: House) -> None:
    async with AsyncConnectionPool(quick.database.url(GATEWAY), min_size=1, open=False) as pool:
        listed, clock = Signers(pool, Clock()), Clock()
        began, looks = clock.monotonic(), set[float]()
        while clock.monotonic() - began < 1:
            await asyncio.gather(*(listed.find(f"nobody's {number}") for number in range(50)))
            looks.add(listed._looked_at)
        most = (clock.monotonic() - began) / AGAIN_SECONDS + 1
        assert 2 <= len(looks) <= most


def known(listed: Signers) -> list[Mapping[str, Any]]:
    """The keys of a list as it was looked at last."""
    return [dict(signer.jwk) for signer in listed._listed.values()]
