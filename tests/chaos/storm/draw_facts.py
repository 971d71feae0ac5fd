"""What must hold of the draws of a storm beside what holds of queues."""

from tests.chaos.storm import redraw
from tests.chaos.storm.evidence import Evidence


def mistold(evidence: Evidence) -> list[str]:
    """What entrants were told of themselves when they looked, and was never so; the last look is when all is over."""
    where = {own_id: replay for replay in evidence.draw_replays.values() for own_id in replay.places}
    found = [
        f"{look.participation} was told {look.status} at version {look.version}"
        for look in dict.fromkeys(evidence.looks)
        if look.participation not in where or not where[look.participation].told_rightly(look)
    ]
    last = {look.participation: look.status for look in evidence.looks}
    return found + [
        f"{own_id} was told {status} at the end, and is {where[own_id].ended_as(own_id)}"
        for own_id, status in last.items() if own_id in where and status != where[own_id].ended_as(own_id)
    ]  # fmt: skip


def redrawn(evidence: Evidence) -> list[str]:
    """Draws that come out otherwise when their commands are decided once more, by the rules alone."""
    pages, found = evidence.pages_of("draw"), list[str]()
    for row in evidence.draws:
        again = redraw.redrawn(row, pages.get(row.id, ()), evidence.calls)
        found += redraw.differences(row, [one for one in evidence.entrants if one.draw_id == row.id], again)
    return found


def mistimed_draws(evidence: Evidence, punctual_seconds: float) -> list[str]:
    """Draws that were frozen or drawn early, twice or too late, and wins that lapsed early or too late."""
    found = list[str]()
    for draw_id, replay in evidence.draw_replays.items():
        found += replay.findings.untimely
        late_by = [*replay.delays, *(("a win lapsed", late) for late in replay.lapses)]
        found += [f"draw {draw_id}: {what} {late:.1f} s late" for what, late in late_by if late > punctual_seconds]
    return found


def unlike_draws(evidence: Evidence) -> list[str]:
    """Draws whose row counts otherwise than their journal."""
    replays, found = evidence.draw_replays, list[str]()
    for row in evidence.draws:
        counts = (row.entered, row.taken, row.winners, row.inside, row.completed)
        told = replays[row.id].counts if row.id in replays else None
        if told != counts:
            found.append(f"draw {row.id} says {counts}, its journal {told}")
    return found
