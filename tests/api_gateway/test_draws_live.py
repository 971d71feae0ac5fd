"""What happens in a draw reaches those who wait: in long polls, in streams, in what a person takes part in."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests

from tests.support.house import NOBODY, House
from tests.support.resident import Resident, soon
from tests.support.servers import wait_until

Told = Iterator[tuple[str, Any]]


@pytest.fixture(scope="module")
def hall(house: House) -> Resident:
    return house.hall


def looked(hall: Resident, draw: Any, guest: Any, since: int, wait: int = 10) -> Any:
    """A long poll."""
    path = f"/consumer/api/v1/draws/{draw['id']}/status?sinceVersion={since}"
    answer = hall.call("GET", path, None, hall.as_person(guest["accessToken"]) | {"Prefer": f"wait={wait}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Preference-Applied"] == f"wait={wait}"
    return answer.json()


def listening(hall: Resident, path: str, headers: dict[str, str]) -> requests.Response:
    url = f"{hall.url}/consumer/api/v1{path}"
    return requests.get(url, stream=True, timeout=20, headers=headers)


def told_in(stream: requests.Response) -> Told:
    """The events of a stream, as (name, data)."""
    name = ""
    for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, orjson.loads(line.removeprefix("data: "))


def me(hall: Resident, guest: Any, query: str = "", **headers: str) -> Any:
    answer = hall.call(
        "GET", f"/consumer/api/v1/consumers/me{query}", None, hall.as_person(guest["accessToken"]) | headers
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_long_poll_is_answered_when_the_person_is_refused(hall: Resident) -> None:
    draw = hall.draw()
    guest = hall.entrant(draw)
    before = looked(hall, draw, guest, 0)
    assert (before["status"], before["stateVersion"]) == ("ENTERED", guest["stateVersion"])
    body = {"consumerId": guest["consumerId"], "reason": "FRAUD_DETECTED"}
    assert hall.admin("POST", f"/draws/{draw['id']}/deny", body).status_code == 200
    after = looked(hall, draw, guest, before["stateVersion"])
    assert (after["status"], after["reason"]) == ("DENIED", "FRAUD_DETECTED")
    assert after["stateVersion"] == before["stateVersion"] + 1


def test_everybody_who_waits_learns_the_result_whether_a_row_says_it_or_not(hall: Resident) -> None:
    draw = hall.draw(1.0, continueSelectingUntilCompleted=False)
    people = [hall.entrant(draw) for _ in range(3)]
    told = [looked(hall, draw, one, one["stateVersion"]) for one in people]
    assert sorted(one["status"] for one in told) == ["DENIED", "DENIED", "WON"]
    assert [one["stateVersion"] for one in told] == [2, 2, 2]
    assert all(("admissionGrant" in one) == (one["status"] == "WON") for one in told)
    again = [looked(hall, draw, one, 0) for one in people]
    assert [one["status"] for one in again] == [one["status"] for one in told]


def test_what_was_done_is_seen_by_the_next_look(hall: Resident) -> None:
    draw = hall.draw()
    guest, path = hall.entrant(draw), f"/consumer/api/v1/draws/{draw['id']}"
    person = hall.as_person(guest["accessToken"])
    for act, status in (("leave", "LEFT"), ("enter", "ENTERED")) * 3:
        assert hall.call("POST", f"{path}/{act}", {}, person).json()["status"] == status
        assert hall.standing(draw, guest["accessToken"])["status"] == status


def test_a_stream_tells_how_a_draw_goes_and_what_became_of_the_person(hall: Resident) -> None:
    draw = hall.draw(1.5, closeAt=soon(1.2), winnerCount=1)
    guest = hall.entrant(draw)
    with listening(hall, f"/draws/{draw['id']}/events", hall.as_person(guest["accessToken"])) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        heard = told_in(stream)
        name, first = next(heard)
        assert (name, first["status"], first["participationId"]) == ("state", "ENTERED", guest["participationId"])
        assert "events" in first["_links"]
        moved = [next(heard), next(heard)]
        closed = next(told for name, told in moved if name == "distribution")
        assert (closed["type"], closed["id"], closed["lifecycle"]) == ("draw", draw["id"], "settling")
        won = next(told for name, told in moved if name == "state")
        assert (won["status"], won["stateVersion"], bool(won["admissionGrant"])) == ("WON", 2, True)


def test_a_browser_listens_to_a_draw_with_a_ticket(hall: Resident) -> None:
    draw = hall.draw()
    guest = hall.entrant(draw)
    issued = hall.call(
        "POST", "/consumer/api/v1/consumers/me/stream-tickets", None, hall.as_person(guest["accessToken"])
    )
    path = f"/draws/{draw['id']}/events?ticket={issued.json()['ticket']}"
    with listening(hall, path, {}) as stream:
        assert next(told_in(stream))[1]["status"] == "ENTERED"
    assert listening(hall, path, {}).status_code == 401


def test_a_draw_that_nobody_may_see_has_no_stream(house: House) -> None:
    draw, hidden = house.hall.draw(), house.hall.draw()
    house.hall.admin("POST", f"/experiences/{hidden['experienceId']}/unpublish")
    for of, wanted in ((house.barn, draw["id"]), (house.hall, hidden["id"]), (house.hall, NOBODY), (house.hall, "x")):
        refused = listening(of, f"/draws/{wanted}/events", of.as_person(of.guest()["accessToken"]))
        assert refused.status_code == 404
        assert refused.json()["code"] == "DRAW_NOT_FOUND"


def test_a_draw_that_was_put_away_is_not_there_for_whoever_looks_again_and_again(hall: Resident) -> None:
    draw = hall.draw()
    guest = hall.entrant(draw)
    place, headers = f"/consumer/api/v1/draws/{draw['id']}/status", hall.as_person(guest["accessToken"])
    assert hall.call("GET", place, None, headers).status_code == 200
    hall.admin("POST", f"/draws/{draw['id']}/kill", {"reason": "x"})
    assert hall.admin("DELETE", f"/draws/{draw['id']}").status_code == 204
    wait_until(lambda: hall.call("GET", place, None, headers).status_code == 404)


def test_nobody_is_told_an_older_state_than_the_answer_before_it(hall: Resident) -> None:
    draw = hall.draw()
    guest = hall.entrant(draw)
    place, headers = f"/consumer/api/v1/draws/{draw['id']}", hall.as_person(guest["accessToken"])
    assert hall.call("GET", f"{place}/status", None, headers).json()["status"] == "ENTERED"
    hall.admin("POST", f"/draws/{draw['id']}/kill", {"reason": "x"})
    told = hall.call("POST", f"{place}/enter", None, headers).json()
    looked = hall.call("GET", f"{place}/status", None, headers).json()
    assert told["status"] == looked["status"] == "DENIED"
    assert looked["stateVersion"] >= told["stateVersion"]


def test_a_person_sees_draws_beside_queues(hall: Resident) -> None:
    experience = hall.experience()
    queue, draw = hall.queue(experience, admitRate=1), hall.draw(under=experience)
    guest = hall.entrant(draw)
    told = me(hall, guest)
    (state,), (journey,) = told["active"]["draws"], told["journeys"]
    assert (state["status"], state["participationId"]) == ("ENTERED", guest["participationId"])
    assert told["active"]["experiences"] == [experience["id"]]
    items = {item["mechanism"]: item for item in journey["items"]}
    assert {name: item["phase"] for name, item in items.items()} == {"queue": "enterable", "draw": "participating"}
    assert items["queue"]["distribution"]["id"] == queue["id"]
    assert items["draw"]["distribution"]["details"] == {"drawStatus": "pending"}
    assert (journey["journeyStage"], journey["stateVersion"], told["stateVersion"]) == ("routed", 1, 1)
    hall.call("POST", f"/consumer/api/v1/draws/{draw['id']}/leave", {}, hall.as_person(guest["accessToken"]))
    hall.enter(draw, guest["accessToken"])
    assert me(hall, guest)["stateVersion"] == 3


def test_a_person_who_waits_for_anything_learns_what_a_draw_brought(hall: Resident) -> None:
    draw = hall.draw(1.0, continueSelectingUntilCompleted=False)
    people = [hall.entrant(draw) for _ in range(2)]
    told = [me(hall, one, "?sinceVersion=1", Prefer="wait=10") for one in people]
    items = {(item := one["journeys"][0]["items"][0])["phase"]: item for one in told}
    assert {one["stateVersion"] for one in told} == {2}
    assert items["granted"]["grant"]["distributionType"] == "draw"
    assert items["granted"]["grant"]["issuedAt"] < items["granted"]["grant"]["expiresAt"]
    assert items["ended"]["outcome"]["type"] == "lost"
    assert items["ended"]["outcome"]["reason"] == "NOT_SELECTED"


def test_everybody_hears_what_happens_to_the_draws_of_an_experience(hall: Resident) -> None:
    experience = hall.experience()
    draw = hall.draw(under=experience)
    with listening(hall, f"/experiences/{experience['id']}/events", hall.as_visitor) as stream:
        heard = (told for name, told in told_in(stream) if name == "distribution")
        first = next(heard)
        assert (first["type"], first["id"], first["lifecycle"], first["paused"]) == ("draw", draw["id"], "open", False)
        hall.admin("POST", f"/draws/{draw['id']}/pause", {})
        assert next(heard)["paused"] is True
        hall.admin("POST", f"/draws/{draw['id']}/kill", {"reason": "Rain"})
        assert next(heard)["lifecycle"] == "closed"


def test_a_promotion_reaches_whoever_listens(hall: Resident) -> None:
    draw = hall.draw(1.0)
    people = [hall.entrant(draw) for _ in range(2)]
    hall.selected(draw)
    wait_until(lambda: "WON" in [hall.standing(draw, one["accessToken"])["status"] for one in people])
    states = {hall.standing(draw, one["accessToken"])["status"]: one for one in people}
    with listening(hall, f"/draws/{draw['id']}/events", hall.as_person(states["ENTERED"]["accessToken"])) as stream:
        heard = (told for name, told in told_in(stream) if name == "state")
        assert next(heard)["status"] == "ENTERED"
        place = f"/consumer/api/v1/draws/{draw['id']}/leave"
        hall.call("POST", place, {}, hall.as_person(states["WON"]["accessToken"]))
        assert next(told["status"] for told in heard if told["status"] != "ENTERED") == "WON"
