"""Who a person is: said by themselves, seen by the organization, and forgotten when they want."""

from typing import Any

import psycopg
import pytest

from tests.support.house import NOBODY, House
from tests.support.resident import Resident
from tests.support.servers import wait_until

ME = "/consumer/api/v1/consumers/me"
ADA = {
    "fullName": "Ada Lovelace",
    "languageCode": "en-GB",
    "timeZone": "Europe/London",
    "emailOptOut": True,
    "smsOptOut": True,
}


@pytest.fixture
def hall(house: House) -> Resident:
    """The organization whose turn it is."""
    return house.hall


def said(hall: Resident, guest: Any, changes: Any, **headers: str) -> Any:
    """What a person is told who says something."""
    answer = hall.call("PATCH", ME, changes, hall.as_person(guest["accessToken"]) | headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def erased(hall: Resident, guest: Any) -> Any:
    """A person who wants to be forgotten; the answer."""
    return hall.call("DELETE", ME, None, hall.as_person(guest["accessToken"]))


def test_a_person_says_who_they_are_and_the_organization_sees_it(house: House) -> None:
    hall, guest = house.hall, house.hall.guest()
    own_id = guest["session"]["consumerId"]
    told = said(hall, guest, ADA)
    assert {name: told[name] for name in ADA} == ADA
    assert (told["id"], told["level"]) == (own_id, "guest")
    kept = hall.admin("GET", f"/consumers/{own_id}").json()
    assert {name: kept[name] for name in told if name != "_links"} == {k: v for k, v in told.items() if k != "_links"}
    shown = hall.call("GET", ME, None, hall.as_person(guest["accessToken"])).json()["consumer"]
    assert (shown["fullName"], shown["languageCode"]) == ("Ada Lovelace", "en-GB")
    assert house.barn.admin("GET", f"/consumers/{own_id}").status_code == 404
    assert said(hall, guest, {"fullName": None})["fullName"] is None


def test_what_a_person_changes_makes_the_version_of_everything_grow(hall: Resident) -> None:
    guest = hall.guest()

    def version() -> int:
        seen: int = hall.call("GET", ME, None, hall.as_person(guest["accessToken"])).json()["stateVersion"]
        return seen

    versions = [version()]
    for changes in (ADA, {"fullName": "Grace"}, {"fullName": "Grace"}):
        said(hall, guest, changes)
        versions.append(version())
    assert versions == [0, 1, 2, 2]


def test_a_person_who_says_nothing_is_seen_all_the_same(hall: Resident) -> None:
    own_id = hall.guest()["session"]["consumerId"]
    kept = hall.admin("GET", f"/consumers/{own_id}").json()
    assert (kept["fullName"], kept["emailOptOut"], kept["version"]) == (None, False, 1)
    for nobody in (NOBODY, "nonsense"):
        missing = hall.admin("GET", f"/consumers/{nobody}")
        assert (missing.status_code, missing.json()["code"]) == (404, "CONSUMER_NOT_FOUND")


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"fullName": "x" * 201}, "/fullName", "TOO_LONG"),
        ({"fullName": 5}, "/fullName", "WRONG_TYPE"),
        ({"timeZone": "Mars/Olympus"}, "/timeZone", "INVALID_TIME_ZONE"),
        ({"languageCode": "x"}, "/languageCode", "PATTERN"),
        ({"emailOptOut": "yes"}, "/emailOptOut", "WRONG_TYPE"),
        ({"level": "verified"}, "/level", "UNKNOWN_FIELD"),
    ],
)
def test_what_cannot_be_said_is_named(hall: Resident, changes: Any, path: str, code: str) -> None:
    refused = hall.call("PATCH", ME, changes, hall.as_person(hall.guest()["accessToken"]))
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR"), refused.text
    assert [(error["path"], error["code"]) for error in refused.json()["errors"]] == [(path, code)]


def test_whoever_takes_part_is_not_forgotten_before_they_leave(hall: Resident) -> None:
    queue = hall.queue(admitRate=1)
    hall.granted(queue)
    guest = hall.entered(queue)
    refused = erased(hall, guest)
    assert (refused.status_code, refused.json()["code"]) == (409, "HAS_LIVE_PARTICIPANTS"), refused.text
    person = hall.as_person(guest["accessToken"])
    assert hall.call("POST", f"/consumer/api/v1/queues/{queue['id']}/leave", {}, person).status_code == 200
    assert erased(hall, guest).status_code == 202


def test_whoever_is_forgotten_is_nowhere_and_nobodys_token_writes_any_more(house: House) -> None:
    hall, guest = house.hall, house.hall.guest()
    own_id, person = guest["session"]["consumerId"], house.hall.as_person(guest["accessToken"])
    said(hall, guest, {"fullName": "Grace Unforgettable"})
    told = erased(hall, guest)
    assert (told.status_code, told.json()["status"], told.json()["type"]) == (202, "SUCCEEDED", "people.erase")
    followed = hall.call("GET", told.headers["Location"], None, person).json()
    assert (followed["status"], followed["resultStatus"]) == ("SUCCEEDED", 204)
    assert hall.admin("GET", f"/consumers/{own_id}").status_code == 404
    refused = hall.call("PATCH", ME, {"fullName": "Grace"}, person)
    assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_REVOKED"), refused.text
    again = hall.visit("POST", "/auth/refresh", {"refreshToken": guest["refreshToken"]})
    assert (again.status_code, again.json()["code"]) == (401, "REFRESH_TOKEN_INVALID"), again.text
    entered = hall.call("POST", f"/consumer/api/v1/queues/{hall.queue()['id']}/enter", {}, person)
    assert (entered.status_code, entered.json()["code"]) == (401, "SESSION_REVOKED"), entered.text
    with psycopg.connect(house.database.owner) as owner:
        told_of = "SELECT count(*) FROM journal WHERE events::text LIKE '%%Unforgettable%%'"
        kept = "SELECT count(*) FROM consumer_profile WHERE full_name LIKE '%%Unforgettable%%'"
        assert [owner.execute(one).fetchone() for one in (told_of, kept)] == [(0,), (0,)]


def test_being_forgotten_may_be_answered_later(hall: Resident) -> None:
    guest = hall.guest()
    person = hall.as_person(guest["accessToken"])
    later = hall.call("DELETE", ME, None, person | {"Prefer": "respond-async"})
    assert (later.status_code, later.json()["status"]) == (202, "PENDING")
    wait_until(lambda: hall.call("GET", later.headers["Location"], None, person).json()["status"] == "SUCCEEDED")
