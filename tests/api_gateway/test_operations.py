"""What a 202 and its operation tell: what is shown once, and nothing that the direct answer would hide."""

import operator
from typing import Any

import pytest
import requests

from tests.support.house import NOBODY, House
from tests.support.resident import Resident, strong_key
from tests.support.servers import wait_until

LATER = {"Prefer": "respond-async"}


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def decided(hall: Resident, accepted: requests.Response, headers: dict[str, str]) -> Any:
    """The operation of a call that was answered with 202, once it has succeeded."""
    assert accepted.status_code == 202, accepted.text
    where = accepted.headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, headers).json().get("status") == "SUCCEEDED")
    return hall.call("GET", where, None, headers).json()


def renewed(hall: Resident, token: str, **headers: str) -> requests.Response:
    """The answer to a refresh."""
    return hall.visit("POST", "/auth/refresh", {"refreshToken": token}, **headers)


def test_a_call_may_be_answered_later(hall: Resident) -> None:
    sent = hall.admin("POST", "/experiences", {"name": "Later"}, Prefer="respond-async")
    assert (sent.status_code, sent.json()["status"]) == (202, "PENDING")
    assert (sent.headers["Preference-Applied"], sent.headers["Retry-After"]) == ("respond-async", "1")
    where = sent.headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, hall.as_server).json()["status"] == "SUCCEEDED")
    told = hall.call("GET", where, None, hall.as_server).json()
    assert (told["type"], told["resultStatus"], told["result"]["name"]) == ("experience.create", 201, "Later")
    assert hall.admin("GET", f"/experiences/{told['result']['id']}").status_code == 200


def test_an_operation_tells_why_a_call_was_refused(hall: Resident) -> None:
    path = f"/queues/{hall.queue()['id']}/resume"
    sent = hall.admin("POST", path, {}, Prefer="respond-async, wait=0")
    where = sent.headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, hall.as_server).json()["status"] == "FAILED")
    told = hall.call("GET", where, None, hall.as_server).json()
    assert (told["resultStatus"], told["problem"]["code"]) == (409, "NOT_PAUSED")


def test_an_operation_of_nobody_is_404(house: House) -> None:
    hall, barn = house.hall, house.barn
    assert hall.admin("GET", f"/operations/{NOBODY}").json()["code"] == "OPERATION_NOT_FOUND"
    where = hall.admin("POST", "/experiences", {"name": "Mine"}, Prefer="respond-async").headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, hall.as_server).json()["status"] == "SUCCEEDED")
    assert barn.call("GET", where, None, barn.as_server).status_code == 404


def test_whoever_refreshes_with_202_goes_on_with_the_token_that_it_tells(hall: Resident) -> None:
    guest = hall.guest()
    accepted = renewed(hall, guest["refreshToken"], **LATER)
    assert accepted.status_code == 202
    again = renewed(hall, accepted.json()["refreshToken"])
    assert again.status_code == 200, again.text
    told = decided(hall, accepted, hall.as_person(again.json()["accessToken"]))
    assert (told["type"], told["result"]["consumerId"]) == ("people.refresh_session", guest["consumerId"])
    assert renewed(hall, again.json()["refreshToken"]).status_code == 200


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "again"}], ids=["without a key", "with a key"])
def test_whoever_refreshes_reads_the_operation_with_the_token_that_its_202_tells(
    hall: Resident, key: dict[str, str]
) -> None:
    guest = hall.guest()
    accepted = renewed(hall, guest["refreshToken"], **LATER | key)
    token = {"X-Refresh-Token": accepted.json()["refreshToken"]}
    told = decided(hall, accepted, hall.as_visitor | token)["result"]
    assert told.keys() == renewed(hall, hall.guest()["refreshToken"]).json().keys()
    assert (told["consumerId"], told["refreshToken"]) == (guest["consumerId"], token["X-Refresh-Token"])
    assert (
        hall.call("GET", "/consumer/api/v1/consumers/me", None, hall.as_person(told["accessToken"])).status_code == 200
    )


