"""What a person, an organization and a verifier may see of a queue."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.decision import Reply
from domain.distribution.state import Lifecycle
from domain.queue.state import Entry, Queue, Status
from domain.settings import actor_facts
from domain.times import Times, iso


def published_rules(queue: Queue) -> dict[str, str | int]:
    """The rules that are committed to before anybody enters; no times, because those may move."""
    return {"onExpiry": queue.config.on_expiry, "requeueLimit": queue.config.requeue_limit}


def entry_facts(entry: Entry) -> dict[str, Any]:
    """One participation as it is told and kept: what does not depend on the others in the line.

    A grant is named only while it lives.
    """
    live = entry.status is Status.GRANTED
    return {
        "participationId": entry.id,
        "consumerId": entry.consumer_id,
        "status": entry.status.value,
        "ticket": entry.ticket,
        "enteredAt": iso(entry.entered_at),
        "grantId": entry.grant_id if live else None,
        "grantedAt": iso(entry.granted_at),
        "expiresAt": iso(entry.expires_at) if live else None,
        "dequeuedAt": iso(entry.dequeued_at),
        "completedAt": iso(entry.completed_at),
        "leftAt": iso(entry.left_at),
        "deniedAt": iso(entry.denied_at),
        "reason": entry.reason,
        "orderId": entry.order_id,
        "quantity": entry.quantity,
        "outOfTurn": entry.out_of_turn,
        "requeueCount": entry.requeues,
        "stateVersion": entry.version,
    }


def reply_of(queue: Queue, entry: Entry, times: Times) -> Reply:
    """The state of a participation, with its place in the line as this decision leaves it."""
    body = entry_facts(entry)
    if entry.status is Status.QUEUED:
        body |= place(queue, entry)
    return Reply(body | {"now": iso(times.now)})


def place(queue: Queue, entry: Entry) -> dict[str, Any]:
    """Position 1 is next; there is none before the opening has drawn the order."""
    line = queue.line
    if line.opened_at is None:
        return {"position": None, "preOpen": True, "head": 0}
    return {"position": max(1, line.rank_of(entry.ticket) - line.head + 1), "preOpen": False, "head": line.head}


def absent_reply(queue: Queue, consumer_id: UUID, times: Times) -> Reply:
    """The state of somebody who never entered."""
    return Reply({"participationId": None, "consumerId": consumer_id, "status": "NOT_QUEUED", "now": iso(times.now)})


def queue_facts(queue: Queue, times: Times) -> dict[str, Any]:
    """The queue as its organization sees it, with its counts."""
    line, pause, ended = queue.line, queue.pause, queue.ended
    return queue.config.model_dump(mode="json", by_alias=True) | {
        "id": queue.id,
        "organizationId": queue.organization_id,
        "experienceId": queue.experience_id,
        "sequenceId": queue.sequence_id,
        "type": "queue",
        "entryOpenAt": iso(queue.config.entries_from),
        "openAt": iso(queue.config.open_at),
        "closeAt": iso(queue.config.close_at),
        "serviceCloseAt": iso(queue.config.service_close_at),
        "lifecycle": queue.lifecycle(times.now).value,
        "paused": pause is not None,
        "pauseScope": pause.scope.value if pause else None,
        "resumeAt": iso(pause.resume_at) if pause else None,
        "statusOverride": "ended" if ended else "paused" if pause else None,
        "statusOverrideAt": iso(ended.at if ended else pause.since if pause else None),
        "statusOverrideBy": actor_facts(by) if (by := ended.by if ended else pause.by if pause else None) else None,
        "statusOverrideReason": ended.reason if ended else pause.reason if pause else None,
        "teardownStatus": _teardown(queue, times),
        "orderFixedAt": iso(line.opened_at),
        "cohortSize": line.cohort if line.opened_at else None,
        "waitingCount": line.waiting,
        "activeGrants": line.inside,
        "admittedCount": line.admitted,
        "completedCount": line.completed,
        "version": queue.version,
        "archived": queue.archived,
        "createdAt": iso(queue.created_at),
        "createdBy": actor_facts(queue.created_by),
        "updatedAt": iso(queue.updated_at),
        "updatedBy": actor_facts(queue.updated_by) if queue.updated_by else None,
    }


def _teardown(queue: Queue, times: Times) -> str | None:
    """Whether a closed queue is done with: people of one that was ended are turned away bit by bit."""
    if queue.lifecycle(times.now) is not Lifecycle.CLOSED:
        return None
    return "pending" if queue.clearing else "completed"
