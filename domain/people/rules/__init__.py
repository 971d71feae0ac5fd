"""The rules of people and their sessions: pure functions from state, command and times to a decision."""

from domain.people.rules.profiles import erase, update_profile
from domain.people.rules.sessions import (
    end_session,
    refresh_session,
    refused_session,
    session_is_live,
    sign_access_token,
    start_guest_session,
    welcome,
)
from domain.people.rules.visits import enter_experience, leave_experience, visit_id

__all__ = [
    "end_session",
    "enter_experience",
    "erase",
    "leave_experience",
    "refresh_session",
    "refused_session",
    "session_is_live",
    "sign_access_token",
    "start_guest_session",
    "update_profile",
    "visit_id",
    "welcome",
]
