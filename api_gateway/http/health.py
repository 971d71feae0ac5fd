"""What those who run the gateway ask of it: is it alive, is it ready, what does it measure, which keys sign."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api_gateway.context import Gateway
from api_gateway.http.documents import problem_page
from api_gateway.problems import CODES, problem
from store.reads import ledger

PATIENCE_SECONDS = 1.0


def health_routes() -> list[Route]:
    """The routes that no API owns."""
    return [
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/.well-known/jwks.json", key_set),
        Route("/problems/{code}", explained),
    ]


async def livez(_: Request) -> Response:
    """Alive: this process answers."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Ready: the store answers and the keys that sign are known. Otherwise 503, with what is missing."""
    gateway: Gateway = request.app.state.gateway
    missing = [name for name, found in (await _looked(gateway)).items() if not found]
    status = "ready" if not missing else "not ready"
    return JSONResponse({"status": status, "missing": missing}, 503 if missing else 200)


async def metrics(_: Request) -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def key_set(request: Request) -> Response:
    """The key set (RFC 7517) for checks without us."""
    gateway: Gateway = request.app.state.gateway
    published: dict[str, Any] = await gateway.guard.key_set()
    if not published["keys"]:
        raise problem("DEPENDENCY_UNAVAILABLE", "No key is known yet.", retry_after=1)
    return JSONResponse(published, headers={"Cache-Control": "public, max-age=3600"})


async def explained(request: Request) -> Response:
    """What a problem's code means, for people."""
    code = request.path_params["code"]
    if code not in CODES:
        raise problem("NOT_FOUND")
    return problem_page(code, *CODES[code])


async def _looked(gateway: Gateway) -> dict[str, bool]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), gateway.pool.connection() as connection:
            await ledger.answers(connection)
    except (psycopg.Error, OSError, TimeoutError):
        return {"postgres": False, "signing keys": gateway.guard.ready}
    await gateway.guard.key_set()
    return {"postgres": True, "signing keys": gateway.guard.ready}
