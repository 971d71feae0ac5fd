"""The log of all draws of an organization, as published: the document, and the file to check. Both APIs serve it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from api_gateway.http.answers import PUBLIC, shown
from api_gateway.http.call import Call
from api_gateway.http.proofs import NDJSON, streamed
from api_gateway.http.told import told
from api_gateway.links import link
from api_gateway.shapes.common import Link
from domain.fairness.record import RecordDocument
from store.reads import draw_record


class Record(RecordDocument):
    """The document with the address of the file, for whoever checks it."""

    file_url: str
    links: dict[str, Link] = Field(alias="_links")


def draw_record_router(access: Any, security: list[dict[str, list[str]]]) -> APIRouter:
    """The routes of the log for those whom `access` lets in. They stand before those of single draws.

    Nothing is left out of it for visitors: a draw that could be made unseen could be made twice.
    """
    router = APIRouter(tags=["proofs"])

    @router.get("/draws/log", summary="Get the log of all draws", **told(security, Record))
    async def get_draw_log(call: Call = access) -> Response:
        """How many lines the log of all draws has, hidden and archived ones included, and the hash of the last."""
        place = f"{call.base}/draws/log"
        found = (await draw_record.document(call.reader)).as_json()
        links = {"self": link(place, "GET", "This object."), "file": link(f"{place}/file", "GET", "What to check.")}
        body = {**found, "fileUrl": f"{place}/file", "_links": links}
        return shown(call, body, headers={"Cache-Control": PUBLIC})

    @router.get("/draws/log/file", summary="Get the file of all draws", **told(security, None, media=NDJSON))
    async def get_draw_log_file(call: Call = access) -> Response:
        """JSON lines: the document, a line for whatever happened to a draw, the end. `drumroll verify` checks it offline."""
        return streamed(call, _lines(call, await draw_record.document(call.reader)))

    return router


async def _lines(call: Call, document: RecordDocument) -> AsyncIterator[bytes]:
    async for some in draw_record.lines(call.long_reader, document):
        yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in some)
