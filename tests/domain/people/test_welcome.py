"""A stranger who is let in becomes a guest in the same decision."""

from domain.decision import Decision, Refused, Reply
from domain.people.commands import StartGuestSession
from domain.people.rules import start_guest_session, welcome
from domain.people.state import Consumer, Session
from tests.domain.people.people import (
    NOON,
    PERSON,
    SESSION,
    at,
    make_guest,
    make_person,
    make_session,
    make_tenant,
    refusal_of,
    reply_of,
    token_of,
)

ENTERED = Decision(Reply({"status": "QUEUED"}, {"receipt": "r"}), saves=("queue", "entry"))
STARTING = StartGuestSession(consumer_id=PERSON, guest=make_guest())


def test_a_stranger_who_is_let_in_is_made_before_the_entry() -> None:
    decision = welcome(ENTERED, make_tenant(), PERSON, make_guest(), at())
    person, session, *rest = decision.saves
    assert isinstance(person, Consumer)
    assert isinstance(session, Session)
    assert rest == ["queue", "entry"]
    assert (person.id, session.consumer_id, session.refresh_hash) == (PERSON, PERSON, "first")


def test_the_reply_tells_of_entry_and_session_and_seals_the_token() -> None:
    told = reply_of(welcome(ENTERED, make_tenant(), PERSON, make_guest(), at()))
    assert told.body == {
        "status": "QUEUED",
        "consumerId": str(PERSON),
        "session": {
            "id": str(SESSION),
            "type": "guest",
            "consumerId": str(PERSON),
            "level": "guest",
            "expiresAt": "2026-12-21T12:00:00.250Z",
        },
        "accessTokenExpiresAt": "2026-11-21T13:00:00.000Z",
        "refreshTokenTtlSeconds": 2_592_000,
    }
    assert sorted(told.secrets) == ["accessToken", "receipt"]


def test_a_refused_entry_makes_no_guest() -> None:
    refused = Decision(Refused("QUEUE_FULL"))
    assert welcome(refused, make_tenant(), PERSON, make_guest(), at()) is refused


def test_an_entry_that_was_there_already_makes_no_second_guest() -> None:
    present = Decision(Reply({"status": "QUEUED"}))
    assert welcome(present, make_tenant(), PERSON, make_guest(), at()) is present


def test_a_person_with_a_session_is_not_made_again() -> None:
    assert welcome(ENTERED, make_tenant(), PERSON, None, at()) is ENTERED


def test_the_access_token_names_person_session_and_organization() -> None:
    claims = token_of(welcome(ENTERED, make_tenant(mode="test"), PERSON, make_guest(), at()))
    noon = int(NOON.timestamp())
    assert (claims.purpose, claims.typ) == ("access", "at+jwt")
    assert dict(claims.payload) | {"jti": "-"} == {
        "aud": "consumer",
        "sub": str(PERSON),
        "sid": str(SESSION),
        "organizationId": str(make_tenant().organization_id),
        "mode": "test",
        "level": "guest",
        "isGuest": True,
        "amr": ["guest"],
        "iat": noon,
        "exp": noon + 3600,
        "jti": "-",
    }


def test_an_access_token_never_outlives_its_session() -> None:
    hour = make_tenant(access_token_seconds=86_400, refresh_token_seconds=3600)
    claims = token_of(welcome(ENTERED, hour, PERSON, make_guest(), at()))
    assert claims.payload["exp"] == int(NOON.timestamp()) + 3600


def test_a_guest_session_starts_without_any_entry() -> None:
    decision = start_guest_session(None, None, make_tenant(), STARTING, at())
    assert reply_of(decision).created
    assert [type(state) for state in decision.saves] == [Consumer, Session]
    assert [event.facts()["type"] for event in decision.events] == ["consumer.session.started"]


def test_a_second_copy_of_the_command_finds_the_guest_and_issues_the_same_token() -> None:
    first = start_guest_session(None, None, make_tenant(), STARTING, at())
    again = start_guest_session(make_person(), make_session(), make_tenant(), STARTING, at(5))
    assert again.saves == ()
    assert reply_of(again) == reply_of(first)


def test_an_organization_that_wants_no_guests_gets_none() -> None:
    decision = start_guest_session(None, None, make_tenant(allow_guests=False), STARTING, at())
    assert refusal_of(decision) == "GUEST_NOT_ALLOWED"
    assert decision.saves == ()


def test_nobody_starts_a_session_with_an_unknown_organization() -> None:
    assert refusal_of(start_guest_session(None, None, None, STARTING, at())) == "ORGANIZATION_NOT_FOUND"
