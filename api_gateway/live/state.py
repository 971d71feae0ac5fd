"""The state object of a participation, put together from bytes that were made once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from sys import intern
from typing import Any, TypeVar
from uuid import UUID

import orjson

from api_gateway.live.line import Line, Standing
from api_gateway.live.links import state_links
from domain.ids import unix_us
from domain.times import iso

_SOON, _LATER = timedelta(minutes=5), timedelta(minutes=30)
_LEFT_OUT = frozenset(
    {
        "ticket",
        "position",
        "preOpen",
        "head",
        "now",
        "session",
        "accessTokenExpiresAt",
        "refreshTokenTtlSeconds",
        "orderId",
        "grantedAt",
    }
)
_COMMON = frozenset({"status", "reason", "quantity", "outOfTurn", "requeueCount", "stateVersion"})
Alike = TypeVar("Alike", int, bytes)


def standing_of(facts: Mapping[str, Any], as_of: int) -> Standing:
    """A participation from what a worker said of it; the queue's facts of the same answer are not part of it."""
    own, common = _parted(facts)
    return Standing(
        ticket=facts.get("ticket", -1),
        status=facts["status"], version=facts.get("stateVersion", 0), grant_id=_id(facts.get("grantId")),
        expires_at=_moment(facts.get("expiresAt")), facts=own, common=common, as_of=as_of,
    )  # fmt: skip


def standing_of_row(row: tuple[Any, ...]) -> Standing:
    """A participation from its row. A grant is named only while it lives."""
    (consumer_id, entry_id, ticket, status, version, entered_at, grant_id, _granted_at, expires_at, dequeued_at, completed_at,
     left_at, denied_at, reason, _order_id, quantity, out_of_turn, requeues, as_of) = row  # fmt: skip
    if status != "GRANTED":
        grant_id = expires_at = None
    facts = {
        "participationId": entry_id, "consumerId": consumer_id, "status": status, "enteredAt": iso(entered_at),
        "grantId": grant_id, "expiresAt": iso(expires_at), "dequeuedAt": iso(dequeued_at), "completedAt": iso(completed_at),
        "leftAt": iso(left_at), "deniedAt": iso(denied_at), "reason": reason, "quantity": quantity, "outOfTurn": out_of_turn,
        "requeueCount": requeues, "stateVersion": version,
    }  # fmt: skip
    own, common = _parted(facts)
    return Standing(ticket, intern(status), version, grant_id, expires_at, own, common, _alike(as_of))


def nobody(consumer_id: UUID, as_of: int) -> Standing:
    """Somebody who never entered."""
    facts = {"participationId": None, "consumerId": consumer_id, "status": "NOT_QUEUED", "stateVersion": 0}
    return Standing(-1, "NOT_QUEUED", 0, None, None, *_parted(facts), as_of)


def _parted(facts: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """A person's own members, the ids first, and those that many have alike; nothing null, nothing of the line."""
    own: dict[str, Any] = {"participationId": facts.get("participationId"), "consumerId": facts["consumerId"]}
    common: dict[str, Any] = {}
    for name, value in facts.items():
        if value is not None and name not in _LEFT_OUT:
            (common if name in _COMMON else own)[name] = value
    return orjson.dumps(own)[1:-1], _alike(orjson.dumps(common)[1:-1])


@lru_cache(maxsize=4096)
def _alike(value: Alike) -> Alike:
    """One object for all values that are equal."""
    return value


def state_json(line: Line, standing: Standing, now: datetime) -> bytes:
    """The whole state object as JSON."""
    extra = _place(line, standing, now) if standing.status == "QUEUED" else b""
    if standing.token:
        extra += b',"admissionGrant":"' + standing.token + b'"'
    facts, common = _turned_away(line, standing, now) or (standing.facts, standing.common)
    return b'{%b,%b%b%b,"serverTime":"%b","pollAfterSeconds":%d,"_links":%b}' % (
        facts, common, line.shared, extra, _iso(now), poll_after(line, standing, now), state_links(line, standing, now),
    )  # fmt: skip


def poll_after(line: Line, standing: Standing, now: datetime) -> int:
    """How long a client may wait before it looks again, in seconds."""
    if standing.status == "GRANTED":
        return 60
    if standing.status != "QUEUED":
        return 30
    position = line.position(standing)
    if position is None:
        opens = line.config.open_at if line.config else None
        left = (opens - now).total_seconds() if opens else 10
        return int(min(60, max(1, left / 4))) if left < 40 else 10
    return 2 if position <= 100 else min(30, 5 + position // 200)


def wait_seconds(line: Line, position: int | None) -> int | None:
    """The estimated wait: position over the measured speed of the head; the configured rate until it was measured."""
    if position is None or line.pause is not None or line.config is None:
        return None
    speed = line.speed or line.config.admit_rate / 60
    return round(position / speed)


def shared_of(line: Line) -> bytes:
    """What all states of a queue have in common."""
    common = {
        "distributionId": line.queue_id, "distributionType": "queue", "sequenceId": line.sequence_id,
        "experienceId": line.experience_id, "positionDisplayMode": line.config and line.config.position_display_mode,
        "paused": line.pause is not None, "seq": line.seq,
    }  # fmt: skip
    return b"," + orjson.dumps(common)[1:-1]


def _place(line: Line, standing: Standing, now: datetime) -> bytes:
    if line.turned_away(now) is not None:
        return b""
    position = line.position(standing)
    wait = wait_seconds(line, position)
    shown = b"null" if wait is None else b"%d" % wait
    if line.config is not None and line.config.position_display_mode == "qualitative":
        return b',"position":null,"positionBand":%b,"estimatedWaitTimeInSeconds":null,"preOpen":%b' % (
            _band(wait),
            _bool(position is None),
        )
    place = b"null" if position is None else b"%d" % position
    return b',"position":%b,"estimatedWaitTimeInSeconds":%b,"preOpen":%b' % (place, shown, _bool(position is None))


def _band(wait: int | None) -> bytes:
    if wait is None:
        return b"null"
    return b'"near"' if wait <= _SOON.total_seconds() else b'"middle"' if wait <= _LATER.total_seconds() else b'"far"'


def _turned_away(line: Line, standing: Standing, now: datetime) -> tuple[bytes, bytes] | None:
    """Whoever waits in a line that will not be served is denied, even before the row says so."""
    since = line.turned_away(now) if standing.status == "QUEUED" else None
    if since is None:
        return None
    facts = orjson.loads(b"{%b,%b}" % (standing.facts, standing.common))
    denied = {
        "status": "DENIED",
        "reason": "QUEUE_CLOSED",
        "deniedAt": iso(since),
        "stateVersion": standing.version + 1,
    }
    return _parted(facts | denied)


def _iso(now: datetime) -> bytes:
    return _iso_of(unix_us(now) // 1000)


@lru_cache(maxsize=16)  # because in a rush many look within one millisecond
def _iso_of(unix_ms: int) -> bytes:
    return (iso(datetime.fromtimestamp(unix_ms // 1000, UTC).replace(microsecond=unix_ms % 1000 * 1000)) or "").encode()


def _bool(value: bool) -> bytes:  # noqa: FBT001 (a spelling, not a switch)
    return b"true" if value else b"false"


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
