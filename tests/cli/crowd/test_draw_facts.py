"""Every fact of a draw holds of one that was held well, and fails of one in which exactly its promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import KeySet, OKPKey

from cli.crowd.draw.evidence import DrawEntry, DrawEvidence, draw_entries
from cli.crowd.draw.facts import CHECKS, check_facts
from cli.crowd.draw.replay import Replay, replayed
from cli.crowd.draw.story import EntrantStory, standing_in
from cli.crowd.draw.whims import Whim
from cli.crowd.shop import OfflineCheck
from domain.fairness.draws import check_draw, steps
from tests.support.draw_proofs import PlayedDraw, played_draw

Change = Callable[[DrawEvidence], DrawEvidence]


def held() -> PlayedDraw:
    """Nine enter for three places: a group, a household of two, one who leaves, and one who gives a win back."""
    draw = PlayedDraw({"winnerCount": 3, "onExpiry": "deny"})
    people = [
        draw.enter(1 + number % 2, 1 + (number == 4), "quay" if number in {1, 2} else None) for number in range(9)
    ]
    draw.out_before(people[8])
    draw.seal()
    draw.draw()
    draw.decline(draw.winners[0].participation_id)
    draw.close(steps.CompletedAll())
    return draw


def make_story(entry: str, status: str, *, won: bool = False, household: str = "", presses: int = 1) -> EntrantStory:
    story = EntrantStory(Whim(household=household, presses=presses), pressed=True, won=won)
    for _ in range(presses):
        story.entered(standing_in({"status": status, "participationId": entry, "consumerId": f"c{entry}"}))
    return story


def good() -> DrawEvidence:
    """Everybody was told and is listed as the proof says, and every holder has bought."""
    lines = held().lines()
    replay = replayed(lines)
    ever = {*replay.first, *replay.promoted}
    entered = [line for line in lines if line.get("leaf") == "enter"]
    stories, listed = [], []
    for line in entered:
        entry, status = line["participationId"], proved(line["participationId"], replay)
        household = "quay" if line["duplicateKey"] else ""
        presses = 1 + (entry == entered[0]["participationId"])
        stories.append(make_story(entry, status, won=entry in ever, household=household, presses=presses))
        told = {"participationId": entry, "consumerId": f"c{entry}", "status": status, "people": line["people"]}
        moments = {"wonAt": "2026-11-21T17:00:00Z" if entry in ever else None, "promoted": entry in replay.promoted}
        listed.append(told | moments)
    taken = sum(map(replay.need, replay.holders))
    draw = {"drawStatus": "completed", "completedCount": taken, "activeGrants": 0}
    offline = OfflineCheck(KeySet([OKPKey.generate_key("Ed25519")]))
    return DrawEvidence(stories, draw, draw_entries(listed), lines, offline)


def proved(entry: str, replay: Replay) -> str:
    if entry in replay.gone | replay.returned:
        return "LEFT"
    return "COMPLETED" if entry in replay.holders else "DENIED"


def with_entries(change: Callable[[DrawEntry], DrawEntry]) -> Change:
    return lambda evidence: replace(evidence, entries=[change(entry) for entry in evidence.entries])


def with_stories(change: Callable[[EntrantStory], EntrantStory]) -> Change:
    return lambda evidence: replace(evidence, stories=[change(story) for story in evidence.stories])


def with_draw(**members: Any) -> Change:
    return lambda evidence: replace(evidence, draw={**evidence.draw, **members})


def without_line(which: Callable[[dict[str, Any]], bool]) -> Change:
    return lambda evidence: replace(evidence, lines=[line for line in evidence.lines if not which(dict(line))])


def nobody_promoted(entry: DrawEntry) -> DrawEntry:
    return replace(entry, won=entry.won and not entry.promoted, promoted=False)


def is_promotion(line: dict[str, Any]) -> bool:
    return line.get("step", {}).get("type") == "PROMOTED"


def told(status: str, by: str) -> Callable[[EntrantStory], EntrantStory]:
    """Whoever was told `by` was told `status` instead."""
    return lambda story: make_story(story.participation_id, status) if story.status == by else story


LIES: list[tuple[str, Change]] = [
    ("Everybody who entered the draw has one entry", lambda e: replace(e, entries=e.entries[1:])),
    ("Everybody who entered the draw has one entry", lambda e: replace(e, stories=e.stories[1:])),
    (
        "Everybody who entered the draw has one entry",
        with_stories(lambda story: replace(story, answers=[*story.answers, "another"])),
    ),
    ("Everybody who entered the draw has one entry", with_entries(lambda entry: replace(entry, consumer_id="c"))),
    ("As many won as there were places", with_entries(lambda entry: replace(entry, won=False))),
    ("As many won as there were places", with_entries(lambda entry: replace(entry, won=True, promoted=False))),
    ("The draw recomputes from its proof", without_line(lambda line: line.get("leaf") == "leave")),
    ("The draw recomputes from its proof", lambda e: replace(e, lines=e.lines[:-1])),
    ("The draw recomputes from its proof", lambda e: replace(e, lines=[])),
    ("Winners follow the published order", with_entries(nobody_promoted)),
    ("Winners follow the published order", with_entries(lambda entry: replace(entry, won=not entry.won))),
    ("A household wins once", with_stories(lambda story: replace(story, won=True))),
    ("Who declines makes way for the next", without_line(is_promotion)),
    (
        "Who declines makes way for the next",
        with_stories(lambda story: make_story(story.participation_id, "LEFT", won=True)),
    ),
    ("People were told what the proof says", with_stories(told("DENIED", by="COMPLETED"))),
    ("People were told what the proof says", with_stories(told("COMPLETED", by="DENIED"))),
    ("People were told what the proof says", with_stories(told("ENTERED", by="DENIED"))),
    (
        "People were told what the proof says",
        lambda e: replace(e, stories=[*e.stories, EntrantStory(Whim(), pressed=True)]),
    ),
    ("Grants of winners verify with the published keys", lambda e: replace(e, offline=OfflineCheck(None))),
    (
        "Grants of winners verify with the published keys",
        lambda e: replace(e, offline=OfflineCheck(e.offline.keys, failures=1)),
    ),
    ("The draw is over, and its counts agree", with_draw(completedCount=9)),
    ("The draw is over, and its counts agree", with_draw(activeGrants=1)),
    ("The draw is over, and its counts agree", with_draw(drawStatus="drawn")),
    ("The draw is over, and its counts agree", with_stories(told("WON", by="COMPLETED"))),
]


def failed(evidence: DrawEvidence) -> set[str]:
    return {fact.name for fact in check_facts(evidence) if not fact.holds}


def test_every_fact_holds_of_a_draw_that_was_held_well() -> None:
    facts = check_facts(good())
    assert [fact.detail for fact in facts if not fact.holds] == []
    assert len(facts) == len(CHECKS) == len({fact.name for fact in facts})


@pytest.mark.parametrize(("name", "change"), LIES)
def test_a_broken_promise_fails_its_own_fact(name: str, change: Change) -> None:
    assert name in failed(change(good()))


def test_every_fact_can_fail() -> None:
    assert {name for name, _change in LIES} == {fact.name for fact in check_facts(good())}


def test_an_enter_without_an_answer_may_have_an_entry() -> None:
    unheard = replace(good(), stories=[*good().stories[1:], EntrantStory(Whim(), pressed=True)])
    assert "Everybody who entered the draw has one entry" not in failed(unheard)


def test_the_plain_way_names_as_many_winners_as_the_check_counts() -> None:
    lines = played_draw(onExpiry="deny").lines()
    statement, replay = check_draw(lines).statement, replayed(lines)
    assert len(replay.first) == statement.winners
    assert sum(map(replay.need, replay.first)) == statement.taken
    assert len(replay.holders) == statement.holding
    assert len(replay.gone) == statement.left + statement.denied


def test_a_draw_that_has_not_taken_place_names_nobody() -> None:
    draw = PlayedDraw()
    draw.enter()
    assert (replayed(draw.lines()).first, replayed([]).holders) == ([], set())


def test_who_looks_again_is_not_told_less() -> None:
    story = EntrantStory(Whim())
    looks = [("ENTERED", 1, None), ("ENTERED", 1, 3), ("WON", 2, None), ("ENTERED", 1, 2), ("LEFT", 3, None)]
    for status, version, place in looks:
        story.see(standing_in({"status": status, "stateVersion": version, "alternatePosition": place}))
    assert (story.status, story.was_alternate, story.won, story.declined) == ("LEFT", True, True, True)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        ({"status": "ENTERED"}, True),
        ({"status": "WON"}, True),
        ({"status": "WON", "admissionGrant": "g"}, False),
        ({"status": "DENIED"}, False),
    ],
)
def test_who_has_won_looks_until_the_grant_is_there(state: dict[str, str], *, waits: bool) -> None:
    story = EntrantStory(Whim())
    assert not story.waits
    story.see(standing_in(state))
    assert story.waits is waits
