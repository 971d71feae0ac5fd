"""Coming into experiences and going out of them."""

from typing import Any
from uuid import UUID

import pytest

from domain.decision import Decision
from domain.people.commands import EnterExperience, LeaveExperience
from domain.people.rules import enter_experience, leave_experience, visit_id
from domain.people.state import SessionStatus, Visit
from tests.domain.people.people import NOON, PERSON, SESSION, at, make_person, make_session, refusal_of, reply_of

NIGHT = UUID(int=7)


def make_visit(**changes: Any) -> Visit:
    """A person who came at noon."""
    person = make_person()
    return Visit(person.tenant_id, visit_id(PERSON, NIGHT), PERSON, NIGHT, NOON, **changes)


def entering(kept: Visit | None = None, stands: str | None = "open", **session: Any) -> Decision:
    """The decision about coming in, ten seconds after noon."""
    command = EnterExperience(consumer_id=PERSON, session_id=SESSION, experience_id=NIGHT)
    return enter_experience(make_person(), make_session(**session), kept, stands, command, at(10))


def leaving(kept: Visit | None = None, stands: str | None = "open", **session: Any) -> Decision:
    """The decision about going out, ten seconds after noon."""
    command = LeaveExperience(consumer_id=PERSON, session_id=SESSION, experience_id=NIGHT)
    return leave_experience(make_person(), make_session(**session), kept, stands, command, at(10))


@pytest.mark.parametrize("stands", ["scheduled", "open", "settling"])
def test_whoever_comes_in_is_in_until_they_go(stands: str) -> None:
    (visit,) = entering(stands=stands).saves
    assert isinstance(visit, Visit)
    assert (visit.experience_id, visit.entered_at, visit.left_at, visit.version) == (NIGHT, at(10).now, None, 1)
    (gone,) = leaving(visit, stands).saves
    assert isinstance(gone, Visit)
    assert (gone.left_at, gone.version) == (at(10).now, 2)


def test_coming_twice_is_coming_once_and_coming_back_is_a_change() -> None:
    again = entering(make_visit())
    assert (reply_of(again).body["enteredAt"], again.saves) == ("2026-11-21T12:00:00.250Z", ())
    (back,) = entering(make_visit(left_at=NOON, version=2)).saves
    assert isinstance(back, Visit)
    assert (back.id, back.entered_at, back.left_at, back.version) == (make_visit().id, at(10).now, None, 3)


def test_nobody_comes_into_what_is_over_and_whoever_is_in_stays() -> None:
    assert refusal_of(entering(stands="closed")) == "EXPERIENCE_CLOSED"
    assert entering(make_visit(), stands="closed").saves == ()
    assert len(leaving(make_visit(), stands="closed").saves) == 1


@pytest.mark.parametrize("stands", [None, "draft"])
def test_what_is_hidden_is_not_there(stands: str | None) -> None:
    assert refusal_of(entering(stands=stands)) == "EXPERIENCE_NOT_FOUND"
    assert refusal_of(leaving(stands=stands)) == "EXPERIENCE_NOT_FOUND"


def test_whoever_is_not_in_has_not_left() -> None:
    for kept in (None, make_visit(left_at=NOON)):
        assert (reply_of(leaving(kept)).body, leaving(kept).saves) == ({"left": False}, ())


def test_whoever_has_logged_out_neither_comes_nor_goes() -> None:
    over = {"status": SessionStatus.ENDED, "ended_at": NOON}
    assert refusal_of(entering(**over)) == refusal_of(leaving(make_visit(), **over)) == "SESSION_REVOKED"
