"""Sessions, keys and operations: who may come back, who may not, and what became of a call."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api_gateway.auth.keys import LIFE_SECONDS
from store.command_log import Place, lock
from store.wire import partition_of
from tests.support.database import PARTITIONS
from tests.support.house import House
from tests.support.resident import Resident, strong_key
from tests.support.servers import wait_until


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def refresh(hall: Resident, token: str, **headers: str) -> Any:
    return hall.visit("POST", "/auth/refresh", {"refreshToken": token}, **headers)


def test_a_guest_gets_a_token_set(hall: Resident) -> None:
    guest = hall.guest()
    assert guest["session"]["type"] == "guest"
    assert guest["session"]["consumerId"] == guest["consumerId"]
    assert guest["refreshToken"].startswith("rt_")
    assert guest["refreshTokenTtlSeconds"] == 2_592_000


def test_a_guest_asked_for_twice_with_one_key_is_one_guest(hall: Resident) -> None:
    headers = {"Idempotency-Key": strong_key()}
    first, second = (hall.visit("POST", "/auth/guest", **headers) for _ in range(2))
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    weak = hall.visit("POST", "/auth/guest", **{"Idempotency-Key": "1"})
    assert weak.status_code == 400


def test_a_refresh_token_is_used_once(hall: Resident) -> None:
    guest = hall.guest()
    second = refresh(hall, guest["refreshToken"])
    assert (second.status_code, second.json()["consumerId"]) == (200, guest["consumerId"])
    third = refresh(hall, second.json()["refreshToken"])
    assert third.status_code == 200
    reused = refresh(hall, guest["refreshToken"])
    assert (reused.status_code, reused.json()["code"]) == (401, "REFRESH_TOKEN_REUSED")
    gone = refresh(hall, third.json()["refreshToken"])
    assert (gone.status_code, gone.json()["code"]) == (401, "REFRESH_TOKEN_INVALID")


def test_a_refresh_sent_again_with_its_key_is_the_same_refresh(hall: Resident) -> None:
    guest, headers = hall.guest(), {"Idempotency-Key": strong_key()}
    first, second = (refresh(hall, guest["refreshToken"], **headers) for _ in range(2))
    assert (first.status_code, first.json()) == (200, second.json())
    assert refresh(hall, first.json()["refreshToken"]).status_code == 200


def test_two_people_with_the_same_key_refresh_two_sessions(hall: Resident) -> None:
    headers = {"Idempotency-Key": "retry-1"}
    first, second = hall.guest(), hall.guest()
    answers = [refresh(hall, one["refreshToken"], **headers) for one in (first, second)]
    assert [one.status_code for one in answers] == [200, 200]
    assert [one.json()["consumerId"] for one in answers] == [first["consumerId"], second["consumerId"]]


@pytest.mark.parametrize("token", ["rt_nonsense", "x", "rt_" + "A" * 107, "é"])
def test_a_made_up_refresh_token_is_401(hall: Resident, token: str) -> None:
    answer = refresh(hall, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "REFRESH_TOKEN_INVALID")


def test_a_refresh_token_is_no_good_at_another_organization(house: House) -> None:
    token = house.hall.guest()["refreshToken"]
    assert refresh(house.barn, token).json()["code"] == "REFRESH_TOKEN_INVALID"


def test_who_logs_out_writes_no_more(hall: Resident) -> None:
    queue = hall.queue()
    guest = hall.guest()
    headers = hall.as_person(guest["accessToken"])
    path = f"/consumer/api/v1/queues/{queue['id']}"
    assert hall.call("POST", "/consumer/api/v1/auth/logout", None, headers).status_code == 204
    assert refresh(hall, guest["refreshToken"]).json()["code"] == "REFRESH_TOKEN_INVALID"
    entering = hall.call("POST", f"{path}/enter", {}, headers)
    assert (entering.status_code, entering.json()["code"]) == (401, "SESSION_REVOKED")
    assert hall.call("GET", f"{path}/status", None, headers).status_code == 200


def test_a_key_is_shown_once_and_dies_within_a_second(hall: Resident) -> None:
    body = {"name": "Second", "kind": "secret", "mode": "live", "scopes": ["read"]}
    made = hall.admin("POST", "/organizations/current/keys", body)
    assert made.status_code == 201, made.text
    key = made.json()
    place = f"/organizations/current/keys/{key['id']}"
    assert "key" not in hall.admin("GET", place).json()
    headers = {"Authorization": f"Bearer {key['key']}"}
    assert hall.call("GET", "/admin/api/v1/queues", None, headers).status_code == 200
    written = hall.call("POST", "/admin/api/v1/experiences", {"name": "x"}, headers)
    assert (written.status_code, written.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    third = hall.admin("POST", "/organizations/current/keys", body)
    assert (third.status_code, third.json()["code"]) == (409, "KEY_LIMIT_REACHED")
    assert hall.admin("DELETE", place).status_code == 204
    assert LIFE_SECONDS < 1
    wait_until(lambda: hall.call("GET", "/admin/api/v1/queues", None, headers).status_code == 401)
    assert hall.call("GET", "/admin/api/v1/queues", None, headers).json()["code"] == "KEY_REVOKED"


def test_a_key_asked_for_twice_with_one_key_is_one_key(hall: Resident) -> None:
    headers = {"Idempotency-Key": strong_key()}
    body = {"name": "Page", "kind": "publishable", "mode": "live"}
    first, second = (hall.admin("POST", "/organizations/current/keys", body, **headers) for _ in range(2))
    assert (first.status_code, first.json()["key"], first.json()["id"]) == (
        201, second.json()["key"], second.json()["id"],
    )  # fmt: skip


def test_a_rotated_key_works_on_beside_its_successor(house: House) -> None:
    barn = house.barn
    body = {"name": "Page", "kind": "publishable", "mode": "live"}
    old = barn.admin("POST", "/organizations/current/keys", body).json()
    rotated = barn.admin("POST", f"/organizations/current/keys/{old['id']}/rotate", {"overlapSeconds": 3600})
    assert rotated.status_code == 201, rotated.text
    queue = barn.queue()
    for key in (old["key"], rotated.json()["key"]):
        answer = barn.call("GET", f"/consumer/api/v1/queues/{queue['id']}", None, {"X-Publishable-Key": key})
        assert answer.status_code == 200


def test_an_inactive_organization_answers_nobody(house: House) -> None:
    barn = house.barn
    try:
        with psycopg.connect(house.database.owner, autocommit=True) as connection:
            connection.execute("UPDATE organization SET status = 'INACTIVE' WHERE slug = 'barn'")
        wait_until(lambda: barn.admin("GET", "/queues").status_code == 403)
        assert barn.admin("GET", "/queues").json()["code"] == "ORGANIZATION_INACTIVE"
        assert barn.visit("POST", "/auth/guest").json()["code"] == "ORGANIZATION_INACTIVE"
    finally:
        with psycopg.connect(house.database.owner, autocommit=True) as connection:
            connection.execute("UPDATE organization SET status = 'ACTIVE'")
        wait_until(lambda: barn.admin("GET", "/queues").status_code == 200)
        wait_until(lambda: barn.visit("GET", "/queues/x").status_code == 404)


def test_an_organization_cannot_lock_itself_out(house: House) -> None:
    barn = house.barn
    testing = {"Authorization": f"Bearer {barn.test_secret}"}
    for headers in (barn.as_server, testing):
        refused = barn.call("PATCH", "/admin/api/v1/organizations/current", {"status": "INACTIVE"}, headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
        assert refused.json()["errors"][0]["path"] == "/status"
    same = barn.admin("PATCH", "/organizations/current", {"status": "ACTIVE"})
    assert (same.status_code, same.json()["status"]) == (200, "ACTIVE")


def test_the_organization_reads_and_changes_itself(hall: Resident) -> None:
    read = hall.admin("GET", "/organizations/current")
    assert (read.json()["slug"], read.json()["mode"]) == ("harbour-hall", "live")
    seen = {"If-Match": read.headers["ETag"]}
    changed = hall.admin("PATCH", "/organizations/current", {"theme": {"colour": "teal"}}, **seen)
    assert (changed.status_code, changed.json()["theme"]) == (200, {"colour": "teal"})
    assert hall.admin("PATCH", "/organizations/current", {"theme": {}}, **seen).json()["code"] == "VERSION_CONFLICT"
    own_id = read.json()["id"]
    shown = hall.visit("GET", f"/organizations/{own_id}/settings").json()
    assert (shown["id"], shown["allowGuests"], "rateLimits" in shown) == (own_id, True, False)


def test_an_organization_sets_one_ceiling_and_keeps_the_others(house: House) -> None:
    barn, own = house.barn, {"address": {"limit": 777, "windowSeconds": 60}}
    changed = barn.admin("PATCH", "/organizations/current", {"rateLimits": {"public": own}})
    shown = changed.json()["rateLimits"]["public"]
    assert (shown["address"]["limit"], "key" in shown) == (777, False)
    path = f"/queues/{barn.queue()['id']}"
    wanted = '"public-key";q=6000000;w=60'
    try:
        wait_until(lambda: wanted in barn.visit("GET", path).headers["RateLimit-Policy"])
    finally:
        barn.admin("PATCH", "/organizations/current", {"rateLimits": {"public": None}})


@pytest.mark.parametrize(
    ("slug", "reason"),
    [
        ("harbour-hall", None),
        ("free-one", None),
        ("barn", "TAKEN"),
        ("admin", "RESERVED"),
        ("No Slug", "INVALID_FORMAT"),
    ],
)
def test_a_slug_can_be_had_or_not(hall: Resident, slug: str, reason: str | None) -> None:
    told = hall.admin("GET", f"/organizations/slug/availability?slug={slug}").json()
    assert (told["available"], told["reason"]) == (reason is None, reason)


def test_a_stranger_reads_the_operation_of_an_enter_with_its_key(hall: Resident) -> None:
    queue, key = hall.queue(admitRate=1), {"Idempotency-Key": strong_key()}
    sent = hall.visit("POST", f"/queues/{queue['id']}/enter", {}, Prefer="respond-async", **key)
    assert sent.status_code == 202, sent.text
    where = sent.headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, hall.as_visitor | key).json().get("status") == "SUCCEEDED")
    told = hall.call("GET", where, None, hall.as_visitor | key).json()["result"]
    entered = hall.visit("POST", f"/queues/{queue['id']}/enter", {}, **key).json()
    assert (told["participationId"], told["refreshToken"]) == (entered["participationId"], entered["refreshToken"])
    assert hall.state(queue, told["accessToken"])["participationId"] == told["participationId"]
    for other in ({}, {"Idempotency-Key": strong_key()}):
        assert hall.call("GET", where, None, hall.as_visitor | other).status_code == 404


def test_a_stranger_reads_the_operation_of_a_new_session_with_its_key(hall: Resident) -> None:
    key = {"Idempotency-Key": strong_key()}
    where = hall.visit("POST", "/auth/guest", Prefer="respond-async", **key).headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, hall.as_visitor | key).json().get("status") == "SUCCEEDED")
    told = hall.call("GET", where, None, hall.as_visitor | key).json()["result"]
    assert refresh(hall, told["refreshToken"]).status_code == 200


def test_a_person_reads_own_operations_and_no_others(hall: Resident) -> None:
    queue, guest, other = hall.queue(admitRate=1), hall.guest(), hall.guest()
    headers = hall.as_person(guest["accessToken"])
    path = f"/consumer/api/v1/queues/{queue['id']}/enter"
    where = hall.call("POST", path, {}, headers | {"Prefer": "respond-async"}).headers["Location"]
    wait_until(lambda: hall.call("GET", where, None, headers).json()["status"] == "SUCCEEDED")
    assert hall.call("GET", where, None, hall.as_person(other["accessToken"])).status_code == 404


def test_an_operation_that_waits_is_told_to_its_sender_alone_and_dated_by_its_coming(house: House) -> None:
    hall, engine = house.hall, house.database.engine()
    queue, guest, other = hall.queue(admitRate=1), hall.guest(), hall.guest()
    mine, path = hall.as_person(guest["accessToken"]), f"/consumer/api/v1/queues/{queue['id']}/enter"
    with engine.begin() as connection:
        place = Place("queue", partition_of(UUID(queue["id"]), PARTITIONS))
        wait_until(lambda: lock(connection, place) is not None)
        where = hall.call("POST", path, {}, mine | {"Prefer": "respond-async"}).headers["Location"]
        waiting = hall.call("GET", where, None, mine).json()
        assert (waiting["status"], waiting["type"]) == ("PENDING", "queue.enter")
        assert hall.call("GET", where, None, hall.as_server).json()["createdAt"] == waiting["createdAt"]
        strangers = hall.as_person(other["accessToken"]), hall.as_visitor, house.barn.as_server
        assert {hall.call("GET", where, None, headers).status_code for headers in strangers} == {404}
    engine.dispose()

    def is_decided() -> bool:
        """Rings as well, because the bell of the call itself met a lock, and here nobody sweeps."""
        hall.call("POST", path, {}, hall.as_person(other["accessToken"]) | {"Prefer": "respond-async"})
        return bool(hall.call("GET", where, None, mine).json()["status"] == "SUCCEEDED")

    wait_until(is_decided)
    decided = hall.call("GET", where, None, mine).json()
    assert decided["createdAt"] == waiting["createdAt"]
    assert decided["finishedAt"] > decided["createdAt"]


def test_an_experience_is_found_by_its_id_and_its_slug(hall: Resident) -> None:
    experience = hall.experience(name="Northern Lights", i18n={"de": {"enter": "Hinein"}})
    queue = hall.queue(experience)
    by_id, by_slug = (hall.visit("GET", f"/experiences/{experience[name]}").json() for name in ("id", "slug"))
    assert by_id == by_slug
    assert (by_id["lifecycle"], by_id["i18n"]) == ("open", {"de": {"enter": "Hinein"}})
    (sequence,) = by_id["sequences"]
    assert ([one["id"] for one in sequence["queues"]], sequence["availability"]) == ([queue["id"]], "open")
    assert hall.visit("GET", "/experiences/no-such-slug").json()["code"] == "EXPERIENCE_NOT_FOUND"
    assert hall.visit("GET", "/experiences/a%00b").status_code == 404


def test_a_sequence_is_made_read_changed_and_put_away(hall: Resident) -> None:
    experience = hall.experience()
    made = hall.admin("POST", "/sequences", {"name": "Members", "experienceId": experience["id"], "priority": 3})
    assert made.status_code == 201, made.text
    path = f"/sequences/{made.json()['id']}"
    assert hall.admin("GET", path).json()["priority"] == 3
    assert hall.admin("PATCH", path, {"priority": 4}).json()["priority"] == 4
    assert hall.admin("PUT", path, {"name": "Everybody"}).json()["priority"] == 0
    whole = hall.admin("GET", f"/experiences/{experience['id']}?include=sequences,distributions").json()
    assert [one["name"] for one in whole["sequences"]] == [experience["sequences"][0]["name"], "Everybody"]
    assert hall.admin("DELETE", path).status_code == 204
    assert hall.admin("POST", "/sequences", {"name": "x", "experienceId": str(uuid4())}).status_code == 404
