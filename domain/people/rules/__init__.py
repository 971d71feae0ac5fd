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

__all__ = [
    "end_session",
    "erase",
    "refresh_session",
    "refused_session",
    "session_is_live",
    "sign_access_token",
    "start_guest_session",
    "update_profile",
    "welcome",
]
