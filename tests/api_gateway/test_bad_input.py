"""Bad input: each kind of it on every route that takes it gets a problem with a code, and never a fault."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
import requests

from tests.support.house import NOBODY, House
from tests.support.resident import Resident, strong_key

CONSUMER, ADMIN = "/consumer/api/v1", "/admin/api/v1"
MEMBERS = {"type", "title", "status", "detail", "code", "errors", "requestId", "retryAfter"}


class Route(NamedTuple):
    """A route of a document: who may call it, and what it takes."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def takes_a_body(self) -> bool:
        """Whether it has a body."""
        return "requestBody" in self.told

    @property
    def needs(self) -> set[str]:
        """The credentials of those who may call it, the fewest that do."""
        return set(min(self.told["security"], key=len))

    @property
    def is_for_servers(self) -> bool:
        """Whether only a secret key opens it."""
        return self.told["security"] == [{"secretKey": []}]


@cache
def routes(url: str) -> tuple[Route, ...]:
    """Every route of both documents."""
    return tuple(_routes(url))


def _routes(url: str) -> Iterator[Route]:
    for base in (CONSUMER, ADMIN):
        document = requests.get(f"{url}{base}/openapi.json", timeout=10).json()
        for path, methods in document["paths"].items():
            for method, told in methods.items():
                yield Route(method.upper(), base + path, told)


@pytest.fixture(scope="module")
def things(house: House) -> dict[str, str]:
    """Ids of things that are there, by the names that paths give them."""
    return things_of(house.hall)


def things_of(resident: Resident) -> dict[str, str]:
    """An experience, a queue and a draw, and somebody in both."""
    experience = resident.experience()
    queue = resident.queue(experience, admitRate=1)
    guest, draw = resident.entered(queue), resident.draw(under=experience)
    resident.enter(draw, guest["accessToken"])
    keys = resident.admin("GET", "/organizations/current/keys").json()["data"]
    return {
        "experience_id": experience["id"], "experience": experience["id"], "queue_id": queue["id"],
        "draw_id": draw["id"],
        "sequence_id": experience["sequences"][0]["id"], "consumer_id": guest["consumerId"],
        "organization_id": queue["organizationId"], "key_id": keys[0]["id"], "operation_id": guest["participationId"],
        "token": guest["accessToken"],
    }  # fmt: skip


def path_of(route: Route, things: dict[str, str]) -> str:
    """The route's path, to things that are there."""
    return route.path.format_map(things)


def credentials(route: Route, resident: Resident, token: str) -> dict[str, str]:
    """Headers that let a call in."""
    if route.is_for_servers or route.needs == {"secretKey"}:
        return resident.as_server
    return resident.as_person(token) if "accessToken" in route.needs else resident.as_visitor


