"""The proof of a draw, as published: the document, and the file that anybody can check. Both APIs serve it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from api_gateway.http.answers import PUBLIC, shown
from api_gateway.http.call import Call, known_id
from api_gateway.http.proofs import NDJSON, streamed
from api_gateway.http.told import told
from api_gateway.links import link
from api_gateway.problems import problem
from api_gateway.shapes.common import Link
from domain.draw.state import Draw
from domain.fairness.draws import DrawDocument
from store.reads import draw_proofs, draws

MISSING: Final = "DRAW_NOT_FOUND"


class DrawProof(DrawDocument):
    """The document with the address of the file, for whoever checks it."""

    file_url: str
    links: dict[str, Link] = Field(alias="_links")


def draw_proof_router(access: Any, security: list[dict[str, list[str]]], *, published_only: bool) -> APIRouter:
    """The routes of proofs for those whom `access` lets in; visitors see those of draws that were ever public."""
    router = APIRouter(tags=["proofs"])

    @router.get("/draws/{draw_id}/proof", summary="Get the proof of a draw", **told(security, DrawProof, MISSING))
    async def get_draw_proof(draw_id: str, call: Call = access) -> Response:
        """What was committed to before anybody entered; after the draw everything that its outcome follows from."""
        draw = await _provable(call, draw_id, published_only=published_only)
        place = f"{call.base}/draws/{draw.id}/proof"
        found = draw_proofs.document(draw, await draws.commitment(call.reader, draw.id)).as_json()
        links = {"self": link(place, "GET", "This object."), "file": link(f"{place}/file", "GET", "What to check.")}
        links["log"] = link(f"{call.base}/draws/log", "GET", "All draws, this one among them.")
        body = {**found, "fileUrl": f"{place}/file", "_links": links}
        return shown(call, body, headers={"Cache-Control": PUBLIC})

    @router.get(
        "/draws/{draw_id}/proof/file", summary="Get the file that proves a draw",
        **told(security, None, MISSING, media=NDJSON),
    )  # fmt: skip
    async def get_draw_proof_file(draw_id: str, call: Call = access) -> Response:
        """JSON lines: the document, every leaf of the log, every step since. `drumroll verify` checks it offline."""
        draw = await _provable(call, draw_id, published_only=published_only)
        return streamed(call, _lines(call, draw, await draws.commitment(call.reader, draw.id)))

    return router


async def _provable(call: Call, draw_id: str, *, published_only: bool) -> Draw:
    found = await draws.one(call.reader, known_id(draw_id, MISSING))
    if found is None or (published_only and not _is_public(found[0])):
        raise problem(MISSING)
    return found[0]


def _is_public(draw: Draw) -> bool:
    """Once somebody has entered or the entries are frozen, nothing hides the proof, so that a void draw stays visible."""
    shown = draw.published and not draw.archived
    return shown or draw.pool.entries > 0 or draw.pool.sealed_at is not None


async def _lines(call: Call, draw: Draw, commitment: bytes) -> AsyncIterator[bytes]:
    async for some in draw_proofs.lines(call.long_reader, draw, commitment):
        yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in some)
