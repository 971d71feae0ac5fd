"""Facts about limits: the number inside and the rate, replayed from the moments that the entries carry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cli.crowd.facts.evidence import Evidence, Fact, fact
from cli.crowd.launch import Launch, moment

SLACK = 1e-6
"""Of a grant: what floating point may lose."""
_TOLD_IN = timedelta(milliseconds=1)


def inside_stayed_within_bounds(evidence: Evidence) -> Fact:
    """The number of live grants never exceeded `maxActiveGrants`."""
    bound = evidence.launch.max_active_grants
    most = most_inside([(place.granted, place.ended) for place in evidence.places if place.granted is not None])
    faults = [f"{most} were inside at once, {bound} were allowed"] if bound is not None and most > bound else []
    return fact("Never more inside than allowed", faults, f"at most {most} at once, of {bound or 'any number'}")


def most_inside(stays: Sequence[tuple[datetime, datetime | None]]) -> int:
    """The largest number of stays (begin, end or None) at one moment; one that ends makes room for one that begins."""
    moves = [(begin, 1) for begin, _end in stays] + [(end, -1) for _begin, end in stays if end is not None]
    inside = most = 0
    for _moment, step in sorted(moves):
        inside += step
        most = max(most, inside)
    return most


def rate_stayed_within_bounds(evidence: Evidence) -> Fact:
    """Grants never outran the rate: one share for each interval since the opening, saved up to the burst."""
    granted = sorted(place.granted for place in evidence.places if place.granted is not None and not place.out_of_turn)
    opened = moment(evidence.queue.get("orderFixedAt")) or (granted[0] if granted else None)
    overdrawn = None if opened is None else first_overdraft(granted, evidence.launch, opened)
    faults = [] if overdrawn is None else [f"the rate was outrun at {overdrawn:%H:%M:%S.%f}"]
    within = most_within(granted, timedelta(seconds=1))
    detail = f"{evidence.launch.admit_rate} a minute allowed; at most {within} within one second"
    return fact("Grants never outran the rate", faults, detail)


def first_overdraft(granted: Sequence[datetime], launch: Launch, opened: datetime) -> datetime | None:
    """The first grant for which no credit was there, None when there always was; `granted` ascends.

    Credit is counted in grants: a share at the opening and at every whole interval since, at most the burst and
    the fraction of a grant that a share leaves over. Moments are told in milliseconds, so that a grant within one of a
    tick may have come before it or after; it is taken for earlier while there was credit.
    """
    most = launch.admit_burst + 1
    credit, ticks = max(launch.share, 1.0), 0
    for at in granted:
        for unsure in (-_TOLD_IN, _TOLD_IN):
            passed = max(ticks, int((at - opened + unsure) / launch.interval))
            if passed > ticks and (unsure < timedelta() or credit < 1 - SLACK):
                credit, ticks = min(most, credit + (passed - ticks) * launch.share), passed
        credit -= 1
        if credit < -SLACK:
            return at
    return None


def most_within(ascending: Sequence[datetime], window: timedelta) -> int:
    """The largest number of moments in any half-open window of this length."""
    most = first = 0
    for last, at in enumerate(ascending):
        while at - ascending[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most
