"""What a person takes part in, all at once; and what everybody may hear of an experience."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.house import NOBODY, House
from tests.support.resident import Resident
from tests.support.servers import wait_until

SHOP = "https://shop.example"


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def me(hall: Resident, guest: Any, query: str = "", **headers: str) -> Any:
    path = f"/consumer/api/v1/consumers/me{query}"
    answer = hall.call("GET", path, None, hall.as_person(guest["accessToken"]) | headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_somebody_new_takes_part_in_nothing(hall: Resident) -> None:
    guest = hall.guest()
    told = me(hall, guest)
    assert (told["consumer"]["id"], told["consumer"]["level"]) == (guest["consumerId"], "guest")
    assert (told["journeys"], told["stateVersion"]) == ([], 0)
    assert set(told["active"]) == {
        "experiences", "queues", "draws", "auctions", "appointments", "timedReleases", "waitlists",
    }  # fmt: skip
    assert not any(told["active"].values())


def test_somebody_who_waits_is_shown_the_place_in_the_line(hall: Resident) -> None:
    queue = hall.queue(maxActiveGrants=1)
    hall.granted(queue)
    guest = hall.entered(queue)
    told = me(hall, guest)
    (state,), (journey,) = told["active"]["queues"], told["journeys"]
    assert (state["status"], state["position"], state["participationId"]) == ("QUEUED", 1, guest["participationId"])
    assert told["active"]["experiences"] == [journey["experienceId"]] == [queue["experienceId"]]
    assert (journey["journeyStage"], journey["sequenceId"]) == ("routed", queue["sequenceId"])
    (item,) = journey["items"]
    assert (item["phase"], item["mechanism"], item["consumer"]["position"]) == ("participating", "queue", 1)
    assert (item["distribution"]["id"], item["distribution"]["lifecycle"]) == (queue["id"], "open")
    assert not {"grant", "outcome"} & set(item)


def test_a_grant_comes_with_its_token_and_an_end_with_its_reason(hall: Resident) -> None:
    queue = hall.queue()
    guest = hall.granted(queue)
    (item,) = me(hall, guest)["journeys"][0]["items"]
    assert (item["phase"], item["grant"]["token"]) == ("granted", guest["admissionGrant"])
    assert item["grant"]["issuedAt"] < item["grant"]["expiresAt"]
    before = me(hall, guest)["stateVersion"]
    hall.admin("POST", f"/queues/{queue['id']}/deny", {"consumerId": guest["consumerId"], "reason": "FRAUD_DETECTED"})
    told = me(hall, guest, f"?sinceVersion={before}", Prefer="wait=10")
    (item,) = told["journeys"][0]["items"]
    assert (told["stateVersion"], told["active"]["queues"]) == (before + 1, [])
    assert (item["phase"], item["outcome"]["type"], item["outcome"]["reason"]) == ("ended", "denied", "FRAUD_DETECTED")


def test_leaving_and_coming_back_counts_on(hall: Resident) -> None:
    queue = hall.queue(admitRate=1)
    hall.granted(queue)
    guest, path = hall.entered(queue), f"/consumer/api/v1/queues/{queue['id']}"
    person, versions = hall.as_person(guest["accessToken"]), [me(hall, guest)["stateVersion"]]
    for step in ("leave", "enter"):
        assert hall.call("POST", f"{path}/{step}", {}, person).status_code == 200
        versions.append(me(hall, guest)["stateVersion"])
    assert versions == [1, 2, 3]


def test_one_experience_is_shown_before_it_is_entered(hall: Resident) -> None:
    guest, queue = hall.guest(), hall.queue()
    later = hall.queue(openAt="2090-01-01T00:00:00Z")
    for one, phase in ((queue, "enterable"), (later, "scheduled")):
        (journey,) = me(hall, guest, f"?experienceId={one['experienceId']}")["journeys"]
        assert (journey["journeyStage"], journey["items"][0]["phase"]) == ("ready", phase)
    assert me(hall, guest, f"?experienceId={NOBODY}")["journeys"] == []
    assert me(hall, guest, "?experienceId=nonsense")["journeys"] == []


def test_nobody_sees_what_others_take_part_in(house: House) -> None:
    hall, barn = house.hall, house.barn
    queue = hall.queue()
    hall.entered(queue)
    assert me(hall, hall.guest())["journeys"] == []
    assert me(barn, barn.guest(), f"?experienceId={queue['experienceId']}")["journeys"] == []
    refused = hall.call("GET", "/consumer/api/v1/consumers/me", None, hall.as_server)
    assert refused.status_code == 401


def listening(hall: Resident, path: str, **how: Any) -> requests.Response:
    return requests.get(f"{hall.url}/consumer/api/v1/experiences/{path}", stream=True, timeout=20, **how)


def told_in(stream: requests.Response) -> Iterator[tuple[str, str]]:
    """The events of a stream, as (name, data)."""
    name = ""
    for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, line.removeprefix("data: ")


def test_everybody_hears_what_happens_to_the_queues_of_an_experience(hall: Resident) -> None:
    experience = hall.experience()
    queue = hall.queue(experience)
    with listening(hall, f"{experience['id']}/events", headers=hall.as_visitor) as stream:
        assert (stream.status_code, stream.headers["Content-Type"]) == (200, "text/event-stream")
        heard = told_in(stream)
        assert next(heard)[0] == "clock"
        name, first = next(heard)
        assert (name, queue["id"] in first, '"paused":false' in first) == ("distribution", True, True)
        hall.admin("POST", f"/queues/{queue['id']}/pause", {})
        assert '"paused":true' in next(data for name, data in heard if name == "distribution")
        hall.admin("POST", f"/experiences/{experience['id']}/unpublish", {})
        assert all(name == "clock" for name, _ in heard)


def test_a_browser_names_the_key_in_the_address(hall: Resident) -> None:
    experience = hall.experience()
    path = f"{experience['slug']}/events?publishableKey={hall.publishable}"
    with listening(hall, path, headers={"Origin": SHOP}) as stream:
        assert (stream.status_code, stream.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
        assert next(told_in(stream))[0] == "clock"


def test_what_the_public_may_not_see_has_no_stream(house: House) -> None:
    hidden = house.hall.admin("POST", "/experiences", {"name": "Secret"}).json()
    for of, path in ((house.hall, hidden["id"]), (house.hall, NOBODY), (house.barn, house.hall.experience()["id"])):
        refused = listening(of, f"{path}/events", headers=of.as_visitor)
        assert (refused.status_code, refused.json()["code"]) == (404, "EXPERIENCE_NOT_FOUND")
    for how in ({}, {"params": {"publishableKey": "nonsense"}}, {"params": {"publishableKey": "ключ"}}):
        assert listening(house.hall, f"{hidden['id']}/events", **how).status_code == 401


def test_a_stream_can_be_found_from_the_experience(hall: Resident) -> None:
    experience = hall.experience()
    wait_until(lambda: hall.visit("GET", f"/experiences/{experience['id']}").status_code == 200)
    links = hall.visit("GET", f"/experiences/{experience['id']}").json()["_links"]
    assert links["events"]["href"] == f"/consumer/api/v1/experiences/{experience['id']}/events"
