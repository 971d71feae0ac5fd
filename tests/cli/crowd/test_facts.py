"""Every fact holds of a good history, and fails of a history in which exactly its promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import KeySet, OKPKey

from cli.crowd.facts import CHECKS, Evidence, check
from cli.crowd.facts.evidence import Place
from cli.crowd.facts.limits import first_overdraft, most_inside, most_within
from cli.crowd.forger import Attempt
from cli.crowd.launch import Launch
from cli.crowd.shop import OfflineCheck
from cli.crowd.story import Story
from cli.crowd.tally import Surprise, Tally

OPENED = datetime(2026, 11, 21, 17, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def make_launch(**changes: Any) -> Launch:
    launch = Launch(
        queue_id="q",
        fresh=True,
        opens_at=None,
        opens_on_watch=None,
        admit_rate=60,
        interval=timedelta(seconds=1),
        admit_burst=1.0,
        max_active_grants=2,
        grant_seconds=5,
        grace_seconds=1,
        requeues=False,
    )
    return replace(launch, **changes)


def make_place(ticket: int, **changes: Any) -> Place:
    """A place granted as many seconds after the opening as its ticket says, and bought half a second later."""
    granted = at(ticket)
    place = Place(
        participation_id=f"p{ticket}",
        consumer_id=f"c{ticket}",
        status="COMPLETED",
        reason="",
        ticket=ticket,
        requeues=0,
        out_of_turn=False,
        granted=granted,
        dequeued=granted,
        completed=at(ticket + 0.5),
        left=None,
        denied=None,
    )
    return replace(place, **changes)


def make_story(ticket: int, **changes: Any) -> Story:
    story = Story(pressed=True, presses=1, answers=[f"p{ticket}"], consumers={f"c{ticket}"}, was_granted=True)
    story.completions = [(f"o{ticket}", 200, "")]
    for name, value in changes.items():
        setattr(story, name, value)
    return story


def lapsed(ticket: int, after: float = 6.0) -> Place:
    denied = at(ticket + after)
    return make_place(ticket, status="DENIED", reason="ADMISSION_EXPIRED", completed=None, denied=denied)


def good() -> Evidence:
    """Three people: one bought, one pressed twice and bought, one did not come."""
    stories = [
        make_story(0),
        make_story(1, presses=2, answers=["p1", "p1"]),
        make_story(2, did_not_come=True, completions=[]),
    ]
    places = [make_place(0), make_place(1), lapsed(2)]
    queue = {"waitingCount": 0, "activeGrants": 0, "completedCount": 2, "orderFixedAt": "2026-11-21T17:00:00.000Z"}
    attempts = [Attempt("gibberish", 401, "INVALID_TOKEN", refused=True)]
    offline = OfflineCheck(KeySet([OKPKey.generate_key("Ed25519")]))
    return Evidence(make_launch(), stories, places, queue, {}, [], Tally(), attempts, offline)


def with_place(index: int, place: Place) -> Callable[[Evidence], Evidence]:
    def change(evidence: Evidence) -> Evidence:
        places = list(evidence.places)
        places[index : index + 1] = [place]
        return replace(evidence, places=places)

    return change


def with_story(index: int, story: Story) -> Callable[[Evidence], Evidence]:
    def change(evidence: Evidence) -> Evidence:
        stories = list(evidence.stories)
        stories[index] = story
        return replace(evidence, stories=stories)

    return change


def surprised(evidence: Evidence) -> Evidence:
    evidence.tally.surprise(Surprise("poll", 500, "INTERNAL_ERROR", "r"))
    return evidence


def failed(evidence: Evidence) -> set[str]:
    return {fact.name for fact in check(evidence) if not fact.holds}


def test_every_fact_holds_of_a_good_history() -> None:
    facts = check(good())
    assert [fact.detail for fact in facts if not fact.holds] == []
    assert len(facts) == len(CHECKS) == len({fact.name for fact in facts})


LIES: list[tuple[str, Callable[[Evidence], Evidence]]] = [
    (
        "Every accepted enter has exactly one place",
        lambda e: replace(e, stories=[*e.stories, make_story(9, completions=[])]),
    ),
    ("Every accepted enter has exactly one place", with_place(3, lapsed(3))),
    ("Every accepted enter has exactly one place", with_place(2, replace(lapsed(2), consumer_id="c0"))),
    ("Pressing twice is one place", with_story(1, make_story(1, presses=2, answers=["p1", "p2"]))),
    (
        "Pressing twice is one place",
        with_story(1, make_story(1, presses=2, answers=["p1", "p1"], consumers={"a", "b"})),
    ),
    ("The opening order recomputes from its proof", lambda e: replace(e, launch=make_launch(opens_at=OPENED))),
    ("Grants followed the order", with_place(0, make_place(0, granted=at(1.4), dequeued=at(1.4), completed=at(1.5)))),
    ("Never more inside than allowed", lambda e: replace(e, launch=make_launch(max_active_grants=0))),
    ("Grants never outran the rate", with_place(1, make_place(1, granted=at(0), dequeued=at(0), completed=at(0.1)))),
    ("No position ever got worse", with_story(0, make_story(0, fell_back=[(3, 4)]))),
    ("Bad credentials were refused", lambda e: replace(e, attempts=[Attempt("none", 200, "", refused=False)])),
    ("Grants verify with the published keys alone", lambda e: replace(e, offline=OfflineCheck(None))),
    (
        "Grants verify with the published keys alone",
        lambda e: replace(e, offline=OfflineCheck(e.offline.keys, failures=1)),
    ),
    ("Each purchase counts once", with_story(0, make_story(0, completions=[("a", 200, ""), ("b", 200, "")]))),
    ("Each purchase counts once", with_story(0, make_story(0, completions=[]))),
    ("Who does not come makes way for the next", with_place(2, lapsed(2, after=5.9))),
    ("Nothing unexpected was answered", surprised),
    ("Nothing unexpected was answered", lambda e: replace(e, stories=[*e.stories, Story(pressed=True)])),
    ("Counts and entries agree, and nothing is pending", lambda e: replace(e, queue={**e.queue, "completedCount": 3})),
    ("Counts and entries agree, and nothing is pending", lambda e: replace(e, queue={**e.queue, "activeGrants": 1})),
]


@pytest.mark.parametrize(("name", "change"), LIES)
def test_a_broken_promise_fails_its_own_fact(name: str, change: Callable[[Evidence], Evidence]) -> None:
    assert name in failed(change(good()))


def test_every_fact_can_fail() -> None:
    assert {name for name, _change in LIES} == {fact.name for fact in check(good())}


def test_people_of_others_are_no_finding_in_a_queue_of_others() -> None:
    visited = replace(good(), launch=make_launch(fresh=False))
    waiting = make_place(8, status="QUEUED", granted=None, dequeued=None, completed=None)
    assert failed(with_place(3, waiting)(visited)) == set()


def test_an_enter_without_an_answer_may_have_a_place() -> None:
    unheard = replace(good(), stories=[*good().stories, Story(pressed=True)])
    assert "Every accepted enter has exactly one place" not in failed(with_place(3, lapsed(3))(unheard))


def test_a_purchase_without_an_answer_may_have_counted() -> None:
    assert "Each purchase counts once" not in failed(with_story(0, make_story(0, completions=[("o", 0, "")]))(good()))


def test_one_who_leaves_makes_room_at_the_same_moment() -> None:
    assert most_inside([(at(0), at(1)), (at(1), at(2)), (at(1.5), None)]) == 2


def test_a_window_counts_what_lies_within_it() -> None:
    assert most_within([at(0), at(0.5), at(0.999), at(1.0), at(3)], timedelta(seconds=1)) == 3


@pytest.mark.parametrize(
    ("seconds", "overdrawn"),
    [
        ([0.0, 0.0, 1.0, 1.0, 2.0], None),
        ([0.0, 0.0, 0.0], 0.0),
        ([0.9, 0.9, 1.0, 1.0], None),
        ([5.5, 5.5, 5.5, 5.5], 5.5),
        ([1.5, 2.0, 2.0, 2.0, 2.0], None),
        ([1.5, 2.0, 2.0, 2.0, 2.0, 2.0], 2.0),
    ],
)
def test_credit_comes_in_shares_and_is_not_saved_beyond_the_burst(
    seconds: list[float], overdrawn: float | None
) -> None:
    launch = make_launch(admit_rate=120, admit_burst=2.0)
    found = first_overdraft([at(each) for each in seconds], launch, OPENED)
    assert found == (None if overdrawn is None else at(overdrawn))
