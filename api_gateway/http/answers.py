"""How the outcome of a call becomes an answer: 200, 201, 202, 204, or the problem of a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from api_gateway.context import Accepted, Answer
from api_gateway.http.call import Call
from api_gateway.http.versions import etag
from api_gateway.links import link
from api_gateway.refusals import problem_of
from domain.times import iso

Render = Callable[[dict[str, Any], dict[str, Any]], Mapping[str, Any]]
PRIVATE: Final = "private, no-store"
PUBLIC: Final = "public, max-age=5"


def shown(
    call: Call, body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a body, and where the caller stands with its limits."""
    said = {"Content-Type": "application/json", "Cache-Control": PRIVATE, "X-Request-Id": str(call.request.id)}
    said |= call.limits.headers() | etag(body.get("version")) | dict(headers or {})
    return Response(orjson.dumps(body), status, said)


def respond(
    call: Call, answer: Answer, render: Render, *, place: str = "", empty: bool = False,
    shown_once: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """The answer to a command. `place` is the path under which a new object is found, `empty` asks for 204.

    `shown_once` is what the gateway made for this caller alone: a 202 tells it, because the journal keeps none of it and
    the operation cannot. A refusal is raised as its problem.
    """
    call.limits = answer.limits
    applied = call.asked.applied if call.asked is not None else ""
    headers = {"Preference-Applied": applied} if applied else {}
    if isinstance(answer, Accepted):
        return _accepted(call, answer, headers, shown_once or {})
    if "refused" in answer.stored:
        refused = problem_of(answer.stored["refused"])
        refused.headers |= answer.limits.headers() | _replayed(answer.stored)
        raise refused
    headers |= _replayed(answer.stored)
    if empty:
        return Response(None, HTTPStatus.NO_CONTENT, headers | answer.limits.headers() | _identified(call))
    body = render(answer.stored["body"], answer.secrets)
    created = bool(answer.stored.get("created"))
    if created and place:
        headers["Location"] = f"{call.base}{place}/{body['id']}"
    return shown(call, body, status=HTTPStatus.CREATED if created else HTTPStatus.OK, headers=headers)


def as_operation(call: Call, answer: Answer) -> Response:
    """The answer to a command whose outcome is an operation, also where it is decided already. A refusal is raised."""
    if isinstance(answer, Accepted) or "refused" in answer.stored or call.asked is None:
        return respond(call, answer, lambda facts, _: facts)
    now = iso(call.gateway.clock.now())
    body = operation(
        call, call.asked.command_id, answer.stored["type"], "SUCCEEDED", createdAt=now, finishedAt=now, resultStatus=204
    )
    call.limits = answer.limits
    where = {"Location": body["_links"]["self"]["href"]} | _replayed(answer.stored)
    where |= {"Preference-Applied": call.asked.applied} if call.asked.applied else {}
    return shown(call, body, status=HTTPStatus.ACCEPTED, headers=where)


def operation(call: Call, operation_id: object, kind: str, status: str, **more: object) -> dict[str, Any]:
    """An operation as it is shown."""
    where = f"{call.base}/operations/{operation_id}"
    known = {"id": str(operation_id), "type": kind, "status": status} | more
    return known | {"_links": {"self": link(where, "GET", "How it stands.")}}


def _accepted(call: Call, answer: Accepted, headers: dict[str, str], shown_once: Mapping[str, str]) -> Response:
    body = operation(call, answer.command_id, answer.type, "PENDING", createdAt=iso(answer.at), **shown_once)
    where = {"Location": body["_links"]["self"]["href"], "Retry-After": "1"}
    return shown(call, body, status=HTTPStatus.ACCEPTED, headers=headers | where)


def _replayed(stored: Mapping[str, Any]) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if stored.get("replayed") else {}


def _identified(call: Call) -> dict[str, str]:
    return {"Cache-Control": PRIVATE, "X-Request-Id": str(call.request.id)}
