"""Guests and their sessions on a real store."""

from uuid import UUID, uuid4

import pytest

from domain.guest import NewGuest
from domain.people.commands import EndSession, RefreshSession, SignAccessToken, StartGuestSession
from domain.queue.commands import EnterQueue
from tests.support.desk import Desk, Founded
from tests.support.works import Works


@pytest.fixture
def desk(works: Works) -> Desk:
    """A desk at works of its own."""
    return Desk(works)


@pytest.fixture
def hall(desk: Desk) -> Founded:
    """An organization that lets guests in."""
    return desk.found()


def starting(consumer_id: UUID | None = None, session_id: UUID | None = None) -> StartGuestSession:
    """A stranger wants to be a guest."""
    guest = NewGuest(session_id=session_id or uuid4(), refresh_hash="first")
    return StartGuestSession(consumer_id=consumer_id or uuid4(), guest=guest)


def refreshing(of: StartGuestSession, presented: str, following: str) -> RefreshSession:
    """The guest trades one refresh token for the next."""
    return RefreshSession(
        consumer_id=of.consumer_id, session_id=of.guest.session_id, presented_hash=presented, next_hash=following
    )


def signing(of: StartGuestSession) -> SignAccessToken:
    """The guest asks for a lost access token."""
    return SignAccessToken(consumer_id=of.consumer_id, session_id=of.guest.session_id)


def test_a_guest_is_a_person_with_one_session(desk: Desk, hall: Founded) -> None:
    start = starting()
    outcome = desk.ask(hall.live, start)
    assert (outcome["created"], outcome["sealed"]) == (True, ["accessToken"])
    assert outcome["body"]["session"]["consumerId"] == str(start.consumer_id)
    (row,) = desk.works.rows(
        "SELECT s.status, s.refresh_hash, c.level FROM session s JOIN consumer c ON c.id = s.consumer_id"
    )
    assert tuple(row) == ("ACTIVE", "first", "guest")


def test_a_copy_of_the_start_makes_no_second_guest(desk: Desk, hall: Founded) -> None:
    start, command_id = starting(), uuid4()
    first = desk.ask(hall.live, start, command_id=command_id)
    assert desk.ask(hall.live, start, command_id=command_id) == first
    assert desk.works.value("SELECT count(*) FROM consumer") == 1


def test_two_copies_of_a_start_in_one_batch_make_one_guest(desk: Desk, hall: Founded) -> None:
    start = starting()
    ids = desk.send(hall.live, start, start)
    desk.works.settle()
    first, second = desk.outcomes(hall.live, *ids)
    assert first["body"] == second["body"]
    assert desk.works.value("SELECT count(*) FROM session") == 1


def test_tokens_rotate_and_the_one_used_twice_ends_the_family(desk: Desk, hall: Founded) -> None:
    start = starting()
    desk.told(hall.live, start)
    desk.told(hall.live, refreshing(start, "first", "second"))
    desk.told(hall.live, refreshing(start, "second", "third"))
    assert desk.refusal(hall.live, refreshing(start, "first", "fourth")) == "REFRESH_TOKEN_REUSED"
    assert desk.refusal(hall.live, refreshing(start, "third", "fourth")) == "REFRESH_TOKEN_INVALID"
    assert desk.works.value("SELECT status FROM session") == "REVOKED"


def test_two_who_hold_one_token_cannot_both_use_it(desk: Desk, hall: Founded) -> None:
    start = starting()
    desk.told(hall.live, start)
    ids = desk.send(hall.live, refreshing(start, "first", "owner"), refreshing(start, "first", "thief"))
    desk.works.settle()
    owner, thief = desk.outcomes(hall.live, *ids)
    assert "refused" not in owner
    assert thief["refused"]["code"] == "REFRESH_TOKEN_REUSED"
    assert desk.works.value("SELECT status FROM session") == "REVOKED"


def test_a_lost_answer_is_given_again_for_the_latest_issue(desk: Desk, hall: Founded) -> None:
    start = starting()
    desk.told(hall.live, start)
    refreshed = desk.told(hall.live, refreshing(start, "first", "second"))
    assert desk.told(hall.live, signing(start)) == refreshed


def test_logging_out_everywhere_ends_all_sessions_of_the_person_alone(desk: Desk, hall: Founded) -> None:
    consumer_id, stranger = uuid4(), starting()
    first = starting(consumer_id)
    for start in (first, stranger):
        desk.told(hall.live, start)
    desk.told(hall.live, EndSession(consumer_id=consumer_id, session_id=first.guest.session_id, all_devices=True))
    assert desk.refusal(hall.live, signing(first)) == "SESSION_REVOKED"
    assert "refused" not in desk.ask(hall.live, signing(stranger))


def test_a_guest_of_one_mode_is_nobody_in_the_other(desk: Desk, hall: Founded) -> None:
    start = starting()
    desk.told(hall.live, start)
    assert desk.refusal(hall.test, signing(start)) == "SESSION_REVOKED"
    assert desk.refusal(hall.test, refreshing(start, "first", "second")) == "REFRESH_TOKEN_INVALID"


def test_a_session_ends_when_its_refresh_token_does(desk: Desk, hall: Founded) -> None:
    start = starting()
    desk.told(hall.live, start)
    desk.works.database.advance("31 days")
    assert desk.refusal(hall.live, refreshing(start, "first", "second")) == "REFRESH_TOKEN_INVALID"


def test_an_organization_without_guests_starts_none(desk: Desk) -> None:
    closed = desk.found("members", allow_guests=False)
    assert desk.refusal(closed.live, starting()) == "GUEST_NOT_ALLOWED"


def test_a_stranger_who_enters_a_queue_is_made_with_the_entry(works: Works, desk: Desk) -> None:
    queue, guest = works.queue(), NewGuest(session_id=uuid4(), refresh_hash="first")
    entering = EnterQueue(queue_id=queue.id, consumer_id=uuid4(), guest=guest)
    outcome = desk.ask(queue.tenant_id, entering)
    assert outcome["sealed"] == ["accessToken", "receipt"]
    assert (outcome["body"]["status"], outcome["body"]["session"]["id"]) == ("QUEUED", str(guest.session_id))
    assert desk.works.value("SELECT consumer_id FROM session WHERE id = %s", guest.session_id) == entering.consumer_id
