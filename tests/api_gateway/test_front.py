"""The front: hosts, prefixes, origins, headers, and what no API owns."""

import re
from uuid import uuid4

import pytest
import requests
from joserfc.jwk import KeySet

from tests.support.house import ISSUER, NOBODY, House
from tests.support.servers import wait_until

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("admin.localhost:8080", "/api/v1/queues"), ("ADMIN.localhost", "/api/v1/queues"),
        ("anything.example", "/admin/api/v1/queues"), ("admin.localhost", "/admin/api/v1/queues"),
    ],
)  # fmt: skip
def test_an_api_is_found_by_host_or_by_prefix(house: House, host: str, path: str) -> None:
    assert house.hall.call("GET", path, None, house.hall.as_server | {"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["consumer.localhost", "elsewhere.localhost", "localhost", "admin.localhost.evil.example"]
)
def test_another_host_does_not_lead_to_the_admin_api(house: House, host: str) -> None:
    answer = house.hall.call("GET", "/api/v1/queues", None, house.hall.as_server | {"Host": host})
    assert answer.status_code == 404


def test_the_hot_routes_are_found_by_host_too(house: House) -> None:
    hall = house.hall
    queue = hall.queue()
    guest = hall.entered(queue)
    headers = hall.as_person(guest["accessToken"]) | {"Host": "consumer.localhost:8080"}
    assert hall.call("GET", f"/api/v1/queues/{queue['id']}/status", None, headers).status_code == 200


def test_a_request_id_that_is_a_uuid_is_kept(house: House) -> None:
    own = str(uuid4())
    for path in ("/admin/api/v1/queues", f"/consumer/api/v1/queues/{NOBODY}/status", "/nowhere"):
        headers = house.hall.as_server | {"X-Request-Id": own}
        assert house.hall.call("GET", path, None, headers).headers["X-Request-Id"] == own
    other = house.hall.admin("GET", "/queues", **{"X-Request-Id": "nonsense"}).headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", other)


def test_every_answer_has_the_headers_that_keep_browsers_careful(house: House) -> None:
    hall = house.hall
    paths = ("/admin/api/v1/queues", f"/consumer/api/v1/queues/{NOBODY}/status", "/livez", "/problems/QUEUE_FULL")
    for path in paths:
        headers = hall.call("GET", path, None, hall.as_server).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_what_is_personal_is_not_stored_and_what_is_public_briefly(house: House) -> None:
    hall = house.hall
    queue = hall.queue()
    guest = hall.entered(queue)
    path = f"/consumer/api/v1/queues/{queue['id']}"
    assert hall.call("GET", path, None, hall.as_visitor).headers["Cache-Control"] == "public, max-age=5"
    person = hall.as_person(guest["accessToken"])
    for personal in (path, f"{path}/status"):
        assert hall.call("GET", personal, None, person).headers["Cache-Control"] == "private, no-store"
    assert hall.admin("GET", "/queues").headers["Cache-Control"] == "private, no-store"


def test_a_page_of_any_origin_may_call_where_none_is_listed(house: House) -> None:
    queue = house.barn.queue()
    answer = house.barn.visit("GET", f"/queues/{queue['id']}", Origin=SHOP)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]


def test_only_listed_origins_may_call_where_some_are(house: House) -> None:
    barn = house.barn
    queue = barn.queue()
    try:
        listed = ["https://listed.example", "https://*.shops.example"]
        assert barn.admin("PATCH", "/organizations/current", {"allowedOrigins": listed}).status_code == 200
        path = f"/queues/{queue['id']}"
        allowed = ("https://listed.example", "https://a.shops.example", "https://b.a.shops.example")
        refused = (SHOP, "https://shops.example", "http://listed.example", "https://evil-shops.example", "null")
        wait_until(lambda: barn.visit("GET", path, Origin=SHOP).status_code == 403)
        for origin in allowed:
            assert barn.visit("GET", path, Origin=origin).headers["Access-Control-Allow-Origin"] == origin
        for origin in refused:
            answer = barn.visit("GET", path, Origin=origin)
            assert (answer.status_code, answer.json()["code"]) == (403, "ORIGIN_NOT_ALLOWED")
            assert "Access-Control-Allow-Origin" not in answer.headers
    finally:
        barn.admin("PATCH", "/organizations/current", {"allowedOrigins": []})
        wait_until(lambda: barn.visit("GET", f"/queues/{queue['id']}", Origin=SHOP).status_code == 200)