def test_no_other_token_reads_the_operation_of_a_refresh(house: House) -> None:
    hall, guest = house.hall, house.hall.guest()
    accepted = renewed(hall, guest["refreshToken"], **LATER)
    token = accepted.json()["refreshToken"]
    decided(hall, accepted, hall.as_visitor | {"X-Refresh-Token": token})
    later = renewed(hall, token, **LATER).json()["refreshToken"]
    for other in ("", "rt_nonsense", "é".encode().decode("latin-1"), guest["refreshToken"], later, token[:-4] + "AAAA"):
        looked = hall.call("GET", accepted.headers["Location"], None, hall.as_visitor | {"X-Refresh-Token": other})
        assert (looked.status_code, looked.json()["code"]) == (404, "OPERATION_NOT_FOUND"), other
    elsewhere = house.barn.as_visitor | {"X-Refresh-Token": token}
    assert house.barn.call("GET", accepted.headers["Location"], None, elsewhere).status_code == 404


def test_a_refresh_token_that_was_used_gets_no_token_from_its_operation(hall: Resident) -> None:
    accepted = renewed(hall, hall.guest()["refreshToken"], **LATER)
    shown = hall.as_visitor | {"X-Refresh-Token": accepted.json()["refreshToken"]}
    assert "accessToken" in decided(hall, accepted, shown)["result"]
    assert renewed(hall, accepted.json()["refreshToken"]).status_code == 200
    assert not {"accessToken", "refreshToken"} & decided(hall, accepted, shown)["result"].keys()


def test_a_guest_without_a_key_reads_the_operation_with_the_token_that_its_202_tells(hall: Resident) -> None:
    accepted = hall.visit("POST", "/auth/guest", **LATER)
    shown = hall.as_visitor | {"X-Refresh-Token": accepted.json()["refreshToken"]}
    told = decided(hall, accepted, shown)["result"]
    assert renewed(hall, told["refreshToken"]).status_code == 200


def test_a_guest_without_a_key_goes_on_with_the_token_that_the_202_tells(hall: Resident) -> None:
    accepted = hall.visit("POST", "/auth/guest", **LATER)
    assert accepted.status_code == 202
    begun = renewed(hall, accepted.json()["refreshToken"])
    assert begun.status_code == 200, begun.text
    told = decided(hall, accepted, hall.as_person(begun.json()["accessToken"]))
    assert told["result"]["session"]["consumerId"] == begun.json()["session"]["consumerId"]


def test_the_operation_of_an_entrant_tells_what_the_direct_answer_would(hall: Resident) -> None:
    draw, key = hall.draw(), {"Idempotency-Key": strong_key()}
    accepted = hall.visit("POST", f"/draws/{draw['id']}/enter", {}, **LATER | key)
    own = {"X-Refresh-Token": accepted.json()["refreshToken"]}
    told = decided(hall, accepted, hall.as_visitor | own)["result"]
    assert told.keys() == hall.entrant(draw).keys() - {"receipt"}
    assert (told["status"], told["distributionId"]) == ("ENTERED", draw["id"])
    assert decided(hall, accepted, hall.as_visitor | key)["result"]["participationId"] == told["participationId"]


def test_the_202_of_an_enter_tells_the_token_that_its_operation_tells(hall: Resident) -> None:
    key = {"Idempotency-Key": strong_key()}
    accepted = hall.visit("POST", f"/queues/{hall.queue()['id']}/enter", {}, **LATER | key)
    told = decided(hall, accepted, hall.as_visitor | key)
    assert told["result"]["refreshToken"] == accepted.json()["refreshToken"]


def test_the_202_of_a_new_key_shows_its_text(hall: Resident) -> None:
    path = "/organizations/current/keys"
    asked = {"name": "Page", "kind": "publishable", "mode": "live"}
    accepted = hall.admin("POST", path, asked, **LATER)
    made = decided(hall, accepted, hall.as_server)
    assert "key" not in made["result"]
    opens(hall, accepted.json()["key"])
    rotated = hall.admin("POST", f"{path}/{made['result']['id']}/rotate", {}, **LATER)
    decided(hall, rotated, hall.as_server)
    assert accepted.json()["key"] != rotated.json()["key"]
    opens(hall, rotated.json()["key"])


def opens(hall: Resident, key: str) -> None:
    """AssertionError unless this publishable key opens the organization."""
    headers = {"X-Publishable-Key": key}
    assert hall.call("POST", "/consumer/api/v1/auth/guest", {}, headers).status_code == 201


