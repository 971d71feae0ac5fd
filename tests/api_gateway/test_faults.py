"""Faults of ours: told with a reference, logged under it, and counted."""

import asyncio
import json
import socket
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool

from api_gateway.auth import Keys, key_hash
from api_gateway.http.counting import Counting
from api_gateway.http.faults import tell_faults
from api_gateway.problems import Problem
from runtime import metrics
from runtime.clock import Clock
from store.roles import GATEWAY
from tests.support.house import House
from tests.support.servers import wait_until

OWN_ADDRESS = "https://consumer.example"


def application() -> Counting:
    """An application with routes that break."""
    app = FastAPI(openapi_url=None)
    app.state.gateway = SimpleNamespace(clock=Clock(), settings=SimpleNamespace(issuer=OWN_ADDRESS))
    tell_faults(app)

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    @app.get("/away")
    async def away() -> None:
        raise psycopg.OperationalError

    @app.get("/cut-off")
    async def cut_off() -> None:
        raise psycopg.errors.IdleInTransactionSessionTimeout

    @app.get("/number")
    async def number(wanted: int) -> int:
        return wanted

    return Counting(app)


async def answer(path: str, query: bytes = b"") -> tuple[int, dict[bytes, bytes], Any]:
    """Status, headers and body of a call."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query, "headers": [],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    await application()(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])


async def test_a_fault_is_told_with_a_reference_and_nothing_else() -> None:
    status, headers, body = await answer("/broken")
    assert (status, body["code"], headers[b"content-type"]) == (500, "INTERNAL_ERROR", b"application/problem+json")
    assert body["type"] == f"{OWN_ADDRESS}/problems/INTERNAL_ERROR"
    assert UUID(body["requestId"])
    assert body["requestId"] in body["detail"]
    assert "ZeroDivision" not in json.dumps(body)


@pytest.mark.parametrize("path", ["/away", "/cut-off"])
async def test_a_store_that_does_not_answer_or_has_cut_us_off_is_503(path: str) -> None:
    status, headers, body = await answer(path)
    assert (status, body["code"], headers[b"retry-after"]) == (503, "DEPENDENCY_UNAVAILABLE", b"1")


async def test_a_parameter_of_the_wrong_type_is_named() -> None:
    status, _, body = await answer("/number", b"wanted=x")
    assert (status, body["errors"][0]["path"]) == (400, "query:wanted")


def test_a_caller_who_leaves_in_mid_body_is_no_fault_of_ours(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    """The body is one that is read while it comes, because it is large."""
    asked = f"POST /admin/api/v1/experiences HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.hall.secret}\r\n"
    before = closed()
    with socket.create_connection(("127.0.0.1", int(house.url.rpartition(":")[2]))) as caller:
        caller.sendall(f"{asked}Content-Length: 100000\r\nContent-Type: application/json\r\n\r\n{{".encode())
    wait_until(lambda: closed() > before)
    assert "request.broken" not in capfd.readouterr().out


def closed() -> float:
    """How many callers have gone before their answer."""
    samples = [sample for family in metrics.requests.collect() for sample in family.samples]
    return sum(one.value for one in samples if one.labels.get("status") == "499" and one.name.endswith("_total"))


class CountedKeys(Keys):
    """Keys that count how often the store is asked."""

    asked = 0

    async def _resolve(self, digests: Any) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        return await super()._resolve(digests)


async def test_those_who_ask_for_keys_together_are_answered_together(house: House) -> None:
    async with AsyncConnectionPool(house.database.url(GATEWAY), min_size=1, open=False) as pool:
        keys, hall = CountedKeys(pool, Clock()), house.hall
        unknown = "dr_pk_live_" + "0" * 32
        wanted = [hall.publishable, hall.secret, unknown] * 50
        found = await asyncio.gather(*map(keys.find, wanted))
        assert [key and key.slug for key in found[:3]] == ["harbour-hall", "harbour-hall", None]
        assert keys.asked <= 2
        assert keys.remembered(hall.secret) == (True, found[1])
        assert await keys.find("nonsense") is None
        with pytest.raises(Problem, match="INVALID_KEY"):
            keys.usable(None)
    assert key_hash(unknown) != key_hash(house.hall.secret)
