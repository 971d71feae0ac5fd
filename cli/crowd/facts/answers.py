"""Facts about answers: what must be refused was refused, what must count once did, and nothing surprised."""

from __future__ import annotations

from http import HTTPStatus

from cli.crowd.facts.evidence import Evidence, Fact, fact
from cli.crowd.story import Story
from cli.crowd.tally import NO_ANSWER

SHOWN = 3


def bad_credentials_were_refused(evidence: Evidence) -> Fact:
    """Forged, lapsed and foreign credentials opened nothing."""
    attempts = evidence.attempts
    faults = [f"{each.name} was answered {each.status} {each.code}".strip() for each in attempts if not each.refused]
    ways = len({each.name for each in attempts})
    return fact("Bad credentials were refused", faults, f"{len(attempts)} attempts in {ways} ways, all refused")


def grants_verify_offline(evidence: Evidence) -> Fact:
    """A grant can be checked with the published key set alone."""
    offline = evidence.offline
    faults = [] if offline.keys is not None else ["no key set is published"]
    faults += [f"{offline.failures} grants do not verify"] if offline.failures else []
    return fact("Grants verify with the published keys alone", faults, f"{offline.checked} were checked offline")


def purchases_count_once(evidence: Evidence) -> Fact:
    """Each completed purchase is counted once, whatever was reported how often."""
    faults = [f"one grant was used for {count} orders" for story in evidence.stories if (count := _orders(story)) > 1]
    uncertain = {story.participation_id for story in evidence.stories if _uncertain(story)}
    bought = {story.participation_id for story in evidence.stories if story.bought}
    counted = {place.participation_id for place in evidence.places if place.status == "COMPLETED"}
    own = {identity for story in evidence.stories for identity in story.answers}
    lost, extra = bought - counted, (counted & own) - bought - uncertain
    faults += [f"{len(lost)} purchases were acknowledged but are not counted"] if lost else []
    faults += [f"{len(extra)} purchases are counted that nobody reported"] if extra else []
    again = sum(len(story.completions) > 1 for story in evidence.stories)
    return fact("Each purchase counts once", faults, f"{len(bought)} purchases, {again} of them reported twice")


def nothing_unexpected_was_answered(evidence: Evidence) -> Fact:
    """No fault of the server, and no answer that is not described; overload says when to come again."""
    tally = evidence.tally
    first = tally.surprises[:SHOWN]
    shown = "; ".join(f"{each.operation} {each.status} {each.code} {each.request_id}" for each in first)
    faults = [f"{tally.surprise_count} answers were not expected: {shown}"] if tally.surprise_count else []
    unresolved = sum(story.unresolved for story in evidence.stories)
    faults += [f"{unresolved} enters never had an outcome"] if unresolved else []
    come_again, broken = tally.of_status(429, 503), tally.of_status(NO_ANSWER)
    detail = f"{tally.exchanges} requests; {come_again} were told to come again, {broken} connections broke"
    return fact("Nothing unexpected was answered", faults, detail)


def _orders(story: Story) -> int:
    return len({order for order, status, _code in story.completions if status == HTTPStatus.OK})


def _uncertain(story: Story) -> bool:
    """Some report of a purchase had no final answer, so that it may have counted."""
    return any(status in {NO_ANSWER, 202, 429, 503} for _order, status, _code in story.completions)