def test_an_operation_hides_what_a_qualitative_queue_hides(hall: Resident) -> None:
    queue = hall.queue(maxActiveGrants=1, positionDisplayMode="qualitative")
    hall.granted(queue)
    key = {"Idempotency-Key": strong_key()}
    accepted = hall.visit("POST", f"/queues/{queue['id']}/enter", {}, **LATER | key)
    for headers in (hall.as_visitor | key, hall.as_server):
        told = decided(hall, accepted, headers)["result"]
        assert (told["status"], told["position"], told["estimatedWaitTimeInSeconds"]) == ("QUEUED", None, None)
        assert told["positionBand"] in {"near", "middle", "far"}
        assert "ticket" not in told


def test_an_operation_tells_what_the_direct_call_would_have_answered(hall: Resident) -> None:
    queue, key = hall.queue(maxActiveGrants=1), {"Idempotency-Key": strong_key()}
    hall.granted(queue)
    path = f"/queues/{queue['id']}/enter"

    def both_ways() -> tuple[dict[str, Any], dict[str, Any]]:
        told = decided(hall, hall.visit("POST", path, {}, **LATER | key), hall.as_visitor | key)["result"]
        return told, hall.visit("POST", path, {}, **key).json()

    def lasting(answer: dict[str, Any]) -> dict[str, Any]:
        passing = {"serverTime", "accessToken", "seq", "pollAfterSeconds", "estimatedWaitTimeInSeconds"}
        return {name: value for name, value in answer.items() if name not in passing}

    told, direct = both_ways()
    assert told.keys() == direct.keys()
    wait_until(lambda: operator.eq(*map(lasting, both_ways())))  # for a pull of the line may come between the two
    person = hall.as_person(told["accessToken"])
    left = hall.call("POST", f"/consumer/api/v1/queues/{queue['id']}/leave", {}, person | LATER)
    ended = decided(hall, left, person)["result"]
    assert (ended["status"], ended["distributionId"]) == ("LEFT", queue["id"])
    assert not {"ticket", "position"} & ended.keys()


@pytest.mark.parametrize("hot", [True, False])
def test_a_202_says_what_was_asked_for_and_when(hall: Resident, hot: bool) -> None:  # noqa: FBT001 (a column)
    path, body = "/consumer/api/v1/auth/logout", {}
    if hot:
        path = f"/consumer/api/v1/queues/{hall.queue()['id']}/enter"
    person = hall.as_person(hall.guest()["accessToken"])
    told = hall.call("POST", path, body, person | LATER).json()
    assert told["type"] == ("queue.enter" if hot else "people.end_session")
    assert told["createdAt"].endswith("Z")


def test_a_long_poll_says_how_long_it_would_have_waited(hall: Resident) -> None:
    queue = hall.queue()
    person = hall.as_person(hall.entered(queue)["accessToken"]) | {"Prefer": "wait=7"}
    for path in (f"/queues/{queue['id']}/status", "/consumers/me"):
        looked = hall.call("GET", f"/consumer/api/v1{path}?sinceVersion=0", None, person)
        assert looked.headers["Preference-Applied"] == "wait=7", looked.text
        at_once = hall.call("GET", f"/consumer/api/v1{path}", None, person)
        assert "Preference-Applied" not in at_once.headers


def test_what_is_shown_once_is_described(hall: Resident) -> None:
    for api in ("consumer", "admin"):
        document = hall.call("GET", f"/{api}/api/v1/openapi.json", None, {}).json()
        members = document["components"]["schemas"]["Operation"]["properties"]
        assert all("SUCCEEDED" in members[name]["description"] for name in ("refreshToken", "key"))


def test_a_text_that_is_no_canonical_id_is_nobodys(hall: Resident) -> None:
    queue = hall.queue()["id"]
    shown = hall.admin("GET", f"/queues/{queue}")
    assert shown.status_code == 200
    for other in (queue.replace("-", ""), f"{{{queue}}}", f"urn:uuid:{queue}"):
        assert hall.admin("GET", f"/queues/{other}").status_code == 404
        assert hall.visit("GET", f"/queues/{other}").status_code == 404
        assert hall.admin("GET", f"/queues?sequenceId={other}").status_code == 200
