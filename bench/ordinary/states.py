"""What the endpoint answers: the state of a participation, the same members as the real one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

Instant = Annotated[
    datetime,
    PlainSerializer(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z", str),
]
"""An instant in UTC with milliseconds, like 2026-11-21T17:00:00.000Z."""


class Link(BaseModel):
    """One thing that the caller may do now."""

    href: str
    method: str
    title: str


class QueueState(BaseModel):
    """One consumer's place in one queue."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    participation_id: UUID
    distribution_id: UUID
    distribution_type: str = "queue"
    sequence_id: UUID
    experience_id: UUID
    consumer_id: UUID
    status: str
    entered_at: Instant
    position: int | None
    estimated_wait_time_in_seconds: int | None
    position_display_mode: str = "precise"
    pre_open: bool
    requeue_count: int = 0
    quantity: int = 1
    out_of_turn: bool = False
    state_version: int
    server_time: Instant
    poll_after_seconds: int
    links: Annotated[dict[str, Link], Field(alias="_links")]


def links(queue_id: UUID) -> dict[str, Link]:
    """What somebody who waits may do."""
    base = f"/consumer/api/v1/queues/{queue_id}"
    return {
        "self": Link(href=base, method="GET", title="This queue"),
        "status": Link(href=f"{base}/status", method="GET", title="Your place"),
        "leave": Link(href=f"{base}/leave", method="POST", title="Leave the queue"),
        "events": Link(href=f"{base}/events", method="GET", title="Live updates"),
    }


def poll_after(position: int | None) -> int:
    """Seconds to the next poll: the nearer the turn, the sooner."""
    if position is None:
        return 10
    return 2 if position <= 100 else min(30, 5 + position // 400)
