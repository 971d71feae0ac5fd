"""What people say of themselves: changed by themselves, kept out of the journal, and forgotten when they want."""

from typing import Any

import pytest

from domain.decision import Decision
from domain.people.commands import EraseConsumer, UpdateProfile
from domain.people.config import ProfileConfig
from domain.people.rules import erase, update_profile
from domain.people.state import Profile, Session, SessionStatus
from tests.domain.people.people import NOON, PERSON, SESSION, at, make_person, make_session, refusal_of, reply_of

ADA = {"fullName": "Ada Lovelace", "languageCode": "en", "timeZone": "Europe/London", "emailOptOut": True}


def make_profile(**said: Any) -> Profile:
    """What somebody said at noon."""
    return Profile(make_person().tenant_id, PERSON, ProfileConfig.model_validate(said), NOON, 2)


def saying(changes: dict[str, Any], kept: Profile | None = None, *, session: Session | None = None) -> Decision:
    """The decision about a change, ten seconds after noon."""
    command = UpdateProfile(consumer_id=PERSON, session_id=SESSION, changes=changes)
    return update_profile(make_person(), session or make_session(), kept, command, at(10))


def leaving(*sessions: Session, kept: Profile | None = None, live: bool = False) -> Decision:
    """The decision about being forgotten, ten seconds after noon."""
    command = EraseConsumer(consumer_id=PERSON, session_id=SESSION)
    return erase(make_person(), sessions or (make_session(),), kept, command, at(10), live=live)


def test_what_is_said_first_is_kept_and_told() -> None:
    decision = saying(ADA)
    told = reply_of(decision).body
    assert {name: told[name] for name in ADA} == ADA
    assert (told["version"], told["smsOptOut"]) == (2, False)
    (kept,) = decision.saves
    assert isinstance(kept, Profile)
    assert saying(ADA, kept).saves == ()


def test_the_journal_is_told_which_members_changed_and_nothing_of_what_they_say() -> None:
    (event,) = saying({"fullName": "Ada King", "languageCode": None}, make_profile(**ADA)).events
    assert event.facts()["changedFields"] == ("fullName", "languageCode")
    assert "Ada" not in str(event.facts())


def test_null_takes_back_what_was_said() -> None:
    told = reply_of(saying({"fullName": None, "emailOptOut": None}, make_profile(**ADA))).body
    assert (told["fullName"], told["emailOptOut"], told["languageCode"]) == (None, False, "en")


@pytest.mark.parametrize(
    "changes",
    [
        {"fullName": "x" * 201},
        {"languageCode": "x"},
        {"timeZone": "Mars/Olympus"},
        {"emailOptOut": "yes"},
        {"level": "verified"},
    ],
)
def test_what_cannot_be_said_is_refused(changes: dict[str, Any]) -> None:
    assert refusal_of(saying(changes)) == "VALIDATION_ERROR"


@pytest.mark.parametrize("status", [SessionStatus.ENDED, SessionStatus.REVOKED])
def test_whoever_has_logged_out_says_and_forgets_nothing(status: SessionStatus) -> None:
    over = make_session(status=status, ended_at=NOON)
    for decision in (saying(ADA, session=over), leaving(over)):
        assert refusal_of(decision) == "SESSION_REVOKED"
        assert decision.saves == ()


def test_whoever_is_forgotten_leaves_nothing_said_and_no_session() -> None:
    other = make_session(id=PERSON, refresh_hash="other")
    decision = leaving(make_session(), other, kept=make_profile(**ADA))
    blank, *ended = decision.saves
    assert isinstance(blank, Profile)
    assert (blank.config, blank.erased_at, blank.version) == (ProfileConfig(), at(10).now, 3)
    assert [one.status for one in ended if isinstance(one, Session)] == [SessionStatus.ENDED] * 2
    assert "Ada" not in str([event.facts() for event in decision.events])
    assert reply_of(decision).body == {}


def test_whoever_takes_part_is_not_forgotten() -> None:
    decision = leaving(kept=make_profile(**ADA), live=True)
    assert (refusal_of(decision), decision.saves) == ("HAS_LIVE_PARTICIPANTS", ())
