"""What callers are shown of a draw: the facts of the domain, what this caller may see of them, and the links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from api_gateway.auth import SECRET
from api_gateway.http.call import Call
from api_gateway.links import draw_run, links
from domain.draw.state import Draw
from domain.draw.view import draw_facts
from domain.policy import DrawSeen, EntrantKept
from domain.times import Times, iso

IDLE_SECONDS: Final = 30
SOON_SECONDS: Final = 2
_PUBLIC: Final = (
    "id", "type", "experienceId", "sequenceId", "name", "lifecycle", "drawStatus", "paused", "pauseScope", "resumeAt",
    "openAt", "closeAt", "drawAt", "claimCloseAt", "timeZone", "supportsGuest", "winnerCount", "prizes", "alternateCount",
    "continueSelectingUntilCompleted", "onExpiry", "requeueLimit", "maxTicketsPerEntry", "maxPeoplePerEntry",
    "ticketsBy", "entriesBy", "maxQuantityPerConsumer", "admissionExpirationSeconds", "completionGraceSeconds",
    "replacesDrawId", "randomness", "beaconRound", "sealedAt", "drawnAt", "completedAt", "version",
)  # fmt: skip
_OWN: Final = frozenset({"now", "orderId", "order", "promoted", "requeueCount"})


def kept_draw(call: Call, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A draw for its organization, from the facts that a worker or a read gives."""
    place = f"/admin/api/v1/draws/{facts['id']}"
    return {**facts, "mode": call.caller.mode, "_links": links(place, SECRET, draw_run(facts))}


def draw_read(call: Call, draw: Draw, now: datetime) -> dict[str, Any]:
    """A draw for its organization, as it was read."""
    return kept_draw(call, draw_facts(draw, Times(now, now)))


def public_draw(call: Call, draw: Draw, now: datetime, participation: str = "NOT_ENTERED") -> dict[str, Any]:
    """A draw for visitors: nothing of how it is run, and how many take part only once entering has ended."""
    facts, place = draw_facts(draw, Times(now, now)), f"/consumer/api/v1/draws/{draw.id}"
    seen = links(place, call.caller.kind, seen_by(draw, participation, now))
    count = facts["entrantCount"] if draw.pool.sealed_at is not None else None
    return {name: facts[name] for name in _PUBLIC} | {"entrantCount": count, "_links": seen}


def seen_by(draw: Draw, participation: str, now: datetime) -> DrawSeen:
    """What the policy needs to know of a draw that somebody looks at."""
    return DrawSeen(
        lifecycle=draw.lifecycle(now).value, paused_scope=draw.pause.scope.value if draw.pause else None,
        drawn=draw.pool.drawn_at is not None, participation=participation,
        guests=draw.config.supports_guest and draw.allow_guests, by_themselves=draw.config.entries_by == "entrant",
    )  # fmt: skip


def own_state(actor: str, draw: Draw, facts: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Where a person stands in a draw, for that person."""
    place = f"/consumer/api/v1/draws/{draw.id}"
    told = {name: value for name, value in facts.items() if value is not None and name not in _OWN}
    common = {
        "participationId": facts["participationId"], "distributionId": draw.id, "distributionType": "draw",
        "sequenceId": draw.sequence_id, "experienceId": draw.experience_id, "paused": draw.pause is not None,
        "stateVersion": facts.get("stateVersion", 0), "serverTime": iso(now),
        "pollAfterSeconds": poll_after(draw, facts["status"], now),
    }  # fmt: skip
    shown = links(place, actor, seen_by(draw, facts["status"], now))
    shown["self"] = shown["self"] | {"href": f"{place}/status", "title": "Where you stand."}
    return {**told, **common, "_links": shown}


def poll_after(draw: Draw, status: str, now: datetime) -> int:
    """How long a client may wait before it looks again, in seconds: longer while the draw is far, shorter when it is due."""
    if status != "ENTERED":
        return IDLE_SECONDS
    if draw.pool.last is not None:
        return IDLE_SECONDS
    left = (draw.config.draw_at - now).total_seconds()
    return int(min(60, max(SOON_SECONDS, left / 4)))


def entrant(facts: Mapping[str, Any], draw_id: object) -> dict[str, Any]:
    """A participation for the organization."""
    place = f"/admin/api/v1/draws/{draw_id}/consumers/{facts['consumerId']}"
    of = {"distributionId": str(draw_id), "distributionType": "draw"}
    kept = {name: value for name, value in facts.items() if name != "now"}
    return {**of, **kept, "_links": links(place, SECRET, EntrantKept(facts["status"]))}
