"""The client at the door: repeats what may be repeated, follows what was accepted, keeps what surprises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from cli.crowd.door import Answer, Door, call
from cli.crowd.tally import NO_ANSWER, Tally
from runtime.clock import Clock
from tests.cli.crowd.scripted_room import told

Script = list[web.Response | None]
"""Answers in their order; None breaks the connection, the last is repeated."""


@asynccontextmanager
async def door_to(script: Script, seconds: float = 30.0) -> AsyncIterator[tuple[Door, str, list[str]]]:
    """A door to a server that plays the script; also its address and the paths that were asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        scripted = script.pop(0) if len(script) > 1 else script[0]
        if scripted is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(body=scripted.body, status=scripted.status, headers=scripted.headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    clock = Clock()
    try:
        async with aiohttp.ClientSession() as session:
            door = Door(session, Tally(), clock, Random(1), clock.monotonic() + seconds)
            yield door, f"http://127.0.0.1:{runner.addresses[0][1]}/consumer/api/v1", asked
    finally:
        await runner.cleanup()


async def insisted(script: Script, seconds: float = 30.0) -> tuple[Answer, Door, list[str]]:
    async with door_to(script, seconds) as (door, base, asked):
        answer = await door.insist(
            call("enter", "POST", f"{base}/queues/q/enter", {}, body={}, expected=frozenset({200, 202}))
        )
        return answer, door, asked


def problem(status: int, retry_after: str | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return told({"code": "SOME_CODE"}, status, headers)


@pytest.mark.parametrize("status", [423, 429, 503])
async def test_come_again_later_is_obeyed(status: int) -> None:
    answer, door, asked = await insisted([problem(status, "0"), problem(status, "0"), told({"status": "QUEUED"})])
    assert answer.status == 200
    assert len(asked) == 3
    assert door.tally.surprise_count == 0


async def test_overload_that_does_not_say_when_to_come_again_is_a_surprise_and_final() -> None:
    answer, door, asked = await insisted([problem(503), told({})])
    assert answer.status == 503
    assert len(asked) == 1
    assert door.tally.surprise_count == 1


async def test_a_broken_connection_is_tried_again() -> None:
    answer, door, _asked = await insisted([None, told({"status": "QUEUED"})])
    assert answer.status == 200
    assert door.tally.of_status(NO_ANSWER) == 1


async def test_nothing_is_repeated_when_no_time_is_left() -> None:
    answer, _door, asked = await insisted([problem(503, "60")])
    assert answer.status == 503
    assert len(asked) == 1


async def test_a_refusal_is_final_and_a_surprise_where_it_was_not_expected() -> None:
    answer, door, asked = await insisted([problem(409)])
    assert answer.refused
    assert answer.code == "SOME_CODE"
    assert len(asked) == 1
    assert [(each.status, each.code) for each in door.tally.surprises] == [(409, "SOME_CODE")]


@pytest.mark.parametrize(
    ("location", "outcome", "status"),
    [
        ("/api/v1/operations/o1", {"status": "SUCCEEDED", "resultStatus": 200, "result": {"status": "QUEUED"}}, 200),
        ("http://elsewhere/api/v1/operations/o1", {"status": "FAILED", "resultStatus": 409, "problem": {}}, 409),
    ],
)
async def test_an_accepted_command_is_followed_to_its_outcome(
    location: str, outcome: dict[str, Any], status: int
) -> None:
    accepted = told({}, 202, {"Location": location})
    answer, _door, asked = await insisted([accepted, told({"status": "PENDING"}), told(outcome)])
    assert answer.status == status
    assert asked[1:] == ["/consumer/api/v1/operations/o1"] * 2


async def test_an_accepted_command_without_an_operation_is_a_surprise() -> None:
    answer, door, _asked = await insisted([told({}, 202)])
    assert answer.status == 202
    assert door.tally.surprises[0].code == "NO_LOCATION"


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b"", b"\xff"])
async def test_a_page_that_is_no_json_object_breaks_nothing(content: bytes) -> None:
    answer, _door, _asked = await insisted([web.Response(body=content)])
    assert answer.status == 200
    assert answer.code == ""


async def test_a_closed_door_is_no_answer() -> None:
    clock = Clock()
    async with aiohttp.ClientSession() as session:
        door = Door(session, Tally(), clock, Random(1), clock.monotonic())
        answer = await door.insist(call("enter", "POST", "http://127.0.0.1:9/consumer/api/v1/x", {}))
    assert answer.status == NO_ANSWER
