"""One person's record: positions compare only within one wait, and an older look changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from cli.crowd.story import Story, seen_in


def look(**changes: Any) -> dict[str, Any]:
    return {"status": "QUEUED", "participationId": "p", "consumerId": "c", "position": 9, "stateVersion": 1, **changes}


def story_of(*looks: dict[str, Any]) -> Story:
    story = Story()
    for each in looks:
        story.see(seen_in(each))
    return story


@pytest.mark.parametrize("later", [look(position=10), look(position=None)])
def test_a_position_that_got_worse_or_vanished_is_kept(later: dict[str, Any]) -> None:
    assert story_of(look(position=9), later).fell_back == [(9, later["position"])]


@pytest.mark.parametrize(
    "later",
    [look(position=9), look(position=1), look(status="GRANTED", position=None), look(requeueCount=1, position=50)],
)
def test_moving_up_being_granted_and_being_requeued_are_no_fall(later: dict[str, Any]) -> None:
    assert story_of(look(position=9), later).fell_back == []


def test_the_first_position_after_the_opening_compares_with_nothing() -> None:
    assert story_of(look(position=None, preOpen=True), look(position=4000)).fell_back == []


@pytest.mark.parametrize("older", [look(stateVersion=1, position=99), look(stateVersion=2, seq=3, position=99)])
def test_an_older_look_is_ignored(older: dict[str, Any]) -> None:
    story = story_of(look(stateVersion=2, seq=4), older)
    assert story.fell_back == []
    assert story.last is not None
    assert story.last.position == 9


def test_an_enter_without_any_outcome_is_unresolved() -> None:
    assert Story(pressed=True).unresolved
    assert not Story(pressed=True, refused="QUEUE_FULL").unresolved
    assert not Story(pressed=True, answers=["p"]).unresolved


def test_a_state_without_optional_members_reads_as_nothing() -> None:
    seen = seen_in({"status": "NOT_QUEUED", "participationId": None})
    assert (seen.participation_id, seen.position, seen.grant, seen.poll_after) == ("", None, "", 5.0)
