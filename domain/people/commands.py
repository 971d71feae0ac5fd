"""What can be asked about people and their sessions."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from domain.command import Command
from domain.guest import NewGuest


class PersonCommand(Command):
    """A command that changes one consumer."""

    topic: ClassVar[str] = "people"
    consumer_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The consumer."""
        return self.consumer_id


class StartGuestSession(PersonCommand):
    """Make a guest with a first session."""

    type: ClassVar[str] = "people.start_guest_session"
    guest: NewGuest


class RefreshSession(PersonCommand):
    """Trade a refresh token for the next one. A token that was used before revokes the whole family."""

    type: ClassVar[str] = "people.refresh_session"
    session_id: UUID
    presented_hash: str
    next_hash: str


class EndSession(PersonCommand):
    """Log out: end this session's family, or all of the person's."""

    type: ClassVar[str] = "people.end_session"
    session_id: UUID
    all_devices: bool = False


class SignAccessToken(PersonCommand):
    """Sign the access token of a session again, because its first copy was lost on the way.

    With `refresh_hash` only while the refresh token of this hash is the latest of the session.
    """

    type: ClassVar[str] = "people.sign_access_token"
    session_id: UUID
    refresh_hash: str | None = None


class UpdateProfile(PersonCommand):
    """Merge what a person says of themselves. `changes` holds the members that were sent, by their wire names."""

    type: ClassVar[str] = "people.update"
    session_id: UUID
    changes: dict[str, Any]


class EraseConsumer(PersonCommand):
    """Forget everything that a person has said, and end all their sessions."""

    type: ClassVar[str] = "people.erase"
    session_id: UUID


class EnterExperience(PersonCommand):
    """Come into an experience, before or without entering anything that it distributes."""

    type: ClassVar[str] = "people.enter_experience"
    session_id: UUID
    experience_id: UUID


class LeaveExperience(PersonCommand):
    """Go out of an experience; places in its lines are kept."""

    type: ClassVar[str] = "people.leave_experience"
    session_id: UUID
    experience_id: UUID
