"""What the OpenAPI document says of a route: written beside the route, so that it is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel
from starlette.responses import Response

from api_gateway.problems import CODES, MEDIA_TYPE

PUBLISHABLE: Final[list[dict[str, list[str]]]] = [{"publishableKey": []}]
CONSUMER: Final[list[dict[str, list[str]]]] = [{"publishableKey": [], "accessToken": []}]
MAYBE_CONSUMER: Final = [*PUBLISHABLE, *CONSUMER]
SECRET: Final[list[dict[str, list[str]]]] = [{"secretKey": []}]
ANYBODY: Final = [*SECRET, *CONSUMER, *PUBLISHABLE]
NOBODY: Final[list[dict[str, list[str]]]] = []

BODIES: dict[str, type[BaseModel]] = {}
"""The models of all request bodies, by the names under which the documents refer to them."""

_ANY_CALL: Final = ("INVALID_REQUEST", "INTERNAL_ERROR", "DEPENDENCY_UNAVAILABLE")
_KNOWN_CALLER: Final = ("AUTHENTICATION_REQUIRED", "INVALID_KEY", "ACCESS_DENIED", "RATE_LIMITED")
_WITH_BODY: Final = ("VALIDATION_ERROR", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")
_COMMAND: Final = ("IDEMPOTENCY_KEY_REUSED", "OVERLOADED", "NOT_FOUND", "CONFLICT")


def told(
    security: list[dict[str, list[str]]], shape: Any, *codes: str, status: int = 200,
    body: type[BaseModel] | None = None, parameters: Sequence[dict[str, Any]] = (), command: bool = False,
    media: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The arguments of a route: who may call it, what it answers, and with which codes it may refuse.

    `command` says that the call issues a command, so that any of its outcomes may also come later (202); `media` is
    the type of an answer that is no JSON.
    """
    refusals = {*_ANY_CALL, *codes, *(_KNOWN_CALLER if security else ())}
    refusals |= set(_WITH_BODY) if body is not None else set()
    refusals |= set(_COMMAND) if command else set()
    responses: dict[int | str, Any] = {status: _success(shape, media)}
    if command:
        responses[202] = _referring("Operation", "In the ledger; it will be decided.")
    if command and shape is not None:
        responses.setdefault(200, responses[status])
    responses |= _problems(refusals)
    extra: dict[str, Any] = {"security": security, "parameters": [*parameters, *(_COMMAND_HEADERS if command else ())]}
    if body is not None:
        extra["requestBody"] = _request(body)
    return {
        "status_code": status, "response_class": Response, "response_model": None, "responses": responses,
        "openapi_extra": extra,
    }  # fmt: skip


def header(name: str, description: str, **schema: object) -> dict[str, Any]:
    """A header of a request."""
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"} | schema}


def query(name: str, description: str, **schema: object) -> dict[str, Any]:
    """A query parameter."""
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


_COMMAND_HEADERS: Final = (
    header("Idempotency-Key", "The same key with the same body is the same call.", pattern=r"^[!-~]{1,255}$"),
    header("Prefer", "respond-async, or wait=N seconds (0 to 30) for the outcome."),
)
PAGES: Final = (
    query("page", "The part of the list, from 1.", type="integer", minimum=1, default=1),
    query("per_page", "How many on a page; above 1000 it is 1000.", type="integer", minimum=1, default=25),
)
SEARCH: Final = query("search", "A part of the name.", type="string", minLength=2)
ARCHIVED: Final = query("archived", "Those that were put away, instead.", type="boolean", default=False)
IF_MATCH: Final = header("If-Match", "The version that was seen, as ETag gave it.")


def sorted_by(*members: str) -> tuple[dict[str, Any], ...]:
    """The parameters that sort a list."""
    by = query("sortBy", "What to sort by.", type="string", enum=list(members), default=members[0])
    return by, query("sortDir", "Which way.", type="string", enum=["asc", "desc"], default="desc")


def _request(body: type[BaseModel]) -> dict[str, Any]:
    BODIES[body.__name__] = body
    needed = any(field.is_required() for field in body.model_fields.values())
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {"required": needed, "content": {"application/json": {"schema": schema}}}


def _success(shape: type[BaseModel] | None, media: str | None) -> dict[str, Any]:
    if media is not None:
        return {"description": "Done.", "content": {media: {}}}
    return {"description": "Done."} if shape is None else {"model": shape, "description": shape.__doc__ or "Done."}


def _referring(name: str, description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problems(codes: set[str]) -> dict[int | str, Any]:
    """One answer for each status: its description lists the codes."""
    by_status: dict[int | str, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(CODES[code][0], []).append(code)
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema}}
    return {
        status: {"description": ", ".join(named), "content": content} for status, named in sorted(by_status.items())
    }
