"""Facts about places in the line: one for everybody who entered, kept, and passed on when it is free."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from cli.crowd.facts.evidence import Evidence, Fact, fact
from cli.crowd.story import GRANTED, WAITING, Story

NOTHING_PENDING = "Counts and entries agree, and nothing is pending"

ROUNDING = timedelta(milliseconds=2)
"""The Admin API tells moments in whole milliseconds."""


def one_place_for_every_enter(evidence: Evidence) -> Fact:
    """Every accepted enter has exactly one place, and there is no place that nobody asked for."""
    told = [story for story in evidence.stories if story.answers]
    missing = [story for story in told if story.participation_id not in evidence.by_id]
    faults = [f"a person was told of place {story.participation_id}, which is not there" for story in missing]
    holders = Counter(place.consumer_id for place in evidence.places)
    faults += [f"person {holder} holds {count} places" for holder, count in holders.items() if count > 1]
    known = {identity for story in told for identity in story.answers}
    unasked = [place for place in evidence.places if place.participation_id not in known]
    unresolved = sum(story.unresolved for story in evidence.stories)
    if evidence.launch.fresh and len(unasked) > unresolved:
        faults.append(f"{len(unasked)} places belong to nobody of the crowd, {unresolved} enters had no answer")
    if evidence.launch.fresh and len(evidence.by_id) != len(evidence.places):
        faults.append(f"the list names {len(evidence.places) - len(evidence.by_id)} places twice")
    detail = f"{len(told)} enters were accepted, and each has its place among {len(evidence.places)}"
    return fact("Every accepted enter has exactly one place", faults, detail)


def pressing_twice_is_one_place(evidence: Evidence) -> Fact:
    """Whoever presses enter twice is one person with one place."""
    twice = [story for story in evidence.stories if story.presses > 1 and story.answers]
    faults = [f"one person was given {_numbered(story)}" for story in twice if not _is_one(story)]
    answered = sum(len(story.answers) for story in twice)
    detail = f"{len(twice)} people pressed twice; {answered} answers, one place each"
    return fact("Pressing twice is one place", faults, detail)


def positions_never_got_worse(evidence: Evidence) -> Fact:
    """Nobody's position ever got worse within one wait."""
    falls = [fall for story in evidence.stories for fall in story.fell_back]
    looks = sum(story.positions for story in evidence.stories)
    faults = [f"somebody fell from {before} to {after}" for before, after in falls]
    return fact("No position ever got worse", faults, f"{looks} positions were told")


def no_shows_made_way(evidence: Evidence) -> Fact:
    """A grant that nobody used ended after its grace, not before, and the line was served on."""
    absent = [story for story in evidence.stories if story.did_not_come]
    found = [evidence.by_id[story.participation_id] for story in absent if story.participation_id in evidence.by_id]
    granted = [place for place in found if place.granted is not None]
    full_time = timedelta(seconds=evidence.launch.grant_seconds + evidence.launch.grace_seconds)
    faults, lives = [], []
    for place in granted:
        ended = place.denied
        if place.granted is None or ended is None or place.reason != "ADMISSION_EXPIRED":
            faults.append(f"place {place.participation_id} did not lapse: it is {place.status} {place.reason}".strip())
            continue
        lives.append((ended - place.granted).total_seconds())
        if ended - place.granted < full_time - ROUNDING:
            faults.append(f"place {place.participation_id} lapsed after {lives[-1]:.3f} s")
    if evidence.launch.requeues:
        faults = []
    if evidence.launch.fresh and evidence.counted(WAITING):
        faults.append(f"{evidence.counted(WAITING)} still wait")
    longest = f", after {min(lives):.1f} to {max(lives):.1f} s" if lives else ""
    detail = f"{len(granted)} of {len(absent)} who stayed away had their turn; it lapsed{longest}, and the line went on"
    return fact("Who does not come makes way for the next", faults, detail)


def nothing_is_pending(evidence: Evidence) -> Fact:
    """The counts say what the entries say, and a launch of the crowd's own was served to its end."""
    pending = evidence.counted(WAITING, GRANTED)
    if pending and not evidence.launch.fresh:
        return Fact(NOTHING_PENDING, holds=True, detail=f"{pending} others wait or are inside, and move the counts")
    counts = {"waitingCount": WAITING, "activeGrants": GRANTED, "completedCount": "COMPLETED"}
    faults = [
        f"{member} is {evidence.queue.get(member)}, but {evidence.counted(status)} entries are {status}"
        for member, status in counts.items()
        if evidence.queue.get(member) != evidence.counted(status)
    ]
    if pending:
        faults.append(f"{pending} people are still waiting or inside")
    statuses = Counter(place.status for place in evidence.places)
    shown = ", ".join(f"{status} {count}" for status, count in sorted(statuses.items()))
    return fact(NOTHING_PENDING, faults, shown or "nobody came")


def _is_one(story: Story) -> bool:
    return len(set(story.answers)) == 1 and len(story.consumers) == 1


def _numbered(story: Story) -> str:
    return f"{len(set(story.answers))} places as {len(story.consumers)} people: {', '.join(story.answers)}"
