"""A draw's round of the public beacon, brought by its organization."""

from typing import Any

import psycopg
import pytest

from tests.support.house import NOBODY, House
from tests.support.resident import Resident, soon
from tests.support.rounds import ROUNDS
from tests.support.servers import wait_until

GOOD = {"round": 42, "signature": ROUNDS[42]}


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def waiting(house: House, **settings: Any) -> Any:
    """A draw that is due and waits for a round that was known long ago."""
    draw = house.hall.draw(randomness="beacon", closeAt=soon(0.2), drawAt=soon(2.5), **settings)
    wait_until(lambda: shown(house, draw)["drawStatus"] == "sealed")
    with psycopg.connect(house.database.owner) as owner:
        owner.execute("UPDATE draw SET beacon_round = 42 WHERE id = %s", (draw["id"],))
    wait_until(lambda: shown(house, draw)["waitingFor"])
    return draw


def shown(house: House, draw: Any) -> Any:
    """The draw as its organization sees it."""
    return house.hall.admin("GET", f"/draws/{draw['id']}").json()


def give(who: Resident, draw: Any, body: Any = GOOD) -> Any:
    """A round is brought."""
    return who.admin("POST", f"/draws/{draw['id']}/beacon", body)


def test_a_draw_says_what_it_waits_for_until_it_has_it(house: House) -> None:
    draw = waiting(house)
    seen = shown(house, draw)
    assert (seen["drawStatus"], seen["randomness"], seen["beaconRound"]) == ("sealed", "beacon", 42)
    assert "Round 42 of the public beacon" in seen["waitingFor"]
    assert seen["_links"]["beacon"] == {
        "href": f"/admin/api/v1/draws/{draw['id']}/beacon", "method": "POST",
        "title": "Give it the round of the beacon that it waits for.",
    }  # fmt: skip
    forged = give(house.hall, draw, GOOD | {"signature": ROUNDS[43]})
    assert (forged.status_code, forged.json()["code"]) == (400, "VALIDATION_ERROR")
    assert forged.json()["errors"][0]["path"] == "/signature"
    assert "not signed by the beacon" in shown(house, draw)["waitingFor"]
    given = give(house.hall, draw)
    assert (given.status_code, given.json()["waitingFor"]) == (200, None)
    wait_until(lambda: shown(house, draw)["drawStatus"] in {"drawn", "completed"})
    public = house.hall.visit("GET", f"/draws/{draw['id']}").json()
    assert (public["randomness"], public["beaconRound"], "waitingFor" in public) == ("beacon", 42, False)
    again = give(house.hall, draw)
    assert (again.status_code, again.json()["code"]) == (409, "INVALID_STATE")
    document = house.hall.visit("GET", f"/draws/{draw['id']}/proof").json()
    assert (document["assurance"], document["beacon"]["signature"]) == ("beacon", ROUNDS[42])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/round"), ({"round": 42}, "/signature"), (GOOD | {"round": "42"}, "/round"), (GOOD | {"round": 0}, "/round"),
        (GOOD | {"round": -42}, "/round"), (GOOD | {"round": 42.5}, "/round"), (GOOD | {"round": True}, "/round"),
        (GOOD | {"round": 2**64}, "/round"), (GOOD | {"round": None}, "/round"), (GOOD | {"signature": 42}, "/signature"),
        (GOOD | {"signature": ""}, "/signature"), (GOOD | {"signature": ROUNDS[42][:-1]}, "/signature"),
        (GOOD | {"signature": ROUNDS[42] + "00"}, "/signature"), (GOOD | {"signature": "zz" * 48}, "/signature"),
        (GOOD | {"signature": ROUNDS[42] + "\n"}, "/signature"), (GOOD | {"randomness": "00"}, "/randomness"),
    ],
)  # fmt: skip
def test_what_is_no_round_is_named(hall: Resident, body: Any, path: str) -> None:
    refused = give(hall, {"id": NOBODY}, body)
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert refused.json()["errors"][0]["path"] == path


def test_a_round_is_brought_to_a_draw_of_one_s_own_that_wants_it(house: House) -> None:
    hall, open_draw = house.hall, house.hall.draw(randomness="beacon")
    for draw in (open_draw, hall.draw()):
        refused = give(hall, draw)
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
        assert "beacon" not in shown(house, draw)["_links"]
    assert (give(house.barn, open_draw).status_code, give(hall, {"id": NOBODY}).status_code) == (404, 404)
    hall.admin("POST", f"/draws/{open_draw['id']}/kill", {"reason": "flood"})
    assert give(hall, open_draw).json()["code"] == "DISTRIBUTION_CLOSED"


def test_another_round_than_the_one_that_was_fixed_is_refused(house: House) -> None:
    refused = give(house.hall, waiting(house), {"round": 43, "signature": ROUNDS[43]})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "/round")


def test_the_public_brings_no_rounds(house: House) -> None:
    draw = house.hall.draw(randomness="beacon")
    path = f"/admin/api/v1/draws/{draw['id']}/beacon"
    refused = house.hall.call("POST", path, GOOD, house.hall.as_visitor)
    assert refused.status_code in {401, 403}


@pytest.mark.parametrize("randomness", ["dice", "", None, 7, True, {"source": "beacon"}])
def test_chance_comes_from_one_of_two_places(hall: Resident, randomness: Any) -> None:
    sequence = hall.experience()["sequences"][0]["id"]
    body = {"sequenceId": sequence, "name": "Raffle", "drawAt": soon(60), "winnerCount": 1, "randomness": randomness}
    refused = hall.admin("POST", "/draws", body)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "/randomness")
