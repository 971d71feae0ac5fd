"""Logging out, and what a session that is over can no longer do."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.people.commands import EndSession
from domain.people.rules import end_session, refused_session, session_is_live
from domain.people.state import Session, SessionStatus
from tests.domain.people.people import NOON, PERSON, SESSION, at, make_session

OTHER = make_session(id=UUID(int=77))
ENDED = make_session(id=UUID(int=78), status=SessionStatus.ENDED)


def ending(*, all_devices: bool = False) -> EndSession:
    """A person logs out."""
    return EndSession(consumer_id=PERSON, session_id=SESSION, all_devices=all_devices)


def test_logging_out_ends_this_session_alone() -> None:
    decision = end_session([make_session(), OTHER, ENDED], ending(), at(5))
    (gone,) = decision.saves
    assert isinstance(gone, Session)
    assert (gone.id, gone.status, gone.ended_at) == (SESSION, SessionStatus.ENDED, NOON + timedelta(seconds=5))


def test_logging_out_everywhere_ends_every_live_session() -> None:
    decision = end_session([make_session(), OTHER, ENDED], ending(all_devices=True), at(5))
    assert [one.id for one in decision.saves if isinstance(one, Session)] == [SESSION, OTHER.id]
    assert len(decision.events) == 2


def test_logging_out_twice_is_logging_out_once() -> None:
    again = end_session([make_session(status=SessionStatus.ENDED)], ending(), at(5))
    assert (again.saves, again.events) == ((), ())


def test_logging_out_of_nothing_is_no_error() -> None:
    assert end_session([], ending(), at()).saves == ()


@pytest.mark.parametrize(
    ("session", "live"),
    [
        (make_session(), True),
        (make_session(expires_at=NOON + timedelta(microseconds=1)), True),
        (make_session(expires_at=NOON), False),
        (make_session(status=SessionStatus.ENDED), False),
        (make_session(status=SessionStatus.REVOKED), False),
    ],
)
def test_a_session_is_live_until_it_ends(session: Session, live: bool) -> None:  # noqa: FBT001 (a row of the table)
    assert session_is_live(session, NOON) is live
    assert (refused_session(session, PERSON, NOON) is None) is live


def test_nobody_writes_in_the_name_of_another_persons_session() -> None:
    refused = refused_session(make_session(), UUID(int=5), NOON)
    assert refused is not None
    assert refused.code == "SESSION_REVOKED"
    assert refused_session(None, PERSON, NOON) == refused
