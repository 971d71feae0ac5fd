"""A route that answers constant bytes: what an HTTP server can do when nobody computes anything.

The number of bytes is in BENCH_CONSTANT_BYTES. `python -m bench.constant PORT` serves it as gateways are served,
`uvicorn bench.constant:app --loop uvloop --http httptools --no-access-log` as uvicorn comes.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api_gateway.connection import DOOR
from api_gateway.server import serve

_BODY = b'{"filler":"' + b"x" * max(0, int(os.environ.get("BENCH_CONSTANT_BYTES", "600")) - 13) + b'"}'


async def constant(_: Request) -> Response:
    """The same bytes for everybody."""
    return Response(_BODY, media_type="application/json")


@asynccontextmanager
async def _tuned(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    """Collect garbage as rarely as the gateway does, and let everybody in."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    yield {DOOR: lambda _: None}


app = Starlette(routes=[Route("/{path:path}", constant)], lifespan=_tuned)

if __name__ == "__main__":
    serve(app, "127.0.0.1", int(sys.argv[1]))
