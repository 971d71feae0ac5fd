"""The transaction of one entry, statement by statement, as one would write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bench.ordinary.callers import Caller, NotAuthenticatedError
from bench.ordinary.states import QueueState, links, poll_after

_TENANT = text("SELECT set_config('ordinary.tenant', :tenant, true)")
_PRESENT = text("""
    SELECT s.revoked_at, q.id AS queue_id, q.sequence_id, q.experience_id, q.open_at, q.head,
           q.admit_rate, p.id, p.ticket, p.status, p.entered_at, p.state_version,
           clock_timestamp() AS now
    FROM session s
    LEFT JOIN queue q ON q.tenant_id = s.tenant_id AND q.id = :queue_id
    LEFT JOIN participation p ON p.tenant_id = s.tenant_id AND p.queue_id = :queue_id
         AND p.consumer_id = :consumer_id AND p.status IN ('QUEUED', 'GRANTED')
    WHERE s.tenant_id = :tenant_id AND s.id = :session_id
""")
_TAKE_TICKET = text("""
    UPDATE queue SET last_ticket = last_ticket + 1, waiting = waiting + 1
    WHERE tenant_id = :tenant_id AND id = :queue_id
      AND NOT ended AND NOT paused AND (supports_guest OR NOT :is_guest)
      AND clock_timestamp() >= coalesce(entry_open_at, open_at, '-infinity')
      AND clock_timestamp() < coalesce(close_at, 'infinity')
      AND (capacity IS NULL OR waiting < capacity)
    RETURNING last_ticket AS ticket, head, clock_timestamp() AS now
""")
_WHY_NOT = text("""
    SELECT CASE WHEN ended OR clock_timestamp() >= close_at THEN 'QUEUE_CLOSED'
                WHEN paused THEN 'DISTRIBUTION_PAUSED'
                WHEN clock_timestamp() < coalesce(entry_open_at, open_at) THEN 'QUEUE_NOT_OPEN'
                WHEN NOT supports_guest AND :is_guest THEN 'GUEST_NOT_ALLOWED'
                ELSE 'QUEUE_FULL' END
    FROM queue WHERE tenant_id = :tenant_id AND id = :queue_id
""")
_PLACE = text("""
    WITH placed AS (
        INSERT INTO participation (tenant_id, id, queue_id, consumer_id, ticket, entered_at)
        VALUES (:tenant_id, :command_id, :queue_id, :consumer_id, :ticket, :now)
    )
    INSERT INTO outcome (tenant_id, command_id, status, body)
    VALUES (:tenant_id, :command_id, :status, :body)
""")
_KEEP = text("""
    INSERT INTO outcome (tenant_id, command_id, status, body)
    VALUES (:tenant_id, :command_id, :status, :body)
""")

STATUS_OF = {
    "NOT_FOUND": 404,
    "QUEUE_CLOSED": 409,
    "DISTRIBUTION_PAUSED": 409,
    "QUEUE_NOT_OPEN": 423,
    "GUEST_NOT_ALLOWED": 403,
    "QUEUE_FULL": 409,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided: a status, the body as JSON, and words for the log line."""

    status: int
    body: bytes
    outcome: str
    position: int | None = None


async def enter(engine: AsyncEngine, caller: Caller, queue_id: UUID, command_id: UUID) -> Answer:
    """Enter the caller, or answer with the place the caller already has.

    Two first entries of one consumer at once meet at the unique index; the later one then finds the
    place of the earlier one.
    """
    try:
        return await _enter_once(engine, caller, queue_id, command_id)
    except IntegrityError:
        return await _enter_once(engine, caller, queue_id, command_id)


async def _enter_once(engine: AsyncEngine, caller: Caller, queue_id: UUID, command_id: UUID) -> Answer:
    names: dict[str, Any] = {
        "tenant_id": caller.tenant_id,
        "queue_id": queue_id,
        "consumer_id": caller.consumer_id,
        "session_id": caller.session_id,
        "is_guest": caller.is_guest,
        "command_id": command_id,
    }
    async with engine.begin() as connection:
        await connection.execute(_TENANT, {"tenant": str(caller.tenant_id)})
        answer, place = await _decide(connection, names)
        names |= place | {"status": answer.status, "body": answer.body}
        await connection.execute(_PLACE if place else _KEEP, names)
    return answer


async def _decide(connection: AsyncConnection, names: dict[str, Any]) -> tuple[Answer, dict[str, Any]]:
    """The answer, and the ticket and instant of a new place (empty when there is none to write).

    The lock on the queue is taken by the last statement before the place is written, because nobody
    else enters this queue from then on until the commit.
    """
    present = (await connection.execute(_PRESENT, names)).first()
    if present is None or present.revoked_at is not None:
        raise NotAuthenticatedError
    if present.queue_id is None:
        return _refused("NOT_FOUND"), {}
    known = present._asdict()
    if present.id is not None:
        return _placed(names, known, "queue.present"), {}
    taken = (await connection.execute(_TAKE_TICKET, names)).first()
    if taken is None:
        return _refused((await connection.execute(_WHY_NOT, names)).scalar_one()), {}
    known |= taken._asdict()
    known |= {
        "id": names["command_id"],
        "status": "QUEUED",
        "entered_at": taken.now,
        "state_version": 1,
    }
    return _placed(names, known, "queue.entered"), {"ticket": taken.ticket, "now": taken.now}


def _refused(code: str) -> Answer:
    status = STATUS_OF[code]
    body = f'{{"type":"about:blank","title":"{code}","status":{status},"code":"{code}"}}'
    return Answer(status, body.encode(), code)


def _placed(names: dict[str, Any], known: dict[str, Any], outcome: str) -> Answer:
    pre_open = known["open_at"] is not None and known["now"] < known["open_at"]
    position = None if pre_open else max(1, known["ticket"] - known["head"] + 1)
    state = QueueState(
        participation_id=known["id"],
        distribution_id=names["queue_id"],
        sequence_id=known["sequence_id"],
        experience_id=known["experience_id"],
        consumer_id=names["consumer_id"],
        status=known["status"],
        entered_at=known["entered_at"],
        position=position,
        estimated_wait_time_in_seconds=position and position * 60 // known["admit_rate"],
        pre_open=pre_open,
        state_version=known["state_version"],
        server_time=known["now"],
        poll_after_seconds=poll_after(position),
        links=links(names["queue_id"]),
    )
    return Answer(200, state.model_dump_json(by_alias=True, exclude_none=True).encode(), outcome, position)
