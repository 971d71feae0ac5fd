"""A second look is answered before anything else sees it, whoever asks from wherever, and says what the long way says."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.house import House
from tests.support.resident import Resident
from tests.support.servers import wait_until

BROWSER = {"User-Agent": "Mozilla/5.0", "Accept": "*/*", "Referer": "https://shop.example/", "Sec-Fetch-Mode": "cors"}
PAGE = BROWSER | {"Origin": "https://shop.example"}
PATH = "/consumer/api/v1/queues/{id}/status"
SENDERS = {
    "a bare client": (PATH, {}),
    "a browser": (PATH, PAGE),
    "a browser behind a proxy": (PATH, PAGE | {"X-Forwarded-For": "203.0.113.9"}),
    "whoever dials the host of the API": ("/api/v1/queues/{id}/status", {"Host": "consumer.localhost:8080"}),
}
OF_PAGES = {"referrer-policy", "cross-origin-resource-policy", "content-security-policy"}
"""What an answer carries that went the long way, and needs only where a browser might show it as a page."""


@pytest.fixture(scope="module")
def hall(house: House) -> Resident:
    return house.hall


def waiting(hall: Resident) -> tuple[str, str]:
    """A queue where everybody waits, and the token of somebody who does."""
    queue = hall.queue(entryOpenAt="2020-01-01T00:00:00.000Z", openAt="2999-01-01T00:00:00.000Z")
    return queue["id"], hall.entered(queue)["accessToken"]


def is_quick(answer: requests.Response) -> bool:
    return answer.status_code == 200 and OF_PAGES.isdisjoint(name.lower() for name in answer.headers)


def lasting(body: dict[str, Any]) -> dict[str, Any]:
    """What a moment does not change."""
    return {name: value for name, value in body.items() if name not in {"serverTime", "seq"}}


@pytest.mark.parametrize("sender", SENDERS)
def test_the_second_look_is_quick_and_says_what_the_first_said(hall: Resident, sender: str) -> None:
    path, headers = SENDERS[sender]
    queue_id, token = waiting(hall)

    def look() -> requests.Response:
        return hall.call("GET", path.format(id=queue_id), None, hall.as_person(token) | headers)

    slow = look()
    wait_until(lambda: is_quick(look()))
    quick = look()

    assert not is_quick(slow)
    assert lasting(quick.json()) == lasting(slow.json())
    assert {name.lower() for name in quick.headers} == {name.lower() for name in slow.headers} - OF_PAGES
    assert quick.headers.get("Access-Control-Allow-Origin") == headers.get("Origin")
    assert quick.headers["X-Request-Id"] != slow.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://shop.example"}, {"X-Forwarded-For": "203.0.113.9"}, {"Prefer": "wait=1"}]
)
def test_a_look_from_elsewhere_or_for_more_goes_the_long_way(hall: Resident, headers: dict[str, str]) -> None:
    queue_id, token = waiting(hall)

    def look(more: dict[str, str]) -> requests.Response:
        return hall.call("GET", PATH.format(id=queue_id), None, hall.as_person(token) | more)

    wait_until(lambda: is_quick(look({})))
    assert not is_quick(look(headers))


def test_nobody_looks_with_the_token_of_another_organization(house: House) -> None:
    queue_id, token = waiting(house.hall)
    mine = house.hall.as_person(token)
    wait_until(lambda: is_quick(house.hall.call("GET", PATH.format(id=queue_id), None, mine)))
    theirs = mine | {"X-Publishable-Key": house.barn.publishable}
    assert house.hall.call("GET", PATH.format(id=queue_id), None, theirs).status_code == 401
    assert house.hall.call("GET", PATH.format(id=queue_id), None, mine | {"X-Publishable-Key": "x"}).status_code == 401
