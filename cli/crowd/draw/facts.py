"""What must be true of a draw, each checked against what the entrants saw and what the server lists and publishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from cli.crowd.draw.evidence import DrawEvidence
from cli.crowd.draw.story import COMPLETED, DENIED, LEFT, WON, EntrantStory
from cli.crowd.facts.evidence import Fact, fact
from domain.fairness import Verdict
from domain.fairness.draws import UnreadableProofError


def one_entry_for_everybody(evidence: DrawEvidence) -> Fact:
    """Everybody who entered, however often they pressed, has exactly one entry, and there is none that nobody asked for."""
    entrants = evidence.entrants
    faults = [f"one person was told of {len(set(each.answers))} entries" for each in entrants if not _is_one(each)]
    missing = [each for each in entrants if each.participation_id not in evidence.by_id]
    faults += [f"a person was told of entry {each.participation_id}, which is not there" for each in missing]
    holders = Counter(entry.consumer_id for entry in evidence.entries)
    faults += [f"person {holder} has {count} entries" for holder, count in holders.items() if count > 1]
    unasked = evidence.by_id.keys() - {each.participation_id for each in entrants}
    unresolved = sum(story.unresolved for story in evidence.stories)
    if len(unasked) > unresolved:
        faults.append(f"{len(unasked)} entries belong to nobody of the crowd, {unresolved} enters had no answer")
    twice = sum(each.whim.presses > 1 for each in entrants)
    detail = f"{len(entrants)} entered, {twice} pressed twice, and each has one entry among {len(evidence.entries)}"
    return fact("Everybody who entered the draw has one entry", faults, detail)


def all_places_were_won(evidence: DrawEvidence) -> Fact:
    """As many places were won as there were, or everybody won who fitted."""
    replay = evidence.replay
    first = [entry for entry in evidence.entries if entry.won and not entry.promoted]
    taken = sum(entry.people for entry in first)
    faults = [f"{taken} places were won, there were {replay.places}"] if taken > replay.places else []
    left_over = replay.passed_by(entry.participation_id for entry in first)
    faults += [f"{entry} did not win, although places were free" for entry in left_over]
    detail = f"{taken} of {replay.places} places went to {len(first)} of {len(replay.in_order)} entries"
    return fact("As many won as there were places", faults, detail)


def draw_recomputes(evidence: DrawEvidence) -> Fact:
    """The proof file holds against what was committed to before anybody could enter."""
    checked = evidence.checked
    if isinstance(checked, UnreadableProofError):
        return Fact("The draw recomputes from its proof", holds=False, detail=f"the file cannot be read: {checked}")
    faults = [f"{found.check}: {found.text}" for found in checked.findings if found.verdict is not Verdict.HOLDS]
    detail = f"{len(checked.findings)} checks, {checked.statement.tickets} tickets drawn into an order"
    return fact("The draw recomputes from its proof", faults, detail)


def winners_follow_the_order(evidence: DrawEvidence) -> Fact:
    """Whoever is listed as a winner comes first in the published order, or was promoted by a line of it."""
    replay = evidence.replay
    first = {entry.participation_id for entry in evidence.entries if entry.won and not entry.promoted}
    later = {entry.participation_id for entry in evidence.entries if entry.promoted}
    faults = [f"{entry} is listed as a winner, but not proved" for entry in sorted(first - set(replay.first))]
    faults += [f"{entry} is proved as a winner, but not listed" for entry in sorted(set(replay.first) - first)]
    faults += [f"{entry} is promoted here and not there" for entry in sorted(later ^ replay.promoted)]
    detail = f"{len(first)} won and {len(later)} were promoted, as the published order says"
    return fact("Winners follow the published order", faults, detail)


def who_declines_makes_way(evidence: DrawEvidence) -> Fact:
    """A win that was given back went to the next, as long as there was one who fitted."""
    replay = evidence.replay
    declined = [story.participation_id for story in evidence.entrants if story.declined]
    faults = [f"{entry} declined, but the proof does not say so" for entry in declined if entry not in replay.returned]
    waiting = replay.passed_by(replay.holders, ever=replay.returned)
    faults += [f"{entry} could have had a place that is free" for entry in waiting]
    detail = f"{len(declined)} gave their win back, {len(replay.promoted)} were promoted"
    return fact("Who declines makes way for the next", faults, detail)


def people_were_told_what_is_proved(evidence: DrawEvidence) -> Fact:
    """What everybody was told in the end is what follows from the proof."""
    faults = [
        f"{each.participation_id} was told {each.status}, but the proof makes it {' or '.join(sorted(proved))}"
        for each in evidence.entrants
        if each.status not in (proved := _proved(each, evidence))
    ]
    unresolved = sum(story.unresolved for story in evidence.stories)
    faults += [f"{unresolved} enters never had an outcome"] if unresolved else []
    told = Counter(each.status for each in evidence.entrants)
    shown = ", ".join(f"{status} {count}" for status, count in sorted(told.items()))
    return fact("People were told what the proof says", faults, shown or "nobody entered")


def households_win_once(evidence: DrawEvidence) -> Fact:
    """Of those with the same household only one could win."""
    several = Counter(each.whim.household for each in evidence.entrants if each.whim.household)
    winners = Counter(each.whim.household for each in evidence.entrants if each.whim.household and each.won)
    faults = [f"{household} won {count} times" for household, count in winners.items() if count > 1]
    detail = f"{sum(several.values())} entries of {len(several)} households, {len(winners)} of which won"
    return fact("A household wins once", faults, detail)


def winners_grants_verify(evidence: DrawEvidence) -> Fact:
    """A winner's grant can be checked with the published key set alone."""
    offline = evidence.offline
    faults = [] if offline.keys is not None else ["no key set is published"]
    faults += [f"{offline.failures} grants do not verify"] if offline.failures else []
    return fact("Grants of winners verify with the published keys", faults, f"{offline.checked} were checked offline")