def must_be_problem(answer: requests.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The answer is a problem of this status, in the one shape."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) <= MEMBERS
    assert body["status"] == status
    assert body["requestId"] == answer.headers["X-Request-Id"]
    assert body["type"].endswith(f"/problems/{body['code']}")
    assert (status == 401) == ("WWW-Authenticate" in answer.headers)
    if code is not None:
        assert body["code"] == code, body
    return body


def send(house: House, route: Route, things: dict[str, str], headers: dict[str, str], **more: Any) -> requests.Response:
    """One call."""
    path = path_of(route, things)
    return requests.request(route.method, house.url + path, headers=headers, timeout=40, **more)


def strangers_enter(route: Route, headers: dict[str, str]) -> dict[str, str]:
    """The key that a call without a token needs to be more than a bad request."""
    return headers | {"Idempotency-Key": strong_key()} if route.path.endswith("/enter") else headers


@pytest.mark.parametrize("sent", [b"{", b"nonsense", b'{"a":NaN}', b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b"\xff"])
def test_malformed_json_is_400_everywhere(house: House, things: dict[str, str], sent: bytes) -> None:
    for route in filter(lambda one: one.takes_a_body, routes(house.url)):
        headers = credentials(route, house.hall, things["token"]) | {"Content-Type": "application/json"}
        answer = send(house, route, things, strangers_enter(route, headers), data=sent)
        must_be_problem(answer, 400, "INVALID_JSON")


@pytest.mark.parametrize("sent", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_a_body_that_is_no_object_is_400_everywhere(house: House, things: dict[str, str], sent: bytes) -> None:
    for route in filter(lambda one: one.takes_a_body, routes(house.url)):
        headers = credentials(route, house.hall, things["token"]) | {"Content-Type": "application/json"}
        answer = send(house, route, things, strangers_enter(route, headers), data=sent)
        must_be_problem(answer, 400, "VALIDATION_ERROR")


def test_unknown_members_are_400_everywhere(house: House, things: dict[str, str]) -> None:
    for route in filter(lambda one: one.takes_a_body, routes(house.url)):
        headers = strangers_enter(route, credentials(route, house.hall, things["token"]))
        body = must_be_problem(send(house, route, things, headers, json={"colour of hair": 1}), 400, "VALIDATION_ERROR")
        assert {"UNKNOWN_FIELD"} <= {error["code"] for error in body["errors"]}, route
        assert "/colour of hair" in {error["path"] for error in body["errors"]}


def test_a_body_too_large_is_413_everywhere(house: House, things: dict[str, str]) -> None:
    for route in filter(lambda one: one.takes_a_body, routes(house.url)):
        limit = 1024 * 1024 if route.path.startswith(ADMIN) else 64 * 1024
        headers = credentials(route, house.hall, things["token"]) | {"Content-Type": "application/json"}
        answer = send(house, route, things, strangers_enter(route, headers), data=b'"' + b"x" * limit + b'"')
        must_be_problem(answer, 413, "PAYLOAD_TOO_LARGE")


def test_another_media_type_is_415_everywhere(house: House, things: dict[str, str]) -> None:
    for route in filter(lambda one: one.takes_a_body, routes(house.url)):
        headers = credentials(route, house.hall, things["token"]) | {"Content-Type": "text/plain"}
        answer = send(house, route, things, strangers_enter(route, headers), data=b"{}")
        must_be_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("wrong", ["nonsense", "1", "%00", "019a0000-0000-7000-8000-00000000000g", "..%2f.."])
def test_an_id_that_is_none_is_404_everywhere(house: House, things: dict[str, str], wrong: str) -> None:
    for route in filter(lambda one: "{" in one.path, routes(house.url)):
        headers = strangers_enter(route, credentials(route, house.hall, things["token"]))
        aimed = {name: wrong if name != "token" else value for name, value in things.items()}
        must_be_problem(send(house, route, aimed, headers, **valid_body(route)), 404)


def test_an_id_of_nobody_is_404_everywhere(house: House, things: dict[str, str]) -> None:
    nothing = things_of_nobody(things)
    for route in filter(lambda one: "{" in one.path, routes(house.url)):
        headers = strangers_enter(route, credentials(route, house.hall, things["token"]))
        must_be_problem(send(house, route, nothing, headers, **valid_body(route)), 404)


def test_a_thing_of_another_organization_is_not_there(house: House, things: dict[str, str]) -> None:
    barn, nothing = things_of(house.barn), things_of_nobody(things)
    for route in filter(lambda one: "{" in one.path, routes(house.url)):
        headers = strangers_enter(route, credentials(route, house.barn, barn["token"]))
        foreign = send(house, route, things | {"token": ""}, headers, **valid_body(route))
        missing = send(house, route, nothing, headers, **valid_body(route))
        assert shape(foreign) == shape(missing), route
        must_be_problem(foreign, 404)


def test_a_thing_of_another_mode_is_not_there(house: House, things: dict[str, str]) -> None:
    hall = house.hall
    server = {"Authorization": f"Bearer {hall.test_secret}"}
    for route in filter(lambda one: "{" in one.path and one.is_for_servers, routes(house.url)):
        must_be_problem(send(house, route, things, server, **valid_body(route)), 404)


def things_of_nobody(things: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(things, NOBODY)


def shape(answer: requests.Response) -> tuple[Any, ...]:
    """What a stranger could tell two refusals apart by."""
    body = answer.json()
    known = {name: value for name, value in body.items() if name != "requestId"}
    headers = set(answer.headers) - {"date"}
    return answer.status_code, known, headers


BODIES: dict[str, Any] = {
    "beacon": {"round": 1, "signature": "b7" * 48},
    "admit": {"consumerId": NOBODY}, "deny": {"consumerId": NOBODY, "reason": "ADMIN_ACTION"}, "kill": {"reason": "x"},
    "complete": {"consumerId": NOBODY, "orderId": "1"},
    "validate": {"admissionGrant": "x"},
}  # fmt: skip
WHOLE = {
    "queues": {"name": "x", "admitRate": 1}, "experiences": {"name": "x"}, "sequences": {"name": "x"},
    "draws": {"name": "x", "drawAt": "2030-01-01T00:00:00Z", "winnerCount": 1},
}  # fmt: skip


def valid_body(route: Route) -> dict[str, Any]:
    """A body that is in order, so that the path is what is wrong."""
    last = route.path.rpartition("/")[2]
    if route.method == "PUT":
        return {"json": WHOLE.get(route.path.split("/")[4], {})}
    if last == "enter" and route.path.startswith(ADMIN):
        return {"json": {"consumerId": NOBODY}}
    return {"json": BODIES.get(last, {})} if route.takes_a_body else {}


def test_without_a_credential_every_route_is_401(house: House, things: dict[str, str]) -> None:
    for route in filter(lambda one: one.told["security"], routes(house.url)):
        answer = send(house, route, things, strangers_enter(route, {}), **valid_body(route))
        must_be_problem(answer, 401, "AUTHENTICATION_REQUIRED")


@pytest.mark.parametrize(
    "key", ["", "nonsense", "dr_pk_live_" + "0" * 32, "dr_sk_live_" + "0" * 43, "dr_pk_live_" + "0" * 31 + "\xe9"]
)
def test_an_unknown_key_is_401_everywhere(house: House, things: dict[str, str], key: str) -> None:
    for route in filter(lambda one: one.told["security"] and not one.is_for_servers, routes(house.url)):
        headers = strangers_enter(route, {"X-Publishable-Key": key.encode("latin-1")})  # type: ignore[dict-item] # bytes go as they are
        if "accessToken" in route.needs:
            headers["Authorization"] = f"Bearer {things['token']}"
        must_be_problem(send(house, route, things, headers, **valid_body(route)), 401, "INVALID_KEY")


def test_a_publishable_key_where_a_secret_is_needed_is_403(house: House, things: dict[str, str]) -> None:
    hall = house.hall
    for route in filter(lambda one: one.is_for_servers, routes(house.url)):
        as_bearer = {"Authorization": f"Bearer {hall.publishable}"}
        for headers in (hall.as_visitor, as_bearer, hall.as_person(things["token"])):
            must_be_problem(send(house, route, things, headers, **valid_body(route)), 403, "ACCESS_DENIED")


def test_a_token_where_a_secret_is_needed_is_401(house: House, things: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {things['token']}"}
    for route in filter(lambda one: one.is_for_servers, routes(house.url)):
        must_be_problem(send(house, route, things, headers, **valid_body(route)), 401, "SECRET_KEY_REQUIRED")


def test_a_secret_key_from_a_browser_is_403(house: House, things: dict[str, str]) -> None:
    headers = house.hall.as_server | {"Origin": "https://shop.example"}
    for route in filter(lambda one: one.is_for_servers, routes(house.url)):
        must_be_problem(send(house, route, things, headers, **valid_body(route)), 403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("token", ["garbled", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 5000])
def test_a_token_that_is_none_is_401_everywhere(house: House, things: dict[str, str], token: str) -> None:
    for route in filter(lambda one: not one.is_for_servers and one.told["security"], routes(house.url)):
        headers = strangers_enter(route, house.hall.as_person(token))
        must_be_problem(send(house, route, things, headers, **valid_body(route)), 401, "INVALID_TOKEN")


def test_a_token_of_another_organization_is_401_everywhere(house: House, things: dict[str, str]) -> None:
    headers = house.barn.as_person(things["token"])
    for route in filter(lambda one: not one.is_for_servers and one.told["security"], routes(house.url)):
        answer = send(house, route, things, strangers_enter(route, headers), **valid_body(route))
        must_be_problem(answer, 401, "INVALID_TOKEN")


def test_another_scheme_is_401(house: House) -> None:
    headers = house.hall.as_visitor | {"Authorization": "Basic eHl6OnE="}
    answer = house.hall.call("GET", f"{CONSUMER}/queues/{NOBODY}", None, headers)
    must_be_problem(answer, 401, "AUTHENTICATION_REQUIRED")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/consumer/api/v1/nowhere", "/admin/api/v2/queues", "/api/v1/queues", "/"]
)
def test_a_path_that_is_none_is_404(house: House, path: str) -> None:
    must_be_problem(house.hall.call("GET", path, None, house.hall.as_server), 404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "PATCH", "TRACE"])
def test_a_method_that_is_none_is_404(house: House, method: str) -> None:
    must_be_problem(house.hall.call(method, f"{ADMIN}/queues", None, house.hall.as_server), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("settings", "path", "code"),
    [
        ({"openAt": "2026-11-21T17:00:00"}, "/openAt", "INVALID_TIMESTAMP"),
        ({"openAt": "2026-13-40T00:00:00Z"}, "/openAt", "INVALID_TIMESTAMP"),
        ({"openAt": 1795280407}, "/openAt", "INVALID_TIMESTAMP"),
        ({"admitRate": 0}, "/admitRate", "OUT_OF_RANGE"),
        ({"admitRate": 600_001}, "/admitRate", "OUT_OF_RANGE"),
        ({"admitRate": "600"}, "/admitRate", "WRONG_TYPE"),
        ({"admitRate": 1.5}, "/admitRate", "WRONG_TYPE"),
        ({"admitRate": 10**30}, "/admitRate", "WRONG_TYPE"),
        ({"admitRate": True}, "/admitRate", "WRONG_TYPE"),
        ({"admitRate": None}, "/admitRate", "WRONG_TYPE"),
        ({"capacity": 0}, "/capacity", "OUT_OF_RANGE"),
        ({"capacity": 100_000_001}, "/capacity", "OUT_OF_RANGE"),
        ({"maxActiveGrants": -1}, "/maxActiveGrants", "OUT_OF_RANGE"),
        ({"admissionExpirationSeconds": 59}, "/admissionExpirationSeconds", "OUT_OF_RANGE"),
        ({"name": ""}, "/name", "TOO_SHORT"),
        ({"name": " \t "}, "/name", "TOO_SHORT"),
        ({"name": "x" * 121}, "/name", "TOO_LONG"),
        ({"name": "x\x00y"}, "/name", "PATTERN"),
        ({"metadata": {"a": ["b", "x\x00y"]}}, "/metadata/a/1", "PATTERN"),
        ({"onExpiry": "explode"}, "/onExpiry", "NOT_IN_ENUM"),
        ({"timeZone": "Europe/Atlantis"}, "/timeZone", "INVALID_TIME_ZONE"),
        ({"reserveInventory": True}, "/reserveInventory", "OUT_OF_RANGE"),
        ({"loyaltyBiasEnabled": True}, "/loyaltyBiasEnabled", "OUT_OF_RANGE"),
        ({"metadata": {"k": 1}}, "/metadata/k", "WRONG_TYPE"),
        ({"metadata": {"k" * 41: "v"}}, "/metadata", "TOO_LONG"),
        ({"sequenceId": "nonsense"}, "/sequenceId", "WRONG_TYPE"),
        ({"entry_open_at": "2030-01-01T00:00:00Z"}, "/entry_open_at", "UNKNOWN_FIELD"),
    ],
)
def test_a_setting_out_of_its_range_is_named(
    house: House, things: dict[str, str], settings: dict[str, Any], path: str, code: str
) -> None:
    body = {"sequenceId": things["sequence_id"], "name": "Row", "admitRate": 600} | settings
    told = must_be_problem(house.hall.admin("POST", "/queues", body), 400, "VALIDATION_ERROR")
    assert (path, code) in {(error["path"], error["code"]) for error in told["errors"]}, told


@pytest.mark.parametrize(
    "settings",
    [
        {"openAt": "2030-01-02T00:00:00Z", "closeAt": "2030-01-01T00:00:00Z"},
        {"openAt": "2030-01-02T00:00:00Z", "closeAt": "2030-01-02T00:00:00Z"},
        {"openAt": "2030-01-02T00:00:00Z", "entryOpenAt": "2030-01-03T00:00:00Z"},
        {"entryOpenAt": "2030-01-03T00:00:00Z"},
        {"closeAt": "2030-01-03T00:00:00Z", "serviceCloseAt": "2030-01-02T00:00:00Z"},
    ],
)
def test_times_that_contradict_each_other_are_refused(
    house: House, things: dict[str, str], settings: dict[str, Any]
) -> None:
    body = {"sequenceId": things["sequence_id"], "name": "Row", "admitRate": 600} | settings
    must_be_problem(house.hall.admin("POST", "/queues", body), 400, "INVALID_WINDOW")


def test_a_date_with_another_offset_is_kept_in_utc(house: House, things: dict[str, str]) -> None:
    queue = house.hall.queue(openAt="2030-01-01T12:00:00+02:00")
    assert queue["openAt"] == "2030-01-01T10:00:00.000Z"


def test_an_idempotency_key_with_another_body_is_422(house: House, things: dict[str, str]) -> None:
    headers = {"Idempotency-Key": strong_key()}
    first = house.hall.admin("POST", "/experiences", {"name": "One"}, **headers)
    again = house.hall.admin("POST", "/experiences", {"name": "One"}, **headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = house.hall.admin("POST", "/experiences", {"name": "Two"}, **headers)
    must_be_problem(other, 422, "IDEMPOTENCY_KEY_REUSED")


def test_an_idempotency_key_on_another_path_is_another_call(house: House, things: dict[str, str]) -> None:
    headers = {"Idempotency-Key": strong_key()}
    first = house.hall.admin("POST", "/experiences", {"name": "One"}, **headers)
    other = house.hall.admin("POST", "/sequences", {"name": "One", "experienceId": first.json()["id"]}, **headers)
    assert (first.status_code, other.status_code) == (201, 201)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_malformed_idempotency_key_is_400(house: House, key: str) -> None:
    answer = house.hall.admin("POST", "/experiences", {"name": "One"}, **{"Idempotency-Key": key})
    assert must_be_problem(answer, 400)["errors"][0]["path"] == "header:Idempotency-Key"


@pytest.mark.parametrize("key", [None, "short", "0" * 64])
def test_a_stranger_needs_a_strong_key_to_enter(house: House, things: dict[str, str], key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    must_be_problem(house.hall.visit("POST", f"/queues/{things['queue_id']}/enter", {}, **headers), 400)


LISTS = ["/queues", "/experiences", "/sequences", "/organizations/current/keys"]


def lists(things: dict[str, str]) -> list[str]:
    own = [f"/queues/{things['queue_id']}/consumers", f"/sequences/{things['sequence_id']}/distributions"]
    return LISTS + own


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=1.5", "page=", "per_page=x", "per_page=1e3"])
def test_a_page_that_is_none_is_400(house: House, things: dict[str, str], query: str) -> None:
    for path in lists(things):
        told = must_be_problem(house.hall.admin("GET", f"{path}?{query}"), 400, "INVALID_REQUEST")
        assert told["errors"][0]["path"] == f"query:{query.partition('=')[0]}"


@pytest.mark.parametrize(("asked", "size"), [("1001", 1000), ("999999", 1000), ("0", 1), ("-5", 1)])
def test_the_size_of_a_page_is_brought_into_its_range(
    house: House, things: dict[str, str], asked: str, size: int
) -> None:
    for path in lists(things):
        answer = house.hall.admin("GET", f"{path}?per_page={asked}")
        assert answer.status_code == 200, answer.text
        assert f"per_page={size}" in answer.headers["Link"]


@pytest.mark.parametrize("query", ["sortBy=colour", "sortDir=up", "search=a", "archived=maybe", "search=a%00b"])
def test_a_list_cannot_be_sorted_or_filtered_at_will(house: House, query: str) -> None:
    for path in LISTS[:3]:
        must_be_problem(house.hall.admin("GET", f"{path}?{query}"), 400)


@pytest.mark.parametrize("cursor", ["nonsense", "AAAA", "%00", "é", "a" * 5000])
def test_a_cursor_that_is_not_ours_is_400(house: House, things: dict[str, str], cursor: str) -> None:
    path = f"/queues/{things['queue_id']}/consumers?after={cursor}"
    must_be_problem(house.hall.admin("GET", path), 400)


def test_unknown_query_parameters_are_ignored(house: House, things: dict[str, str]) -> None:
    for path in lists(things):
        assert house.hall.admin("GET", f"{path}?colour=red&x=%ff").status_code == 200


@pytest.mark.parametrize("version", ["nonsense", "7", '"x"'])
def test_a_version_that_is_none_is_400(house: House, things: dict[str, str], version: str) -> None:
    answer = house.hall.admin("PATCH", f"/queues/{things['queue_id']}", {"name": "x"}, **{"If-Match": version})
    assert must_be_problem(answer, 400)["errors"][0]["path"] == "header:If-Match"


def test_an_old_version_is_409(house: House, things: dict[str, str]) -> None:
    queue = house.hall.queue()
    path, seen = f"/queues/{queue['id']}", {"If-Match": f'"{queue["version"]}"'}
    assert house.hall.admin("PATCH", path, {"name": "Second"}, **seen).status_code == 200
    must_be_problem(house.hall.admin("PATCH", path, {"name": "Third"}, **seen), 409, "VERSION_CONFLICT")


@pytest.fixture(scope="module")
def hall_guest(house: House) -> Any:
    """An organization, a queue of it, and somebody whose turn has come there."""
    queue = house.hall.queue()
    return house.hall, queue, house.hall.granted(queue)


@pytest.mark.parametrize("path", ["/queues/{queue}/status", "/consumers/me"])
@pytest.mark.parametrize("since", ["x", "-1", "1.5", "\u0661", "1" * 19])
@pytest.mark.parametrize("headers", [{}, {"Prefer": "wait=1"}])
def test_a_version_that_is_no_number_is_refused(
    hall_guest: Any, path: str, since: str, headers: dict[str, str]
) -> None:
    hall, queue, guest = hall_guest
    place = f"/consumer/api/v1{path.format(queue=queue['id'])}?sinceVersion={since}"
    answer = hall.call("GET", place, None, hall.as_person(guest["accessToken"]) | headers)
    told = must_be_problem(answer, 400, "INVALID_REQUEST")
    assert told["errors"][0]["path"] == "query:sinceVersion"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_id_with_its_hyphens_elsewhere_is_nobodys(hall_guest: Any, method: str) -> None:
    hall, queue, guest = hall_guest
    plain = queue["id"].replace("-", "")
    moved = f"{plain[:7]}-{plain[7:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
    route = "status" if method == "GET" else "enter"
    answer = hall.call(method, f"/consumer/api/v1/queues/{moved}/{route}", {}, hall.as_person(guest["accessToken"]))
    must_be_problem(answer, 404, "QUEUE_NOT_FOUND")


@pytest.mark.parametrize("kind", ["experiences", "queues"])
def test_a_name_of_null_is_of_the_wrong_type(hall_guest: Any, kind: str) -> None:
    hall, queue, _ = hall_guest
    own_id = queue["id"] if kind == "queues" else queue["experienceId"]
    told = must_be_problem(hall.admin("PATCH", f"/{kind}/{own_id}", {"name": None}), 400, "VALIDATION_ERROR")
    assert [(error["path"], error["code"]) for error in told["errors"]] == [("/name", "WRONG_TYPE")]


def test_dates_of_the_admin_api_have_milliseconds(hall_guest: Any) -> None:
    hall, queue, guest = hall_guest
    one = hall.admin("GET", f"/queues/{queue['id']}/consumers/{guest['consumerId']}").json()
    kept = hall.admin("GET", f"/queues/{queue['id']}").json()
    dates = [value for name, value in (*one.items(), *kept.items()) if name.endswith("At") and value is not None]
    assert len(dates) > 5
    assert [date for date in dates if len(date) != len("2026-11-21T17:00:00.000Z")] == []
