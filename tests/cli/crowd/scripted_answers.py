"""How a waiting room in memory answers: JSON, and problems as the Launch API tells them."""

# ruff: noqa: D101 (because a stand-in for a server promises what the API does)

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web


class ProblemError(Exception):
    def __init__(self, status: int, code: str, retry_after: int | None = None) -> None:
        self.status, self.code, self.retry_after = status, code, retry_after


def told(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


@web.middleware
async def problems(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except ProblemError as problem:
        headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
        return told({"code": problem.code, "status": problem.status}, problem.status, headers)
    return answer
