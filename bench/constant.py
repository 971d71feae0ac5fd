"""A route that answers constant bytes: what this HTTP server can do when nobody computes anything.

Run like the gateway, with the number of bytes in BENCH_CONSTANT_BYTES:
`uvicorn bench.constant:app --loop uvloop --http httptools --no-access-log`.
"""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_BODY = b'{"filler":"' + b"x" * max(0, int(os.environ.get("BENCH_CONSTANT_BYTES", "600")) - 13) + b'"}'


async def constant(_: Request) -> Response:
    """The same bytes for everybody."""
    return Response(_BODY, media_type="application/json")


app = Starlette(routes=[Route("/{path:path}", constant)])
