"""Experiences with everything under them, made and copied in one call."""

from typing import Any

import pytest

from tests.support.house import NOBODY, House
from tests.support.resident import Resident

ROW = {"type": "queue", "name": "Row", "admitRate": 600}


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def launch(hall: Resident, *distributions: Any, **members: Any) -> Any:
    body = {"name": "Harvest", "sequences": [{"name": "Door", "distributions": list(distributions)}]}
    return hall.admin("POST", "/experiences", body | members)


def test_an_experience_comes_with_its_queues(hall: Resident) -> None:
    made = launch(hall, ROW, ROW | {"name": "Second row"})
    assert made.status_code == 201, made.text
    experience = made.json()
    (path,) = experience["sequences"]
    assert [queue["name"] for queue in path["queues"]] == ["Row", "Second row"]
    read = hall.admin("GET", f"/experiences/{experience['id']}?include=distributions").json()
    assert read == experience
    assert hall.admin("POST", f"/experiences/{experience['id']}/publish").status_code == 200
    assert hall.entered(path["queues"][1])["status"] in {"QUEUED", "GRANTED"}


def test_an_experience_with_a_queue_that_may_not_be_is_not_made(hall: Resident) -> None:
    early = ROW | {"openAt": "2030-01-01T00:00:00Z"}
    refused = launch(hall, ROW, early, openAt="2030-06-01T00:00:00Z", name="Not this one")
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_WINDOW")
    assert refused.json()["errors"][0]["path"] == "/sequences/0/distributions/1/openAt"
    hasty = launch(hall, ROW | {"admissionExpirationSeconds": 59}, name="Not this one")
    assert hasty.json()["errors"][0]["path"] == "/sequences/0/distributions/0/admissionExpirationSeconds"
    sale = launch(hall, {"type": "auction", "name": "Sale"}, name="Not this one")
    assert (sale.status_code, sale.json()["code"]) == (400, "VALIDATION_ERROR")
    assert "auction are not available yet" in sale.json()["detail"]
    assert hall.admin("GET", "/experiences?search=Not this one").json()["data"] == []


def test_a_launch_is_repeated_a_week_later(hall: Resident) -> None:
    first = launch(hall, ROW | {"openAt": "2030-01-01T00:00:00Z"}).json()
    path = first["_links"]["duplicate"]["href"]
    copy = hall.call("POST", path, {"name": "Once more", "shiftSeconds": 604_800}, hall.as_server)
    assert copy.status_code == 201, copy.text
    told = copy.json()
    assert (told["name"], told["slug"], told["published"]) == ("Once more", "once-more", False)
    assert copy.headers["Location"] == f"/admin/api/v1/experiences/{told['id']}"
    assert told["sequences"][0]["queues"][0]["openAt"] == "2030-01-08T00:00:00.000Z"
    assert hall.admin("POST", f"/experiences/{first['id']}/duplicate").status_code == 201


def test_nobody_copies_what_belongs_to_others(house: House) -> None:
    theirs = house.hall.experience()["id"]
    for wanted in (theirs, NOBODY, "nonsense"):
        refused = house.barn.admin("POST", f"/experiences/{wanted}/duplicate", {})
        assert (refused.status_code, refused.json()["code"]) == (404, "EXPERIENCE_NOT_FOUND")
