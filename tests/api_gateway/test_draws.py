"""Draws through both APIs: run by their organization, entered by visitors, acted on by servers, checked by anybody."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from domain.fairness.draws import check_draw
from tests.support.house import House
from tests.support.resident import Resident, soon, strong_key
from tests.support.servers import wait_until

PRIZES = [{"name": "stalls", "places": 1}, {"name": "balcony", "places": 2}]


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def winners_of(hall: Resident, draw: Any) -> list[Any]:
    return hall.admin("GET", f"/draws/{draw['id']}/consumers?status=WON").json()["data"]


def fates(hall: Resident, draw: Any, people: list[Any]) -> list[Any]:
    """What became of these people, once the gateway has heard that it was drawn: whoever is still in has a place behind."""

    def told() -> list[Any]:
        states = [hall.standing(draw, one["accessToken"]) for one in people]
        return [one for one in states if one["status"] != "ENTERED" or "alternatePosition" in one]

    wait_until(lambda: len(told()) == len(people))
    return told()


def test_a_draw_is_made_read_changed_and_put_away(hall: Resident) -> None:
    draw = hall.draw(capacity=10, metadata={"prize": "a bell"})
    path = f"/draws/{draw['id']}"
    read = hall.admin("GET", path)
    assert (read.status_code, read.headers["ETag"]) == (200, f'"{draw["version"]}"')
    assert read.json() == {**draw, "lifecycle": read.json()["lifecycle"]}
    changed = hall.admin("PATCH", path, {"capacity": None, "winnerCount": 2}).json()
    assert (changed["capacity"], changed["winnerCount"], changed["version"]) == (None, 2, draw["version"] + 1)
    replaced = hall.admin("PUT", path, {"name": "Tombola", "drawAt": soon(60), "winnerCount": 1}).json()
    assert (replaced["name"], replaced["metadata"]) == ("Tombola", {})
    assert hall.admin("DELETE", path).status_code == 204
    assert draw["id"] not in str(hall.admin("GET", "/draws?per_page=1000").json()["data"])


def test_what_people_relied_on_cannot_change(hall: Resident) -> None:
    draw = hall.draw()
    hall.entrant(draw)
    refused = hall.admin("PATCH", f"/draws/{draw['id']}", {"winnerCount": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "FIELD_FROZEN")
    assert refused.json()["errors"][0]["path"] == "/winnerCount"
    assert hall.admin("PATCH", f"/draws/{draw['id']}", {"name": "Tombola"}).json()["name"] == "Tombola"


@pytest.mark.parametrize(
    ("settings", "status", "code", "path"),
    [
        ({"drawAt": soon(60), "closeAt": soon(120)}, 400, "INVALID_WINDOW", ""),
        ({"drawAt": soon(60), "openAt": soon(120)}, 400, "INVALID_WINDOW", ""),
        ({"winnerCount": 5, "capacity": 4}, 400, "VALIDATION_ERROR", ""),
        ({"winnerCount": 0}, 400, "VALIDATION_ERROR", "/winnerCount"),
        ({"maxTicketsPerEntry": 1001}, 400, "VALIDATION_ERROR", "/maxTicketsPerEntry"),
        ({"drawAt": None}, 400, "VALIDATION_ERROR", "/drawAt"),
        ({"admitRate": 60}, 400, "VALIDATION_ERROR", "/admitRate"),
        ({"prizes": [{"name": "stalls", "places": 2}]}, 400, "VALIDATION_ERROR", ""),
        ({"prizes": [{"name": "a", "places": 1}], "alternateCount": 3}, 400, "VALIDATION_ERROR", ""),
        ({"prizes": [{"name": "front row", "places": 1}]}, 400, "VALIDATION_ERROR", "/prizes/0/name"),
        ({"prizes": []}, 400, "VALIDATION_ERROR", "/prizes"),
    ],
)
def test_bad_settings_are_named(hall: Resident, settings: dict[str, Any], status: int, code: str, path: str) -> None:
    sequence = hall.experience()["sequences"][0]["id"]
    body = {"sequenceId": sequence, "name": "Raffle", "drawAt": soon(60), "winnerCount": 1} | settings
    refused = hall.admin("POST", "/draws", body)
    assert (refused.status_code, refused.json()["code"], refused.json()["errors"][0]["path"]) == (status, code, path)


def test_entering_has_its_time(hall: Resident) -> None:
    early, late = hall.draw(openAt=soon(1800)), hall.draw(closeAt=soon(0.5))
    refused = hall.visit("POST", f"/draws/{early['id']}/enter", {}, **{"Idempotency-Key": strong_key()})
    assert (refused.status_code, refused.json()["code"]) == (423, "DRAW_NOT_OPEN")
    assert int(refused.headers["Retry-After"]) > 1000
    wait_until(lambda: hall.admin("GET", f"/draws/{late['id']}").json()["drawStatus"] == "sealed")
    refused = hall.visit("POST", f"/draws/{late['id']}/enter", {}, **{"Idempotency-Key": strong_key()})
    assert (refused.status_code, refused.json()["code"]) == (409, "DRAW_CLOSED")


@pytest.mark.parametrize("said", [{"tickets": 3}, {"tickets": 0}, {"people": 2}, {"quantity": 9}, {"nonsense": 1}])
def test_an_entry_asks_for_what_there_is(hall: Resident, said: dict[str, int]) -> None:
    draw = hall.draw(maxTicketsPerEntry=2, ticketsBy="entrant")
    refused = hall.visit("POST", f"/draws/{draw['id']}/enter", said, **{"Idempotency-Key": strong_key()})
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert refused.json()["errors"][0]["path"] == f"/{next(iter(said))}"


@pytest.mark.parametrize("preferences", [None, [], ["box"], ["stalls", "stalls"], ["stalls", "box"]])
def test_where_there_are_prizes_an_entry_says_which_it_wants(hall: Resident, preferences: list[str] | None) -> None:
    draw = hall.draw(winnerCount=3, prizes=PRIZES)
    said = {} if preferences is None else {"preferences": preferences}
    refused = hall.visit("POST", f"/draws/{draw['id']}/enter", said, **{"Idempotency-Key": strong_key()})
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert refused.json()["errors"][0]["path"] == "/preferences"


def test_where_there_are_no_prizes_none_can_be_preferred(hall: Resident) -> None:
    said, key = {"preferences": ["stalls"]}, {"Idempotency-Key": strong_key()}
    refused = hall.visit("POST", f"/draws/{hall.draw()['id']}/enter", said, **key)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "/preferences")


def test_the_first_entry_stands(hall: Resident) -> None:
    draw = hall.draw(maxTicketsPerEntry=5, ticketsBy="entrant")
    first = hall.entrant(draw, tickets=2)
    again = hall.call(
        "POST", f"/consumer/api/v1/draws/{draw['id']}/enter", {"tickets": 5}, hall.as_person(first["accessToken"])
    )
    assert (again.status_code, again.json()["tickets"]) == (200, 2)
    assert again.json()["participationId"] == first["participationId"]


def test_somebody_leaves_and_comes_again(hall: Resident) -> None:
    draw = hall.draw()
    me = hall.entrant(draw)
    place, headers = f"/consumer/api/v1/draws/{draw['id']}", hall.as_person(me["accessToken"])
    assert "leave" in hall.standing(draw, me["accessToken"])["_links"]
    assert hall.call("POST", f"{place}/leave", None, headers).json()["status"] == "LEFT"
    assert hall.call("POST", f"{place}/leave", None, headers).json()["status"] == "LEFT"
    anew = hall.call("POST", f"{place}/enter", {}, headers).json()
    assert (anew["status"], anew["participationId"] != me["participationId"]) == ("ENTERED", True)


def test_a_draw_from_its_entries_to_its_proof(hall: Resident) -> None:
    draw = hall.draw(1.5, winnerCount=2)
    people = [hall.entrant(draw) for _ in range(6)]
    hall.selected(draw)
    states = fates(hall, draw, people)
    won = [one for one in states if one["status"] == "WON"]
    assert len(won) == 2
    assert sorted(one["alternatePosition"] for one in states if one["status"] == "ENTERED") == [1, 2, 3, 4]
    assert {one["participationId"] for one in winners_of(hall, draw)} == {one["participationId"] for one in won}
    checked = check_draw(hall.proof(draw))
    assert [finding.text for finding in checked.findings if finding.verdict.value != "holds"] == []
    verdict = hall.admin("POST", f"/draws/{draw['id']}/validate", {"admissionGrant": won[0]["admissionGrant"]}).json()
    assert (verdict["valid"], verdict["grant"]["distributionType"]) == (True, "draw")
    body = {"admissionGrant": won[0]["admissionGrant"], "orderId": "one", "orderAmount": "12.50"}
    done = hall.admin("POST", "/admission/complete", body).json()
    assert (done["status"], done["order"]["orderAmount"]) == ("COMPLETED", "12.50")


def test_a_draw_of_several_prizes_tells_everybody_what_they_won(hall: Resident) -> None:
    draw = hall.draw(1.5, winnerCount=3, prizes=PRIZES)
    assert hall.visit("GET", f"/draws/{draw['id']}").json()["prizes"] == PRIZES
    people = [hall.entrant(draw, preferences=["stalls", "balcony"]) for _ in range(5)]
    hall.selected(draw)
    states = [hall.standing(draw, one["accessToken"]) for one in people]
    won = sorted((one for one in states if one["status"] == "WON"), key=lambda one: one["rank"])
    assert [one["prize"] for one in won] == ["stalls", "balcony", "balcony"]
    lost = [one for one in states if one["status"] == "ENTERED"]
    assert [(one["preferences"], "alternatePosition" in one, "prize" in one) for one in lost] == [
        (["stalls", "balcony"], False, False)
    ] * 2
    assert sorted(one["prize"] for one in winners_of(hall, draw)) == ["balcony", "balcony", "stalls"]
    payload = won[0]["admissionGrant"].split(".")[1]
    assert json.loads(urlsafe_b64decode(payload + "==="))["prize"] == "stalls"
    verdict = hall.admin("POST", f"/draws/{draw['id']}/validate", {"admissionGrant": won[0]["admissionGrant"]}).json()
    assert verdict["valid"] is True
    token = next(one["accessToken"] for one in people if one["participationId"] == won[0]["participationId"])
    hall.call("POST", f"/consumer/api/v1/draws/{draw['id']}/leave", None, hall.as_person(token))
    wait_until(lambda: [line["step"].get("prize") for line in hall.proof(draw) if "step" in line][-1] == "stalls")
    assert check_draw(hall.proof(draw)).is_proved


def test_a_win_that_is_given_back_goes_to_the_next(hall: Resident) -> None:
    draw = hall.draw(1.5)
    people = {one["participationId"]: one for one in (hall.entrant(draw) for _ in range(3))}
    hall.selected(draw)
    (winner,) = winners_of(hall, draw)
    token = people[winner["participationId"]]["accessToken"]
    left = hall.call("POST", f"/consumer/api/v1/draws/{draw['id']}/leave", None, hall.as_person(token))
    assert left.json()["status"] == "LEFT"
    wait_until(lambda: len(winners_of(hall, draw)) == 1)
    (second,) = winners_of(hall, draw)
    assert (second["promoted"], second["participationId"] != winner["participationId"]) == (True, True)
    loser = next(own for own in people if own not in {winner["participationId"], second["participationId"]})
    refused = hall.call(
        "POST", f"/consumer/api/v1/draws/{draw['id']}/leave", None, hall.as_person(people[loser]["accessToken"])
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "DRAW_CLOSED")
    assert [line["step"]["type"] for line in hall.proof(draw) if "step" in line][-2:] == ["DECLINED", "PROMOTED"]
    assert check_draw(hall.proof(draw)).is_proved


def test_a_household_wins_once(hall: Resident) -> None:
    draw = hall.draw(1.5, winnerCount=3)
    people = [hall.entrant(draw, duplicateKey=key) for key in ("Quay 1", "Quay 1", "Quay 2")]
    hall.selected(draw)
    assert sorted(one["status"] for one in fates(hall, draw, people)) == ["DENIED", "WON", "WON"]
    keys = [line["duplicateKey"] for line in hall.proof(draw) if line.get("leaf") == "enter"]
    assert [len(bytes.fromhex(key)) for key in keys] == [32, 32, 32]
    assert (keys[0] == keys[1], keys[0] == keys[2], "Quay" in str(keys)) == (True, False, False)
    assert check_draw(hall.proof(draw)).is_proved


def test_a_killed_draw_is_void_and_stays_visible(hall: Resident) -> None:
    draw = hall.draw(1.0, winnerCount=3)
    me = hall.entrant(draw)
    hall.selected(draw)
    ended = hall.admin("POST", f"/draws/{draw['id']}/kill", {"reason": "flood", "revokeGrants": True}).json()
    assert (ended["drawStatus"], ended["lifecycle"]) == ("void", "closed")
    wait_until(lambda: hall.standing(draw, me["accessToken"])["status"] == "DENIED")
    assert hall.standing(draw, me["accessToken"])["reason"] == "DRAW_CLOSED"
    wait_until(lambda: hall.visit("GET", f"/draws/{draw['id']}").json()["drawStatus"] == "void")
    assert hall.admin("DELETE", f"/draws/{draw['id']}").status_code == 204
    assert hall.visit("GET", f"/draws/{draw['id']}/proof").json()["drawStatus"] == "void"
    assert check_draw(hall.proof(draw)).is_proved


def test_an_experience_shows_its_draws(hall: Resident) -> None:
    experience = hall.experience()
    draw = hall.draw(under=experience)
    shown = hall.visit("GET", f"/experiences/{experience['id']}").json()
    assert [one["id"] for one in shown["sequences"][0]["draws"]] == [draw["id"]]
    sequence = experience["sequences"][0]["id"]
    listed = hall.admin("GET", f"/sequences/{sequence}/distributions").json()
    assert [(one["type"], one["id"]) for one in listed["data"]] == [("draw", draw["id"])]
    nested = {"type": "draw", "name": "Raffle", "drawAt": soon(60), "winnerCount": 1}
    made = hall.admin(
        "POST", "/experiences", {"name": "Night", "sequences": [{"name": "A", "distributions": [nested]}]}
    )
    assert made.json()["sequences"][0]["draws"][0]["winnerCount"] == 1


def test_a_stranger_whose_entry_is_accepted_follows_it_with_its_key(hall: Resident) -> None:
    draw, key = hall.draw(maxTicketsPerEntry=2, ticketsBy="entrant"), {"Idempotency-Key": strong_key()}
    place, said = f"/draws/{draw['id']}/enter", {"tickets": 2}
    accepted = hall.visit("POST", place, said, **key, Prefer="respond-async")
    where, known = accepted.headers["Location"], hall.as_visitor | key
    assert accepted.status_code == 202, accepted.text
    wait_until(lambda: hall.call("GET", where, None, known).json().get("status") == "SUCCEEDED")
    told, direct = hall.call("GET", where, None, known).json()["result"], hall.visit("POST", place, said, **key).json()
    of_the_moment = ("serverTime", "pollAfterSeconds", "accessToken", "accessTokenExpiresAt", "_links")
    assert told.keys() == direct.keys()
    assert {name: told[name] for name in told if name not in of_the_moment} == {
        name: direct[name] for name in direct if name not in of_the_moment
    }
    assert told["_links"].keys() == direct["_links"].keys()
    assert hall.standing(draw, told["accessToken"])["participationId"] == told["participationId"]
    stranger = hall.as_visitor | {"Idempotency-Key": strong_key()}
    assert hall.call("GET", where, None, stranger).status_code == 404
