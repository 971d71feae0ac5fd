"""A guest to be made: part of every command that lets a stranger in."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class NewGuest(BaseModel):
    """A guest with a first session. Only the hash of the refresh token travels and is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: UUID
    refresh_hash: str
