"""What a person, an organization and a verifier may see of a draw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.decision import Reply
from domain.draw.config import Prize
from domain.draw.journey import NEVER
from domain.draw.state import Draw, DrawStatus, Entry, Status
from domain.fairness.draws import BeaconChain, DrawRules, PublishedPrize
from domain.fairness.quicknet import CHAIN_HASH
from domain.settings import actor_facts
from domain.times import Times, iso


def published_rules(draw: Draw) -> DrawRules:
    """The rules that are committed to before anybody enters; no times, because those may move."""
    config = draw.config
    return DrawRules(
        kind="draw",
        winner_count=config.winner_count,
        alternate_count=config.alternate_count,
        backfill=config.continue_selecting_until_completed,
        on_expiry=config.on_expiry,
        requeue_limit=config.requeue_limit,
        max_tickets_per_entry=config.max_tickets_per_entry,
        max_people_per_entry=config.max_people_per_entry,
        prizes=None if config.prizes is None else tuple(map(_published, config.prizes)),
        beacon=BeaconChain(chain_hash=CHAIN_HASH) if config.mixes_in_beacon else None,
    )


def _published(prize: Prize) -> PublishedPrize:
    return PublishedPrize(name=prize.name, places=prize.places)


def entry_facts(entry: Entry) -> dict[str, Any]:
    """One participation as it is told and kept: what does not depend on the others. A grant is named only while it lives."""
    live = entry.status is Status.WON
    return {
        "participationId": entry.id,
        "consumerId": entry.consumer_id,
        "status": entry.status.value,
        "entrantNumber": entry.number + 1,
        "tickets": entry.tickets,
        "people": entry.people,
        "preferences": None if entry.preferences is None else list(entry.preferences),
        "prize": entry.prize,
        "enteredAt": iso(entry.entered_at),
        "grantId": entry.grant_id if live else None,
        "wonAt": iso(entry.granted_at),
        "expiresAt": iso(entry.expires_at) if live else None,
        "rank": entry.rank,
        "promoted": entry.promoted,
        "completedAt": iso(entry.completed_at),
        "leftAt": iso(entry.left_at),
        "deniedAt": iso(entry.denied_at),
        "reason": entry.reason,
        "orderId": entry.order_id,
        "quantity": entry.quantity,
        "requeueCount": entry.requeues,
        "stateVersion": entry.version,
    }


def fate(draw: Draw, entry: Entry, rank: int | None) -> dict[str, Any]:
    """What became of somebody who is still ENTERED in the store, from the draw and the rank: nobody writes losers' rows.

    `rank` is None where it is not known yet. Position 1 is the next to be promoted; where there are prizes nobody has one,
    because who is next is another for each prize.
    """
    pool = draw.pool
    if entry.status is not Status.ENTERED:
        return {}
    if draw.ended is not None:
        return _denied(entry, "DRAW_CLOSED", iso(draw.ended.at))
    if pool.completed_at is not None:
        return _denied(entry, "NOT_SELECTED", iso(pool.completed_at))
    if pool.last is not None and not draw.config.continue_selecting_until_completed:
        return _denied(entry, "NOT_SELECTED", iso(pool.drawn_at))
    if pool.last is None or rank is None or draw.config.prizes is not None:
        return {"alternatePosition": None}
    if entry.behind is not None:
        return {"alternatePosition": max(pool.last - pool.reached, 0) + 1}
    if rank >= pool.last:
        return _denied(entry, "NOT_SELECTED", iso(pool.drawn_at))
    return {"alternatePosition": max(1, rank - pool.reached + 1)}


def _denied(entry: Entry, reason: str, at: str | None) -> dict[str, Any]:
    return {"status": "DENIED", "reason": reason, "deniedAt": at, "stateVersion": entry.version + 1}


def reply_of(draw: Draw, entry: Entry, times: Times) -> Reply:
    """The state of a participation as this decision leaves it."""
    return Reply(entry_facts(entry) | fate(draw, entry, None) | {"now": iso(times.now)})


def absent_facts(consumer_id: UUID) -> dict[str, Any]:
    """The state of somebody who never entered, as it is told."""
    return {"participationId": None, "consumerId": consumer_id, "status": NEVER}


def absent_reply(draw: Draw, consumer_id: UUID, times: Times) -> Reply:
    """The state of somebody who never entered."""
    return Reply(absent_facts(consumer_id) | {"now": iso(times.now)})


def draw_facts(draw: Draw, times: Times) -> dict[str, Any]:
    """The draw as its organization sees it, with its counts."""
    pool, pause, ended = draw.pool, draw.pause, draw.ended
    return draw.config.model_dump(mode="json", by_alias=True) | {
        "id": draw.id,
        "organizationId": draw.organization_id,
        "experienceId": draw.experience_id,
        "sequenceId": draw.sequence_id,
        "type": "draw",
        "openAt": iso(draw.config.open_at),
        "closeAt": iso(draw.config.closes_at),
        "drawAt": iso(draw.config.draw_at),
        "claimCloseAt": iso(draw.config.claims_end_at),
        "lifecycle": draw.lifecycle(times.now).value,
        "drawStatus": draw.status.value,
        "beaconRound": pool.beacon_round,
        "waitingFor": pool.waiting_for if draw.status is DrawStatus.SEALED else None,
        "paused": pause is not None,
        "pauseScope": pause.scope.value if pause else None,
        "resumeAt": iso(pause.resume_at) if pause else None,
        "statusOverride": "ended" if ended else "paused" if pause else None,
        "statusOverrideAt": iso(ended.at if ended else pause.since if pause else None),
        "statusOverrideBy": actor_facts(by) if (by := ended.by if ended else pause.by if pause else None) else None,
        "statusOverrideReason": ended.reason if ended else pause.reason if pause else None,
        "teardownStatus": _teardown(draw),
        "sealedAt": iso(pool.sealed_at),
        "drawnAt": iso(pool.drawn_at),
        "completedAt": iso(pool.completed_at),
        "enteredCount": pool.entered,
        "entrantCount": pool.entered if pool.sealed_at is None else pool.frozen,
        "winnersSelected": pool.winners,
        "activeGrants": pool.inside,
        "completedCount": pool.completed,
        "version": draw.version,
        "archived": draw.archived,
        "createdAt": iso(draw.created_at),
        "createdBy": actor_facts(draw.created_by),
        "updatedAt": iso(draw.updated_at),
        "updatedBy": actor_facts(draw.updated_by) if draw.updated_by else None,
    }


def _teardown(draw: Draw) -> str | None:
    """Whether a draw that is over is done with: grants of one that was ended are taken back bit by bit."""
    if draw.status not in {DrawStatus.VOID, DrawStatus.COMPLETED}:
        return None
    return "pending" if draw.clearing else "completed"
