"""Coming into an experience before entering any of its queues, and going out again."""

from typing import Any

import pytest

from tests.support.house import NOBODY, House
from tests.support.resident import Resident

BASE = "/consumer/api/v1"


@pytest.fixture
def hall(house: House) -> Resident:
    """The organization whose turn it is."""
    return house.hall


def visited(hall: Resident, guest: Any, method: str, place: str, **headers: str) -> Any:
    """What a person is told who comes or goes."""
    body = {} if method == "POST" else None
    return hall.call(method, f"{BASE}/experiences/{place}", body, hall.as_person(guest["accessToken"]) | headers)


def me(hall: Resident, guest: Any) -> Any:
    """Everything that a person takes part in."""
    return hall.call("GET", f"{BASE}/consumers/me", None, hall.as_person(guest["accessToken"])).json()


def test_whoever_comes_in_sees_the_way_before_entering_a_queue(hall: Resident) -> None:
    launch, guest = hall.experience(), hall.guest()
    queue = hall.queue(launch)
    before = me(hall, guest)
    assert (before["active"]["experiences"], before["journeys"]) == ([], [])
    told = visited(hall, guest, "POST", f"{launch['id']}/enter")
    assert (told.status_code, told.json()["experienceId"]) == (200, launch["id"]), told.text
    assert "leave" in told.json()["experience"]["_links"]
    inside = me(hall, guest)
    assert inside["active"]["experiences"] == [launch["id"]]
    (journey,) = inside["journeys"]
    assert (journey["journeyStage"], journey["items"][0]["distribution"]["id"]) == ("ready", queue["id"])
    again = visited(hall, guest, "POST", f"{launch['id']}/enter").json()
    assert again["enteredAt"] == told.json()["enteredAt"]
    assert visited(hall, guest, "DELETE", f"{launch['id']}/leave").json() == {"left": True}
    assert visited(hall, guest, "DELETE", f"{launch['id']}/leave").json() == {"left": False}
    after = me(hall, guest)
    assert (after["active"]["experiences"], after["journeys"]) == ([], [])
    assert before["stateVersion"] < inside["stateVersion"] < after["stateVersion"]


def test_the_links_of_an_experience_are_those_of_who_asks(hall: Resident) -> None:
    launch, guest = hall.experience(), hall.guest()
    hall.queue(launch)

    def relations(headers: dict[str, str]) -> set[str]:
        return set(hall.call("GET", f"{BASE}/experiences/{launch['id']}", None, headers).json()["_links"])

    person = hall.as_person(guest["accessToken"])
    assert relations(hall.as_visitor) == {"self", "events"}
    assert relations(person) == {"self", "events", "enter"}
    visited(hall, guest, "POST", f"{launch['slug']}/enter")
    assert relations(person) == {"self", "events", "leave"}


def test_nobody_comes_into_what_is_over_hidden_or_anothers(house: House) -> None:
    hall, guest = house.hall, house.hall.guest()
    launch = hall.experience()
    queue = hall.queue(launch)
    assert hall.admin("POST", f"/queues/{queue['id']}/kill", {"reason": "over"}).status_code == 200
    closed = visited(hall, guest, "POST", f"{launch['id']}/enter")
    assert (closed.status_code, closed.json()["code"]) == (409, "EXPERIENCE_CLOSED"), closed.text
    hidden = hall.admin("POST", "/experiences", {"name": "Hidden"}).json()["id"]
    for place in (hidden, house.barn.experience()["id"], NOBODY, "nonsense"):
        for method, action in (("POST", "enter"), ("DELETE", "leave")):
            refused = visited(hall, guest, method, f"{place}/{action}")
            assert (refused.status_code, refused.json()["code"]) == (404, "EXPERIENCE_NOT_FOUND"), refused.text


def test_coming_in_may_be_answered_later(hall: Resident) -> None:
    launch, guest = hall.experience(), hall.guest()
    hall.queue(launch)
    later = visited(hall, guest, "POST", f"{launch['id']}/enter", Prefer="respond-async")
    assert (later.status_code, later.json()["type"]) == (202, "people.enter_experience"), later.text