def test_a_browser_opens_a_stream_with_a_ticket_once(house: House) -> None:
    hall = house.hall
    queue = hall.queue(admitRate=1)
    guest = hall.entered(queue)
    issued = hall.call(
        "POST", "/consumer/api/v1/consumers/me/stream-tickets", None, hall.as_person(guest["accessToken"])
    )
    assert issued.status_code == 201, issued.text
    url = f"{house.url}/consumer/api/v1/queues/{queue['id']}/events?ticket={issued.json()['ticket']}"
    with requests.get(url, headers={"Origin": SHOP}, stream=True, timeout=10) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Access-Control-Allow-Origin"] == SHOP
        assert any(line == b"event: state" for line in stream.iter_lines())
    used = requests.get(url, timeout=10)
    assert (used.status_code, used.json()["code"]) == (401, "TICKET_INVALID")


def test_a_browser_may_ask_before_it_calls(house: House) -> None:
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    asked = requests.options(f"{house.url}/consumer/api/v1/queues/{NOBODY}/enter", headers=headers, timeout=5)
    assert asked.status_code == 204
    assert "X-Publishable-Key" in asked.headers["Access-Control-Allow-Headers"]
    refused = requests.options(f"{house.url}/admin/api/v1/queues", headers=headers, timeout=5)
    assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (403, False)


def test_the_key_set_is_public(house: House) -> None:
    for path in ("/.well-known/jwks.json", "/consumer/.well-known/jwks.json"):
        answer = requests.get(house.url + path, headers={"Origin": SHOP}, timeout=5)
        keys = answer.json()["keys"]
        assert len(KeySet.import_key_set({"keys": keys}).keys) == 2
        assert all(set(key) <= {"kty", "crv", "x", "kid", "use", "alg"} for key in keys)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "public, max-age=3600"


def test_a_gateway_says_whether_it_is_alive_and_ready(house: House) -> None:
    assert requests.get(f"{house.url}/livez", timeout=5).json() == {"status": "alive"}
    assert requests.get(f"{house.url}/readyz", timeout=5).json() == {"status": "ready", "missing": []}


def test_a_gateway_counts_what_it_answers_by_route(house: House) -> None:
    house.hall.admin("GET", f"/queues/{NOBODY}")
    house.hall.call("GET", "/nowhere/at/all", None, {})
    text = requests.get(f"{house.url}/metrics", timeout=5).text
    assert 'drumroll_requests_total{route="GET /admin/api/v1/queues/{queue_id}",status="404"}' in text
    assert 'drumroll_requests_total{route="unknown",status="404"}' in text
    assert "/nowhere" not in text


def test_a_gateway_shows_what_it_measures(house: House) -> None:
    assert "drumroll_append_commands" in requests.get(f"{house.url}/metrics", timeout=5).text


def test_every_problem_has_a_page(house: House) -> None:
    answer = requests.get(f"{house.url}/problems/QUEUE_FULL", timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "The queue is full" in answer.text
    assert requests.get(f"{house.url}/problems/NONSENSE", timeout=5).status_code == 404


@pytest.mark.parametrize("api", ["consumer", "admin"])
def test_an_api_has_a_document_and_a_page_of_it(house: House, api: str) -> None:
    document = requests.get(f"{house.url}/{api}/api/v1/openapi.json", timeout=5).json()
    page = requests.get(f"{house.url}/{api}/api/v1/docs", timeout=5)
    assert document["openapi"].startswith("3.1")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert all(path in page.text for path in document["paths"])
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text)


@pytest.mark.parametrize("api", ["consumer", "admin"])
def test_every_reference_of_a_document_leads_somewhere(house: House, api: str) -> None:
    text = requests.get(f"{house.url}/{api}/api/v1/openapi.json", timeout=5).text
    document = requests.get(f"{house.url}/{api}/api/v1/openapi.json", timeout=5).json()
    wanted = set(re.findall(r"#/components/schemas/([A-Za-z0-9_\[\]-]+)", text))
    assert wanted <= set(document["components"]["schemas"])


def test_the_hot_routes_are_in_the_document(house: House) -> None:
    paths = requests.get(f"{house.url}/consumer/api/v1/openapi.json", timeout=5).json()["paths"]
    assert {f"/queues/{{queue_id}}/{hot}" for hot in ("status", "enter", "leave", "events")} <= set(paths)


def test_every_problem_names_the_address_of_this_gateway(house: House) -> None:
    cold, hot = f"/consumer/api/v1/experiences/{NOBODY}", f"/consumer/api/v1/queues/{NOBODY}/status"
    for path in (cold, hot, "/nowhere", "/admin/api/v1/nowhere"):
        problem = requests.get(house.url + path, headers=house.hall.as_visitor, timeout=5).json()
        assert problem["type"] == f"{ISSUER}/problems/{problem['code']}", path
