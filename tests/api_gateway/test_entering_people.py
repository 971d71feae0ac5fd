"""The organization's server enters people into a draw: it says who has several tickets, and who is of one household."""

from typing import Any
from uuid import uuid4

import pytest

from domain.fairness.draws import check_draw
from tests.support.house import NOBODY, House
from tests.support.resident import Resident, soon, strong_key
from tests.support.servers import wait_until


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def place(draw: Any) -> str:
    return f"/draws/{draw['id']}/enter"


def entered(hall: Resident, draw: Any, person: str, **said: Any) -> Any:
    made = hall.admin("POST", place(draw), {"consumerId": person} | said)
    assert made.status_code == 200, made.text
    return made.json()


def refused(hall: Resident, draw: Any, said: dict[str, Any]) -> tuple[int, str, str | None]:
    answer = hall.admin("POST", place(draw), said)
    told = answer.json()
    return answer.status_code, told.get("code"), next((one["path"] for one in told.get("errors", [])), None)


def test_the_organization_gives_the_weight_and_the_household(hall: Resident) -> None:
    draw = hall.draw(1.5, winnerCount=2, maxTicketsPerEntry=9)
    guests = [hall.guest() for _ in range(2)]
    people = [entered(hall, draw, one["consumerId"], tickets=9, duplicateKey="Quay 1") for one in guests]
    assert [one["tickets"] for one in people] == [9, 9]
    assert {"deny", "self"} <= people[0]["_links"].keys()
    assert [one["receipt"]["index"] for one in people] == [0, 1]
    assert hall.standing(draw, guests[0]["accessToken"])["participationId"] == people[0]["participationId"]
    hall.selected(draw)
    lines = hall.proof(draw)
    assert [line["tickets"] for line in lines if line.get("leaf") == "enter"] == [9, 9]
    states = sorted(hall.standing(draw, one["accessToken"])["status"] for one in guests)
    assert (states.count("WON"), check_draw(lines).is_proved) == (1, True)


def test_whoever_gives_themselves_tickets_is_told_whose_they_are(hall: Resident) -> None:
    draw = hall.draw(maxTicketsPerEntry=9)
    assert draw["ticketsBy"] == "organization"
    answer = hall.visit("POST", place(draw), {"tickets": 2}, **{"Idempotency-Key": strong_key()})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "/tickets")
    assert "its server enters" in answer.json()["detail"]
    assert hall.entrant(draw)["tickets"] == 1


def test_where_the_organization_enters_people_nobody_else_does(hall: Resident) -> None:
    draw, guest = hall.draw(entriesBy="organization"), hall.guest()
    strange = hall.visit("POST", place(draw), {}, **{"Idempotency-Key": strong_key()})
    known = hall.call("POST", f"/consumer/api/v1{place(draw)}", {}, hall.as_person(guest["accessToken"]))
    assert [(one.status_code, one.json()["code"]) for one in (strange, known)] == [(403, "ACCESS_DENIED")] * 2
    assert "enter" not in hall.visit("GET", f"/draws/{draw['id']}").json()["_links"]
    assert "enter" in hall.admin("GET", f"/draws/{draw['id']}").json()["_links"]
    assert entered(hall, draw, guest["consumerId"])["status"] == "ENTERED"


def test_the_first_entry_stands_whoever_made_it(hall: Resident) -> None:
    draw, guest = hall.draw(maxTicketsPerEntry=9), hall.guest()
    own = hall.enter(draw, guest["accessToken"])
    later = entered(hall, draw, guest["consumerId"], tickets=9)
    assert (later["participationId"], later["tickets"], "receipt" in later) == (own["participationId"], 1, False)


def test_the_same_key_enters_once_and_another_body_under_it_is_refused(hall: Resident) -> None:
    draw, guest, key = hall.draw(maxTicketsPerEntry=9), hall.guest(), {"Idempotency-Key": strong_key()}
    said = {"consumerId": guest["consumerId"], "tickets": 3}
    first, again = (hall.admin("POST", place(draw), said, **key) for _ in range(2))
    assert first.json()["participationId"] == again.json()["participationId"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = hall.admin("POST", place(draw), said | {"tickets": 4}, **key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_nobody_enters_whom_the_organization_does_not_know(hall: Resident, house: House) -> None:
    draw, stranger, own = hall.draw(), house.barn.guest(), hall.guest()
    assert refused(hall, draw, {"consumerId": NOBODY})[:2] == (404, "CONSUMER_NOT_FOUND")
    assert refused(hall, draw, {"consumerId": stranger["consumerId"]})[:2] == (404, "CONSUMER_NOT_FOUND")
    assert refused(hall, {"id": str(uuid4())}, {"consumerId": own["consumerId"]})[:2] == (404, "DRAW_NOT_FOUND")
    assert refused(house.barn, draw, {"consumerId": stranger["consumerId"]})[:2] == (404, "DRAW_NOT_FOUND")
    assert hall.admin("GET", f"/draws/{draw['id']}").json()["enteredCount"] == 0


def test_a_draw_takes_people_of_its_organization_only_while_it_is_open(hall: Resident) -> None:
    early, late, known = hall.draw(openAt=soon(1800)), hall.draw(closeAt=soon(0.5)), hall.draw(supportsGuest=False)
    asked = {"consumerId": hall.guest()["consumerId"]}
    assert refused(hall, early, asked)[:2] == (423, "DRAW_NOT_OPEN")
    assert refused(hall, known, asked)[:2] == (403, "GUEST_NOT_ALLOWED")
    wait_until(lambda: hall.admin("GET", f"/draws/{late['id']}").json()["drawStatus"] == "sealed")
    assert refused(hall, late, asked)[:2] == (409, "DRAW_CLOSED")


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"consumerId": None}, "/consumerId"), ({"consumerId": "ada"}, "/consumerId"), ({"tickets": 10}, "/tickets"),
        ({"tickets": "2"}, "/tickets"), ({"tickets": 1.5}, "/tickets"), ({"tickets": True}, "/tickets"),
        ({"people": 2}, "/people"), ({"duplicateKey": ""}, "/duplicateKey"), ({"duplicateKey": 7}, "/duplicateKey"),
        ({"byOrganization": True}, "/byOrganization"),
    ],
)  # fmt: skip
def test_what_is_not_right_is_named(hall: Resident, said: dict[str, Any], path: str) -> None:
    draw = hall.draw(maxTicketsPerEntry=9)
    assert refused(hall, draw, {"consumerId": NOBODY} | said | _known(hall, said)) == (400, "VALIDATION_ERROR", path)


def _known(hall: Resident, said: dict[str, Any]) -> dict[str, Any]:
    """Somebody who may be entered, so that nothing else is wrong."""
    return {} if "consumerId" in said else {"consumerId": hall.guest()["consumerId"]}
