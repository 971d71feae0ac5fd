"""The `_links` of a participation: what this person may do with it now, from the one policy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from api_gateway.live.line import Line, Standing
from domain.policy import QueueSeen, can

PREFIX = "/consumer/api/v1"
LINKS_SECONDS = 0.1
_RELATIONS = (
    ("enter", "enter", "POST", "Join the line."),
    ("leave", "leave", "POST", "Leave the line or give the grant back."),
    ("status", "status", "GET", "Where you stand."),
    ("events", "events", "GET", "Changes as they happen."),
    ("proof", "proof", "GET", "How the order was drawn."),
)


def state_links(line: Line, standing: Standing, now: datetime) -> bytes:
    """The links as JSON."""
    unix = now.timestamp()
    if not line.tails_from <= unix < line.tails_from + LINKS_SECONDS:
        line.tails.clear()
        line.tails_from = unix
    known = line.tails.get(standing.status)
    if known is None:
        known = line.tails[standing.status] = _rendered(line.name, seen_by(line, standing, now))
    return known


def seen_by(line: Line, standing: Standing, now: datetime) -> QueueSeen:
    """What the policy needs to know."""
    config = line.config
    entries_from = config.entries_from if config else None
    return QueueSeen(
        lifecycle=line.lifecycle(now).value, paused_scope=line.pause["scope"] if line.pause else None,
        entries_open=entries_from is None or now >= entries_from, participation=standing.status,
        opened=line.opened and config is not None and config.open_at is not None,
    )  # fmt: skip


def _rendered(queue_id: str, seen: QueueSeen) -> bytes:
    base = f"{PREFIX}/queues/{queue_id}"
    links: dict[str, Any] = {"self": {"href": f"{base}/status", "method": "GET", "title": "Where you stand."}}
    for relation, path, method, title in _RELATIONS:
        if can("consumer", relation, seen):
            links[relation] = {"href": f"{base}/{path}", "method": method, "title": title}
    return orjson.dumps(links)
