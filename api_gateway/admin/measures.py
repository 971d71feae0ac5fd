"""Counts and rates of a queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from api_gateway.http.answers import shown
from api_gateway.http.briefly import briefly_of
from api_gateway.http.call import ADMIN_READS, Call, known_id
from api_gateway.http.told import SECRET, query, told
from api_gateway.links import link
from api_gateway.problems import Problem, problem
from api_gateway.shapes.measures import QueueMeasures
from domain.calendar import GRANULARITIES, too_long
from domain.times import iso
from domain.values import Moment
from store.reads import measures, queues
from store.reads.measures import Stretch

MISSING: Final = "QUEUE_NOT_FOUND"
Reads = Annotated[Call, ADMIN_READS]
router = APIRouter(tags=["queues"])
_MOMENT: Final = TypeAdapter[datetime](Moment)
_STRETCH: Final = (
    query("from", "Those who entered from then on.", type="string", format="date-time"),
    query("to", "Those who entered before then.", type="string", format="date-time"),
    query(
        "granularity",
        "Counts each such part of the stretch too, in UTC: 90 days at most, by minutes 24 hours. Without `from` it "
        "begins when the queue was made, without `to` it ends now.",
        type="string",
        enum=list(GRANULARITIES),
    ),
)


@router.get(
    "/queues/{queue_id}/metrics", summary="See what a queue has done",
    **told(SECRET, QueueMeasures, MISSING, "INVALID_FILTER", "RANGE_TOO_LONG", parameters=_STRETCH),
)  # fmt: skip
async def get_measures(queue_id: str, call: Reads, request: Request) -> Response:
    """Counts and rates, over all who entered or over those of a stretch of time. They are counted once a second at most."""
    own_id, reader, stretch = known_id(queue_id, MISSING), call.reader, _stretch(call)
    found = await queues.one(reader, own_id)
    if found is None:
        raise problem(MISSING)
    queue, now = found
    whole = _whole(stretch, queue.created_at, now)
    counted = await briefly_of(request).read(
        ("measures", reader.tenant_id, own_id, stretch), lambda: measures.of_queue(call.long_reader, own_id, whole)
    )
    line = queue.line
    own = {
        "queueId": str(own_id), "waiting": line.waiting, "inside": line.inside, "admitRate": queue.config.admit_rate,
        "cohortSize": line.cohort if line.opened_at else None, "freshAsOf": iso(now),
        "_links": {"self": link(f"{call.base}/queues/{own_id}/metrics", "GET", "This object.")},
    }  # fmt: skip
    return shown(call, own | counted)


def _stretch(call: Call) -> Stretch:
    since, until = _moment(call, "from"), _moment(call, "to")
    if since is not None and until is not None and since > until:
        raise _refused("to", "CONFLICTING_FIELDS", "The stretch must not end before it begins.")
    named = call.query.text("granularity")
    part = next((one for one in GRANULARITIES if one == named), None)
    if part is None and named is not None:
        raise _refused("granularity", "NOT_IN_ENUM", f"The granularities are {', '.join(GRANULARITIES)}.")
    return Stretch(since, until, part)


def _whole(stretch: Stretch, made_at: datetime, now: datetime) -> Stretch:
    """The stretch with both its bounds where its parts are asked for, which are not to be too many."""
    if stretch.part is None:
        return stretch
    since, until = stretch.since or made_at, stretch.until or now
    if too_long(since, until, stretch.part):
        raise problem("RANGE_TOO_LONG", "Ask for 90 days at most, by minutes for 24 hours; name `from` and `to`.")
    return replace(stretch, since=since, until=until)


def _moment(call: Call, name: str) -> datetime | None:
    sent = call.query.text(name)
    try:
        return None if sent is None else _MOMENT.validate_python(sent)
    except ValidationError:
        message = "Give a date as ISO 8601 with Z or an offset, such as 2026-11-21T17:00:00Z."
        raise _refused(name, "INVALID_TIMESTAMP", message) from None


def _refused(name: str, code: str, message: str) -> Problem:
    return problem("INVALID_FILTER", message, errors=({"path": f"query:{name}", "code": code, "message": message},))
