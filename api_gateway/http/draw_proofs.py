"""The proof of a draw, as published: the document, and the file that anybody can check. Both APIs serve it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api_gateway.http.answers import PUBLIC, shown
from api_gateway.http.call import Call, known_id
from api_gateway.http.proofs import NDJSON, zipped
from api_gateway.http.told import told
from api_gateway.links import link
from api_gateway.problems import problem
from domain.draw.state import Draw
from domain.fairness.draws import DrawDocument
from store.reads import draw_proofs, draws

MISSING: Final = "DRAW_NOT_FOUND"


def draw_proof_router(access: Any, security: list[dict[str, list[str]]], *, published_only: bool) -> APIRouter:
    """The routes of proofs for those whom `access` lets in; visitors see those of published draws only."""
    router = APIRouter(tags=["proofs"])

    @router.get("/draws/{draw_id}/proof", summary="Get the proof of a draw", **told(security, DrawDocument, MISSING))
    async def get_draw_proof(draw_id: str, call: Call = access) -> Response:
        """What was committed to before anybody entered; after the draw everything that its outcome follows from."""
        draw = await _provable(call, draw_id, published_only=published_only)
        place = f"{call.base}/draws/{draw.id}/proof"
        found = draw_proofs.document(draw, await draws.commitment(call.reader, draw.id)).as_json()
        links = {"self": link(place, "GET", "This object."), "file": link(f"{place}/file", "GET", "What to check.")}
        body = {**found, "fileUrl": f"{place}/file", "_links": links}
        return shown(call, body, headers={"Cache-Control": PUBLIC})

    @router.get(
        "/draws/{draw_id}/proof/file", summary="Get the file that proves a draw",
        **told(security, None, MISSING, media=NDJSON),
    )  # fmt: skip
    async def get_draw_proof_file(draw_id: str, call: Call = access) -> Response:
        """JSON lines: the document, every leaf of the log, every step since. `drumroll verify` checks it offline."""
        draw = await _provable(call, draw_id, published_only=published_only)
        lines = _lines(call, draw, await draws.commitment(call.reader, draw.id))
        headers = {"Cache-Control": PUBLIC, "X-Request-Id": str(call.request.id), "Vary": "Accept-Encoding"}
        if b"gzip" in call.request.headers.get(b"accept-encoding", b""):
            return StreamingResponse(zipped(lines), 200, headers | {"Content-Encoding": "gzip"}, NDJSON)
        return StreamingResponse(lines, 200, headers, NDJSON)

    return router


async def _provable(call: Call, draw_id: str, *, published_only: bool) -> Draw:
    found = await draws.one(call.reader, known_id(draw_id, MISSING))
    if found is None or (published_only and (not found[0].published or found[0].archived)):
        raise problem(MISSING)
    return found[0]


async def _lines(call: Call, draw: Draw, commitment: bytes) -> AsyncIterator[bytes]:
    async for some in draw_proofs.lines(call.long_reader, draw, commitment):
        yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in some)
