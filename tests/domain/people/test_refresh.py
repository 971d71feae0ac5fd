"""Refresh tokens: each is good once, and a used one that comes back ends the family."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Decision
from domain.people.commands import SignAccessToken
from domain.people.rules import refresh_session, sign_access_token
from domain.people.state import Session, SessionStatus
from tests.domain.people.people import (
    NOON,
    PERSON,
    SESSION,
    at,
    make_person,
    make_session,
    make_tenant,
    refreshing,
    refusal_of,
    reply_of,
    token_of,
)


def rotated(presented: str, following: str, session: Session, seconds: float = 0.0) -> Session:
    """The session after a refresh that was allowed."""
    decision = refresh_session(make_person(), session, make_tenant(), refreshing(presented, following), at(seconds))
    (after,) = decision.saves
    assert isinstance(after, Session)
    return after


def refused(presented: str, following: str, session: Session | None, seconds: float = 0.0) -> str:
    """The code with which a refresh is refused."""
    command = refreshing(presented, following)
    return refusal_of(refresh_session(make_person(), session, make_tenant(), command, at(seconds)))


def test_the_latest_token_is_traded_for_the_next() -> None:
    after = rotated("first", "second", make_session(), 10)
    assert (after.refresh_hash, after.previous_hash, after.rotations) == ("second", "first", 1)
    assert after.expires_at == NOON + timedelta(days=30, seconds=10)


def signed_again(session: Session, seconds: int, shown: str | None = None) -> Decision:
    """The access token is asked for once more, so many seconds after noon; with the hash of a refresh token, or without."""
    command = SignAccessToken(consumer_id=PERSON, session_id=SESSION, refresh_hash=shown)
    return sign_access_token(make_person(), session, make_tenant(), command, at(seconds))


def test_each_issue_has_a_token_of_its_own() -> None:
    session, seen = make_session(), set()
    for number in range(5):
        decision = signed_again(session, number)
        seen.add(token_of(decision).payload["jti"])
        session = rotated(session.refresh_hash, f"hash-{number}", session, number)
    assert len(seen) == 5


def test_a_retry_of_the_same_call_gets_the_same_pair() -> None:
    command = refreshing("first", "second")
    first = refresh_session(make_person(), make_session(), make_tenant(), command, at(10))
    after = rotated("first", "second", make_session(), 10)
    again = refresh_session(make_person(), after, make_tenant(), command, at(30))
    assert again.saves == ()
    assert reply_of(again) == reply_of(first)


@pytest.mark.parametrize(
    ("presented", "following", "seconds"),
    [
        ("first", "third", 11),  # used before, and another call
        ("first", "second", 71),  # the same call, but more than a minute later
        ("older", "third", 11),  # older than the one before
    ],
)
def test_a_used_token_that_comes_back_ends_the_family(presented: str, following: str, seconds: float) -> None:
    session = rotated("first", "second", make_session(), 10)
    command = refreshing(presented, following)
    decision = refresh_session(make_person(), session, make_tenant(), command, at(seconds))
    (revoked,) = decision.saves
    assert refusal_of(decision) == "REFRESH_TOKEN_REUSED"
    assert isinstance(revoked, Session)
    assert revoked.status is SessionStatus.REVOKED
    assert refused("second", "third", revoked, seconds) == "REFRESH_TOKEN_INVALID"


def test_a_refresh_decided_late_counts_from_when_it_was_received() -> None:
    session = make_session(expires_at=NOON + timedelta(seconds=20))
    late = replace(at(15), now=NOON + timedelta(seconds=500))
    decision = refresh_session(make_person(), session, make_tenant(), refreshing("first", "second"), late)
    assert len(decision.saves) == 1


@pytest.mark.parametrize(
    "session",
    [
        None,
        make_session(status=SessionStatus.ENDED),
        make_session(status=SessionStatus.REVOKED),
        make_session(expires_at=NOON),
        make_session(consumer_id=make_tenant().tenant_id),
    ],
)
def test_a_session_that_is_over_or_another_persons_is_refused(session: Session | None) -> None:
    assert refused("first", "second", session) == "REFRESH_TOKEN_INVALID"


def test_a_lost_access_token_is_signed_again_with_the_same_claims() -> None:
    command = refreshing("first", "second")
    issued = refresh_session(make_person(), make_session(), make_tenant(), command, at(10))
    session = rotated("first", "second", make_session(), 10)
    assert token_of(signed_again(session, 1000)) == token_of(issued)
    assert token_of(signed_again(session, 1000, "second")) == token_of(issued)


def test_no_token_is_signed_for_whoever_shows_a_used_refresh_token() -> None:
    session = rotated("first", "second", make_session(), 10)
    assert refusal_of(signed_again(session, 1000, "first")) == "SESSION_REVOKED"


def test_no_token_is_signed_for_a_session_that_is_over() -> None:
    session = make_session(status=SessionStatus.ENDED)
    assert refusal_of(signed_again(session, 0)) == "SESSION_REVOKED"


@given(st.lists(st.integers(0, 12), max_size=40))
def test_whatever_is_presented_at_most_one_token_is_good_and_reuse_is_always_noticed(picks: list[int]) -> None:
    """`picks` are the tokens that thief and owner present, by the order in which they were issued."""
    session, issued = make_session(refresh_hash="token-0"), 1
    for step, pick in enumerate(picks):
        presented = min(pick, issued - 1)
        command = refreshing(f"token-{presented}", f"token-{issued}")
        decision = refresh_session(make_person(), session, make_tenant(), command, at(step))
        if session.status is not SessionStatus.ACTIVE:
            assert refusal_of(decision) == "REFRESH_TOKEN_INVALID"
            continue
        (after,) = decision.saves
        assert isinstance(after, Session)
        latest = presented == issued - 1
        assert after.status is (SessionStatus.ACTIVE if latest else SessionStatus.REVOKED)
        session, issued = after, issued + latest