def draw_is_over(evidence: DrawEvidence) -> Fact:
    """Each completed purchase counts once, the counts say what the entries say, and nothing is pending."""
    draw, completed = evidence.draw, evidence.listed(COMPLETED)
    counts = {"completedCount": sum(entry.people for entry in completed), "activeGrants": len(evidence.listed(WON))}
    faults = [
        f"{member} is {draw.get(member)}, the entries make it {count}"
        for member, count in counts.items()
        if draw.get(member) != count
    ]
    bought = {each.participation_id for each in evidence.entrants if each.status == COMPLETED}
    lost = len(bought ^ {entry.participation_id for entry in completed})
    faults += [f"{lost} purchases were acknowledged or counted, but not both"] if lost else []
    if draw.get("drawStatus") != "completed":
        faults.append(f"the draw is {draw.get('drawStatus')}, {counts['activeGrants']} grants are live")
    statuses = Counter(entry.status for entry in evidence.entries)
    shown = ", ".join(f"{status} {count}" for status, count in sorted(statuses.items()))
    return fact("The draw is over, and its counts agree", faults, shown or "nobody entered")


CHECKS: tuple[Callable[[DrawEvidence], Fact], ...] = (
    one_entry_for_everybody,
    all_places_were_won,
    draw_recomputes,
    winners_follow_the_order,
    households_win_once,
    who_declines_makes_way,
    people_were_told_what_is_proved,
    winners_grants_verify,
    draw_is_over,
)


def check_facts(evidence: DrawEvidence) -> list[Fact]:
    """All facts of a draw, in the order in which it happens."""
    return [holds(evidence) for holds in CHECKS]


def _is_one(story: EntrantStory) -> bool:
    return len(set(story.answers)) == 1 and len(story.consumers) == 1


def _proved(story: EntrantStory, evidence: DrawEvidence) -> frozenset[str]:
    """The statuses that may have been told last to somebody, by the proof."""
    entry, replay = story.participation_id, evidence.replay
    if entry in replay.gone or entry in replay.returned:
        return frozenset({LEFT})
    return frozenset({WON, COMPLETED} if entry in replay.holders else {DENIED})
