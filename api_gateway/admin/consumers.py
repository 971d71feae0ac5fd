"""People, as the organization knows them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.http.answers import shown
from api_gateway.http.call import ADMIN_READS, Call, known_id
from api_gateway.http.told import SECRET, told
from api_gateway.problems import problem
from api_gateway.shapes.people import KeptConsumer
from api_gateway.views import kept_consumer
from domain.people.view import consumer_facts
from store.reads import people

MISSING: Final = "CONSUMER_NOT_FOUND"
router = APIRouter(tags=["people"])


@router.get(
    "/consumers/{consumer_id}", summary="Get a person", **told(SECRET, KeptConsumer, MISSING)
)  # fmt: skip
async def get_consumer(consumer_id: str, call: Annotated[Call, ADMIN_READS]) -> Response:
    """A person with what they say of themselves; nobody is there who was forgotten."""
    found = await people.one(call.reader, known_id(consumer_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return shown(call, kept_consumer(call, consumer_facts(*found)))
