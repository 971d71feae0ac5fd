"""The ordinary service: one FastAPI application, one route that counts."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import orjson
import structlog
from fastapi import Depends, FastAPI, Header, Request, Response
from prometheus_client import Counter, Histogram, generate_latest
from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bench.ordinary.callers import Caller, Callers, NotAuthenticatedError
from bench.ordinary.entering import enter
from bench.ordinary.limits import Budget, Limits, TooManyError
from bench.ordinary.settings import Settings

ENTERS = Counter("ordinary_enters_total", "Entries by outcome", ["outcome"])
SECONDS = Histogram("ordinary_enter_seconds", "Seconds from request to commit")
PROBLEM = "application/problem+json"

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(serializer=orjson.dumps),
    ],
    logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
    cache_logger_on_first_use=True,
)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What the process holds open."""

    engine: AsyncEngine
    callers: Callers
    limits: Limits


class EnterBody(BaseModel):
    """The optional body of an entry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variantId: UUID | None = None  # noqa: N815 - the name on the wire
    quantity: int = 1


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the pools, close them at the end."""
    settings = Settings()
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_reset_on_return=None,  # every use is one engine.begin(), which has ended its transaction
    )
    redis = Redis.from_url(settings.redis_url)
    app.state.parts = Parts(engine, Callers(engine, settings), Limits(redis, settings))
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)  # requests leave hardly any cycles behind, so looking for them is lost time
    yield
    await redis.aclose()
    await engine.dispose()


app = FastAPI(lifespan=lifespan, openapi_url=None)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request whose caller is known and within limits."""

    parts: Parts
    caller: Caller
    budget: Budget


async def admitted(
    request: Request,
    x_publishable_key: Annotated[str | None, Header()] = None,
    authorization: Annotated[str | None, Header()] = None,
) -> Admitted:
    """Who is asking, and one call of the three limits.

    A coroutine although it could be three smaller functions, because a plain function as a dependency
    costs a trip through the thread pool.
    """
    parts: Parts = request.app.state.parts
    caller = await parts.callers.recognise(x_publishable_key, authorization)
    budget = await parts.limits.spend(caller, request.client.host if request.client else "")
    return Admitted(parts, caller, budget)


@app.post("/consumer/api/v1/queues/{queue_id}/enter")
async def enter_queue(
    queue_id: UUID,
    admitted: Annotated[Admitted, Depends(admitted)],
    _: EnterBody | None = None,
    x_request_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Take a place in the queue."""
    started = time.perf_counter()
    request_id = x_request_id or os.urandom(16).hex()
    command_id = UUID(bytes=hashlib.sha256(request_id.encode()).digest()[:16])
    answer = await enter(admitted.parts.engine, admitted.caller, queue_id, command_id)
    took = time.perf_counter() - started
    ENTERS.labels(answer.outcome).inc()
    SECONDS.observe(took)
    log.info(
        answer.outcome,
        tenant=str(admitted.caller.tenant_id),
        queue=str(queue_id),
        consumer=str(admitted.caller.consumer_id),
        request_id=request_id,
        position=answer.position,
        took_ms=round(took * 1000, 1),
    )
    headers = admitted.budget.headers | {"X-Request-Id": request_id, "Cache-Control": "private, no-store"}
    media_type = "application/json" if answer.status == 200 else PROBLEM
    return Response(answer.body, answer.status, headers, media_type)


@app.get("/metrics")
async def metrics() -> Response:
    """Counters and histogram in Prometheus' text form."""
    return Response(generate_latest(), media_type="text/plain")


@app.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@app.exception_handler(NotAuthenticatedError)
async def not_authenticated(_: Request, __: Exception) -> Response:
    """401 without a reason, because a reason helps only whoever guesses."""
    body = b'{"type":"about:blank","title":"UNAUTHENTICATED","status":401,"code":"UNAUTHENTICATED"}'
    return Response(body, 401, {"WWW-Authenticate": "Bearer"}, PROBLEM)


@app.exception_handler(TooManyError)
async def too_many(_: Request, error: TooManyError) -> Response:
    """429 with the time to wait."""
    body = b'{"type":"about:blank","title":"RATE_LIMITED","status":429,"code":"RATE_LIMITED"}'
    return Response(body, 429, {"Retry-After": str(error.retry_after)}, PROBLEM)
