"""The proof of a queue's order, as published: the document and the entries. Both APIs serve it under the same paths."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter
from pydantic import Field, JsonValue
from starlette.responses import Response, StreamingResponse

from api_gateway.http.answers import PUBLIC, shown
from api_gateway.http.call import Call, known_id
from api_gateway.http.told import told
from api_gateway.links import link
from api_gateway.problems import problem
from api_gateway.shapes.common import Link
from domain.fairness import ProofDocument
from domain.queue.state import Queue
from store.reads import proofs, queues

MISSING: Final = "QUEUE_NOT_FOUND"
NDJSON: Final = "application/x-ndjson"
_GZIP: Final = 16 + zlib.MAX_WBITS


class Proof(ProofDocument):
    """A proof with the address of its entries, for whoever checks it."""

    entries_url: str | None
    links: dict[str, Link] = Field(alias="_links")


def proof_router(access: Any, security: list[dict[str, list[str]]], *, published_only: bool) -> APIRouter:
    """The routes of proofs for those whom `access` lets in; visitors see those of published queues only."""
    router = APIRouter(tags=["proofs"])

    @router.get("/queues/{queue_id}/proof", summary="Get the proof of an order", **told(security, Proof, MISSING))
    async def get_proof(queue_id: str, call: Call = access) -> Response:
        """What was committed to before anybody entered; after the opening everything that the order follows from."""
        queue = await _provable(call, queue_id, published_only=published_only)
        document: dict[str, JsonValue] = (await proofs.document(call.reader, queue)).model_dump(
            mode="json", by_alias=True
        )
        place = f"{call.base}/queues/{queue.id}/proof"
        document["entriesUrl"] = f"{place}/entries" if queue.line.opened_at else None
        own = link(place, "GET", "This object.")
        return shown(call, document | {"_links": {"self": own}}, headers={"Cache-Control": PUBLIC})

    @router.get(
        "/queues/{queue_id}/proof/entries", summary="Get the entries that were ordered",
        **told(security, None, MISSING, media=NDJSON),
    )  # fmt: skip
    async def get_entries(queue_id: str, call: Call = access) -> Response:
        """One line of JSON for each entry of the cohort, in order of tickets: it names participations, not people."""
        queue = await _provable(call, queue_id, published_only=published_only)
        if queue.line.opened_at is None:
            raise problem("NOT_FOUND", "The order of this queue is not drawn yet.")
        cohort = proofs.Cohort(queue.id, queue.line.cohort, bytes(queue.line.seed))
        return streamed(call, _lines(call, cohort))

    return router


async def _provable(call: Call, queue_id: str, *, published_only: bool) -> Queue:
    found: tuple[Queue, datetime] | None = await queues.one(call.reader, known_id(queue_id, MISSING))
    if found is None or (published_only and (not found[0].published or found[0].archived)):
        raise problem(MISSING)
    if found[0].config.open_at is None:
        raise problem(
            "NOT_FOUND", "This queue has no openAt: nobody waits for an opening, so there is no order to prove."
        )
    return found[0]


async def _lines(call: Call, cohort: proofs.Cohort) -> AsyncIterator[bytes]:
    async for some in proofs.entries(call.long_reader, cohort):
        yield b"".join(orjson.dumps(entry.as_json(), option=orjson.OPT_APPEND_NEWLINE) for entry in some)


def streamed(call: Call, lines: AsyncIterator[bytes]) -> Response:
    """The answer whose body are these lines of JSON, packed for whoever takes that."""
    headers = {"Cache-Control": PUBLIC, "X-Request-Id": str(call.request.id), "Vary": "Accept-Encoding"}
    if b"gzip" in call.request.headers.get(b"accept-encoding", b""):
        return StreamingResponse(zipped(lines), 200, headers | {"Content-Encoding": "gzip"}, NDJSON)
    return StreamingResponse(lines, 200, headers, NDJSON)


async def zipped(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The parts as one gzip stream."""
    squeezing = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    async for part in parts:
        if done := squeezing.compress(part):
            yield done
    yield squeezing.flush()
