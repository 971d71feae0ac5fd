"""Facts about the order: drawn as published, and followed."""

from __future__ import annotations

from datetime import UTC, datetime

from cli.crowd.facts.evidence import Evidence, Fact, Place, fact
from domain.fairness.findings import Verdict
from domain.fairness.proof import check_order

NEVER = datetime.max.replace(tzinfo=UTC)


def order_recomputes(evidence: Evidence) -> Fact:
    """The order of those who came before the opening follows from the published proof, and is the listed one."""
    name = "The opening order recomputes from its proof"
    if evidence.launch.opens_at is None:
        return Fact(name, holds=True, detail="the queue had no opening, so that there was no order to draw")
    findings = check_order(evidence.proof, evidence.lines)
    faults = [f"{found.check}: {found.text}" for found in findings if found.verdict is not Verdict.HOLDS]
    cohort = evidence.proof.get("count")
    listed = {place.participation_id: place.ticket for place in evidence.places if place.requeues == 0}
    for line in evidence.lines:
        ticket = listed.get(str(line.get("participationId")))
        if ticket is not None and ticket != line.get("ticket"):
            faults.append(f"{line['participationId']} is listed with ticket {ticket}, proved with {line.get('ticket')}")
    return fact(name, faults, f"{cohort} people were drawn into an order that anybody can draw again")


def grants_followed_the_order(evidence: Evidence) -> Fact:
    """Nobody was granted while somebody ahead of them was still waiting."""
    ranked = sorted(evidence.places, key=lambda place: evidence.rank_of(place.ticket))
    faults: list[str] = []
    earliest, overtaker = NEVER, None
    for place in reversed(ranked):
        if earliest < (place.dequeued or NEVER) and overtaker is not None:
            faults.append(_overtaken(evidence, place, overtaker))
        if place.granted is not None and not place.out_of_turn and place.granted < earliest:
            earliest, overtaker = place.granted, place
    granted = sum(1 for place in evidence.places if place.granted is not None)
    return fact("Grants followed the order", faults, f"{granted} grants, none before an earlier one who waited")


def _overtaken(evidence: Evidence, place: Place, overtaker: Place) -> str:
    rank, other = evidence.rank_of(place.ticket), evidence.rank_of(overtaker.ticket)
    return f"rank {other} was granted at {overtaker.granted:%H:%M:%S.%f} while rank {rank} was still waiting"
