"""Queues through both APIs: run by their organization, seen by visitors, acted on by servers."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from domain.fairness import PublishedEntry, check_order, is_proved
from tests.support.house import NOBODY, House
from tests.support.resident import Resident, strong_key
from tests.support.servers import wait_until


@pytest.fixture
def hall(house: House) -> Resident:
    return house.hall


def complete(hall: Resident, grant: str, order: str) -> Any:
    body = {"admissionGrant": grant, "orderId": order}
    return hall.call("POST", "/consumer/api/v1/admission/complete", body, hall.as_server)


def validate(hall: Resident, grant: str, **more: str) -> Any:
    body = {"admissionGrant": grant} | more
    return hall.call("POST", "/consumer/api/v1/admission/validate", body, hall.as_server).json()


def test_a_queue_is_made_read_changed_and_put_away(hall: Resident) -> None:
    queue = hall.queue(capacity=10, metadata={"door": "left"})
    path = f"/queues/{queue['id']}"
    read = hall.admin("GET", path)
    assert (read.status_code, read.headers["ETag"]) == (200, f'"{queue["version"]}"')
    assert {**read.json(), "lifecycle": queue["lifecycle"]} == {
        **queue,
        "orderFixedAt": read.json()["orderFixedAt"],
    } | {"cohortSize": read.json()["cohortSize"]}
    changed = hall.admin("PATCH", path, {"capacity": None, "admitRate": 60}).json()
    assert (changed["capacity"], changed["admitRate"], changed["version"]) == (None, 60, queue["version"] + 1)
    replaced = hall.admin("PUT", path, {"name": "Second row", "admitRate": 30}).json()
    assert (replaced["name"], replaced["metadata"]) == ("Second row", {})
    assert hall.admin("DELETE", path).status_code == 204
    assert path.rpartition("/")[2] not in str(hall.admin("GET", "/queues?per_page=1000").json()["data"])


def test_a_new_queue_says_where_it_is(hall: Resident) -> None:
    body = {"sequenceId": hall.experience()["sequences"][0]["id"], "name": "Row", "admitRate": 60}
    made = hall.admin("POST", "/queues", body)
    assert made.headers["Location"] == f"/admin/api/v1/queues/{made.json()['id']}"
    assert hall.call("GET", made.headers["Location"], None, hall.as_server).json()["id"] == made.json()["id"]


def test_a_paused_queue_is_resumed_and_a_killed_one_is_over(hall: Resident) -> None:
    queue = hall.queue()
    path = f"/queues/{queue['id']}"
    assert hall.admin("POST", f"{path}/resume").json()["code"] == "NOT_PAUSED"
    paused = hall.admin("POST", f"{path}/pause", {"scope": "ALL", "reason": "rain"}).json()
    assert (paused["paused"], paused["pauseScope"], paused["statusOverrideReason"]) == (True, "ALL", "rain")
    assert hall.admin("POST", f"{path}/pause").json()["code"] == "ALREADY_PAUSED"
    entering = hall.visit("POST", f"{path}/enter", {}, **{"Idempotency-Key": strong_key()})
    assert (entering.status_code, entering.json()["code"]) == (409, "DISTRIBUTION_PAUSED")
    assert hall.admin("POST", f"{path}/resume", {}).json()["paused"] is False
    killed = hall.admin("POST", f"{path}/kill", {"reason": "storm"}).json()
    assert (killed["lifecycle"], killed["statusOverride"]) == ("closed", "ended")
    entering = hall.visit("POST", f"{path}/enter", {}, **{"Idempotency-Key": strong_key()})
    assert (entering.status_code, entering.json()["code"]) == (409, "QUEUE_CLOSED")


def test_links_say_what_may_be_done_now(hall: Resident) -> None:
    queue = hall.queue()
    path = f"/queues/{queue['id']}"
    assert set(hall.admin("GET", path).json()["_links"]) == {
        "self", "update", "replace", "archive", "pause", "kill", "consumers", "metrics",
    }  # fmt: skip
    assert set(hall.visit("GET", path).json()["_links"]) == {"self", "enter"}
    hall.admin("POST", f"{path}/pause", {"scope": "ENTRY"})
    assert "resume" in hall.admin("GET", path).json()["_links"]
    wait_until(lambda: set(hall.visit("GET", path).json()["_links"]) == {"self"})


def test_every_link_of_a_queue_leads_somewhere(hall: Resident) -> None:
    queue = hall.queue(openAt="2020-01-01T00:00:00Z")
    guest = hall.granted(queue)
    kept = hall.admin("GET", f"/queues/{queue['id']}").json()["_links"]
    entry = hall.admin("GET", f"/queues/{queue['id']}/consumers").json()["data"][0]["_links"]
    state = hall.state(queue, guest["accessToken"])["_links"]
    for link in [*kept.values(), *entry.values()]:
        if link["method"] == "GET":
            assert hall.call("GET", link["href"], None, hall.as_server).status_code == 200, link
    for link in state.values():
        if link["method"] == "GET" and not link["href"].endswith("/events"):
            answer = hall.call("GET", link["href"], None, hall.as_person(guest["accessToken"]))
            assert answer.status_code == 200, link


def test_visitors_see_no_counts(hall: Resident) -> None:
    queue = hall.queue(capacity=5)
    shown = hall.visit("GET", f"/queues/{queue['id']}").json()
    assert not {"waitingCount", "activeGrants", "admittedCount", "admitRate", "capacity", "metadata"} & set(shown)


def test_an_unpublished_queue_is_not_there_for_visitors(hall: Resident) -> None:
    experience = hall.admin("POST", "/experiences", {"name": "Secret"}).json()
    queue = hall.queue(experience)
    assert hall.visit("GET", f"/queues/{queue['id']}").status_code == 404
    assert hall.visit("GET", f"/queues/{queue['id']}/proof").status_code == 404
    entering = hall.visit("POST", f"/queues/{queue['id']}/enter", {}, **{"Idempotency-Key": strong_key()})
    assert entering.status_code == 404
    assert hall.visit("GET", f"/experiences/{experience['slug']}").status_code == 404


def test_a_queue_that_opens_later_says_when(hall: Resident) -> None:
    queue = hall.queue(openAt="2090-01-01T00:00:00Z")
    entering = hall.visit("POST", f"/queues/{queue['id']}/enter", {}, **{"Idempotency-Key": strong_key()})
    assert (entering.status_code, entering.json()["code"]) == (423, "QUEUE_NOT_OPEN")
    assert int(entering.headers["Retry-After"]) == entering.json()["retryAfter"] > 10_000_000


def test_a_server_lets_somebody_in_out_of_turn(hall: Resident) -> None:
    queue = hall.queue(admitRate=1)
    hall.granted(queue)
    guest = hall.entered(queue)
    path = f"/consumer/api/v1/queues/{queue['id']}/admit"
    admitted = hall.call("POST", path, {"consumerId": guest["consumerId"]}, hall.as_server)
    assert (admitted.status_code, admitted.json()["status"], admitted.json()["outOfTurn"]) == (200, "GRANTED", True)
    again = hall.call("POST", path, {"consumerId": guest["consumerId"]}, hall.as_server)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_GRANTED")
    wait_until(lambda: hall.state(queue, guest["accessToken"])["status"] == "GRANTED")


def test_a_server_refuses_somebody_for_good(hall: Resident) -> None:
    queue = hall.queue()
    guest = hall.granted(queue)
    body = {"consumerId": guest["consumerId"], "reason": "FRAUD_DETECTED", "note": "three cards"}
    denied = hall.admin("POST", f"/queues/{queue['id']}/deny", body)
    assert (denied.status_code, denied.json()["status"], denied.json()["reason"]) == (200, "DENIED", "FRAUD_DETECTED")
    assert validate(hall, guest["admissionGrant"])["code"] == "GRANT_REVOKED"
    wait_until(lambda: hall.state(queue, guest["accessToken"])["status"] == "DENIED")


def test_validate_says_why_not(hall: Resident) -> None:
    queue, other = hall.queue(), hall.queue()
    guest = hall.granted(queue)
    grant = guest["admissionGrant"]
    good = validate(hall, grant, distributionId=queue["id"], consumerId=guest["consumerId"])
    assert (good["valid"], good["grant"]["distributionId"], good["expiresAt"]) == (
        True,
        queue["id"],
        guest["expiresAt"],
    )
    assert validate(hall, grant, distributionId=other["id"])["code"] == "DISTRIBUTION_MISMATCH"
    assert validate(hall, grant, consumerId=str(uuid4()))["code"] == "CONSUMER_MISMATCH"
    assert validate(hall, "nonsense")["code"] == "GRANT_INVALID"
    assert validate(hall, guest["accessToken"])["code"] == "GRANT_INVALID"
    path = f"/queues/{other['id']}/validate"
    assert hall.admin("POST", path, {"admissionGrant": grant}).json()["code"] == "DISTRIBUTION_MISMATCH"


def test_a_grant_is_nobody_elses(house: House) -> None:
    guest = house.hall.granted(house.hall.queue())
    assert validate(house.barn, guest["admissionGrant"])["code"] == "GRANT_INVALID"
    refused = complete(house.barn, guest["admissionGrant"], "1")
    assert (refused.status_code, refused.json()["code"]) == (400, "GRANT_INVALID")


def test_fifty_completes_with_different_orders_use_a_grant_once(hall: Resident) -> None:
    guest = hall.granted(hall.queue())
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda order: complete(hall, guest["admissionGrant"], f"order-{order}"), range(50)))
    statuses = [answer.status_code for answer in found]
    assert (statuses.count(200), statuses.count(409)) == (1, 49)
    assert {answer.json()["code"] for answer in found if answer.status_code == 409} == {"GRANT_ALREADY_USED"}


def test_fifty_completes_with_one_order_are_one_completion(hall: Resident) -> None:
    queue = hall.queue()
    guest = hall.granted(queue)
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: complete(hall, guest["admissionGrant"], "same"), range(50)))
    assert {answer.status_code for answer in found} == {200}
    assert len({answer.text for answer in found}) == 1
    assert hall.admin("GET", f"/queues/{queue['id']}").json()["completedCount"] == 1


def test_what_a_shop_says_of_an_order_is_kept_and_shown(hall: Resident) -> None:
    queue = hall.queue()
    guest = hall.granted(queue)
    items = [{"productId": NOBODY, "variantId": None, "quantity": 2}]
    told = {"orderAmount": "49.9", "items": items, "metadata": {"till": "3"}}
    body = {"admissionGrant": guest["admissionGrant"], "orderId": "A1"}
    path = "/consumer/api/v1/admission/complete"
    done = hall.call("POST", path, body | told, hall.as_server)
    kept = told | {"orderAmount": "49.90", "currencyCode": "EUR"}
    assert (done.status_code, done.json()["order"]) == (200, kept), done.text
    again = hall.call("POST", path, body | {"orderAmount": "1"}, hall.as_server)
    assert (again.status_code, again.json()["order"]) == (200, kept), again.text
    shown = hall.admin("GET", f"/queues/{queue['id']}/consumers/{guest['consumerId']}").json()
    assert (shown["orderId"], shown["order"]) == ("A1", kept)
    assert "order" not in hall.state(queue, guest["accessToken"])


@pytest.mark.parametrize(
    ("told", "path", "code"),
    [
        ({"orderAmount": 12.5}, "/orderAmount", "INVALID_MONEY"),
        ({"orderAmount": "1.234"}, "/orderAmount", "OUT_OF_RANGE"),
        ({"currencyCode": "euro"}, "/currencyCode", "PATTERN"),
        ({"currencyCode": "ZZZ"}, "/currencyCode", "NOT_IN_ENUM"),
        ({"items": [{"quantity": 1}]}, "/items/0/productId", "REQUIRED"),
        ({"items": [{"productId": NOBODY, "quantity": 0}]}, "/items/0/quantity", "OUT_OF_RANGE"),
        ({"metadata": {"till": 3}}, "/metadata/till", "WRONG_TYPE"),
        ({"metadata": {"till": "\x00"}}, "/metadata/till", "PATTERN"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(hall: Resident, told: Any, path: str, code: str) -> None:
    guest = hall.granted(hall.queue())
    body = {"admissionGrant": guest["admissionGrant"], "orderId": "A1"} | told
    refused = hall.call("POST", "/consumer/api/v1/admission/complete", body, hall.as_server)
    assert (refused.status_code, refused.json()["code"]) == (400, "VALIDATION_ERROR")
    assert [(error["path"], error["code"]) for error in refused.json()["errors"]] == [(path, code)]
    assert validate(hall, guest["admissionGrant"])["valid"]


def test_a_grant_is_completed_by_whoever_holds_it(hall: Resident) -> None:
    queue = hall.queue()
    guest = hall.granted(queue)
    path = f"/queues/{queue['id']}/complete"
    done = hall.admin("POST", path, {"consumerId": guest["consumerId"], "orderId": "9"})
    assert (done.status_code, done.json()["orderId"]) == (200, "9")
    both = hall.admin("POST", path, {"consumerId": NOBODY, "admissionGrant": "x", "orderId": "9"})
    neither = hall.admin("POST", path, {"orderId": "9"})
    assert (both.status_code, neither.status_code) == (400, 400)
    nobody = hall.admin("POST", path, {"consumerId": NOBODY, "orderId": "9"})
    assert (nobody.status_code, nobody.json()["code"]) == (409, "NO_LIVE_GRANT")


def test_a_queue_without_an_opening_has_nothing_to_prove(hall: Resident) -> None:
    assert hall.visit("GET", f"/queues/{hall.queue()['id']}/proof").status_code == 404


def test_before_the_opening_a_proof_is_what_was_committed_to(hall: Resident) -> None:
    queue = hall.queue(openAt="2090-01-01T00:00:00Z")
    proof = hall.visit("GET", f"/queues/{queue['id']}/proof").json()
    assert (proof["serverSeed"], proof["seed"], proof["entriesUrl"]) == (None, None, None)
    assert len(proof["seedCommitment"]) == len(proof["rulesHash"]) == 64
    assert hall.visit("GET", f"/queues/{queue['id']}/proof/entries").status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_after_the_opening_anybody_can_check_the_order(house: House, hall: Resident, encoding: str) -> None:
    queue = cohort(house, hall, 9)
    proof = hall.visit("GET", f"/queues/{queue['id']}/proof").json()
    answer = hall.call("GET", proof["entriesUrl"], None, hall.as_visitor | {"Accept-Encoding": encoding})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    lines = [_line(text) for text in answer.text.splitlines()]
    assert [PublishedEntry.from_json(line).ticket for line in lines] == list(range(9))
    assert sorted(line["rank"] for line in lines) == list(range(9))
    assert is_proved(check_order(proof, lines)[:-1])


def cohort(house: House, hall: Resident, people: int) -> Any:
    """A queue that so many waited for, and that has opened."""
    queue = hall.queue(openAt="2090-01-01T00:00:00Z", entryOpenAt="2020-01-01T00:00:00Z", admitRate=1)
    for _ in range(people):
        hall.entered(queue)
    opening = {"openAt": "2020-01-02T00:00:00Z"}
    changed = hall.admin("PATCH", f"/queues/{queue['id']}", opening)
    assert changed.status_code == 200, changed.text
    wait_until(lambda: hall.admin("GET", f"/queues/{queue['id']}").json()["orderFixedAt"] is not None)
    return queue


def _line(text: str) -> Any:
    return json.loads(text)
