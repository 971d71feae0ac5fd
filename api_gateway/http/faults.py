"""What goes wrong in a cold route, as a problem: refusals, unknown paths, stores that do not answer, and our own faults."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api_gateway.http.bodies import DisconnectedError
from api_gateway.http.call import raw_request
from api_gateway.problems import Problem, problem, problem_response
from store.database import AWAY

CLIENT_CLOSED = 499
"""Counted for a caller who went away before the request was whole; nobody is there to read it."""
log = structlog.get_logger("gateway")


def tell_faults(app: FastAPI) -> None:
    """Let this application answer every fault as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _request)
    for kind in AWAY:
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(DisconnectedError, _gone)
    app.add_exception_handler(Exception, broken)


def broken(request: Request, failure: Exception) -> Response:
    """500 with a reference, under which the log tells the rest."""
    own_id = _id(request)
    log.error("request.broken", request=str(own_id), path=request.url.path, exc_info=failure)
    return _answer(request, problem("INTERNAL_ERROR", f"Reference: {own_id}."))


def _problem(request: Request, wrong: Exception) -> Response:
    if not isinstance(wrong, Problem):
        return broken(request, wrong)
    return _answer(request, wrong)


def _http(request: Request, wrong: Exception) -> Response:
    """Paths and methods that do not exist are all the same: there is nothing."""
    status = wrong.status_code if isinstance(wrong, HTTPException) else HTTPStatus.NOT_FOUND
    missing = status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    told = problem("NOT_FOUND" if missing else "INVALID_REQUEST")
    return _answer(request, told)


def _request(request: Request, wrong: Exception) -> Response:
    if not isinstance(wrong, (RequestValidationError, ValidationError)):
        return broken(request, wrong)
    errors = [
        {"path": _place(error["loc"]), "code": "WRONG_TYPE", "message": str(error["msg"])} for error in wrong.errors()
    ]
    return _answer(request, problem("INVALID_REQUEST", errors[0]["message"], errors=errors))


def _away(request: Request, failure: Exception) -> Response:
    log.warning("store.away", request=str(_id(request)), error=type(failure).__name__)
    away = problem("DEPENDENCY_UNAVAILABLE", "The store does not answer right now.", retry_after=1)
    return _answer(request, away)


def _gone(_: Request, __: Exception) -> Response:
    return Response(None, CLIENT_CLOSED)


def _answer(request: Request, wrong: Problem) -> Response:
    """A problem, with the address of this gateway's own settings."""
    return problem_response(wrong, _id(request), request.app.state.gateway.settings.issuer)


def _id(request: Request) -> UUID:
    return raw_request(request).id


def _place(place: tuple[int | str, ...]) -> str:
    """Where a wrong value stands, as `query:name` and `header:Name` or a JSON Pointer."""
    where, *names = (str(part) for part in place)
    return f"{where}:{names[0]}" if where in {"query", "header", "path"} and names else "/" + "/".join(names)
