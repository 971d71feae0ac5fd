"""Refresh tokens: derived from the command that issues them, so that only a hash travels and is stored.

A token names its consumer and session and carries a MAC over them, so that a made-up one is refused without a look at
the store, and the same command, sent twice, issues the same token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.guest import NewGuest
from domain.ids import id_under

PREFIX: Final = "rt_"
_ID = 16
_SIZE = 3 * _ID + 32


@dataclass(frozen=True, slots=True)
class Presented:
    """Whose refresh token it is and which command issued it, by its own word, which was checked.

    Whether it is the latest, the ledger knows.
    """

    consumer_id: UUID
    session_id: UUID
    command_id: UUID
    hash: str


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """Makes and recognizes refresh tokens of this installation. `secret` is the gateways' own."""

    secret: bytes

    def issue(self, tenant_id: UUID, consumer_id: UUID, session_id: UUID, command_id: UUID) -> str:
        """The refresh token that this command issues for the session."""
        named = consumer_id.bytes + session_id.bytes + command_id.bytes
        return PREFIX + base64.urlsafe_b64encode(named + self._mac(tenant_id, named)).decode()

    def read(self, tenant_id: UUID, token: str) -> Presented | None:
        """Whose token it is; None when it was not made here for this tenant."""
        try:
            raw = base64.b64decode(token.removeprefix(PREFIX), altchars=b"-_", validate=True)
        except ValueError:
            return None
        named, mac = raw[: 3 * _ID], raw[3 * _ID :]
        formed = token.startswith(PREFIX) and len(raw) == _SIZE
        if not formed or not hmac.compare_digest(mac, self._mac(tenant_id, named)):
            return None
        consumer_id, session_id, command_id = (UUID(bytes=named[at : at + _ID]) for at in range(0, 3 * _ID, _ID))
        return Presented(consumer_id, session_id, command_id, token_hash(token))

    def _mac(self, tenant_id: UUID, named: bytes) -> bytes:
        return hmac.digest(self.secret, b"drumroll/refresh/1\x00" + tenant_id.bytes + named, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class GuestIds:
    """The ids of a guest who is made by a command: both follow from the command's id."""

    consumer_id: UUID
    session_id: UUID


def guest_ids(command_id: UUID) -> GuestIds:
    """Pressed twice it is one guest, because the same command makes the same ids."""
    return GuestIds(_derived(command_id, b"consumer"), _derived(command_id, b"session"))


def new_guest(session_id: UUID, refresh_token: str) -> NewGuest:
    """The guest as a command carries it: the hash of its refresh token, never the token."""
    return NewGuest(session_id=session_id, refresh_hash=token_hash(refresh_token))


def token_hash(token: str) -> str:
    """The SHA-256 of a refresh token, in hex: the form in which the store keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derived(command_id: UUID, what: bytes) -> UUID:
    return id_under(command_id, hashlib.sha256(b"drumroll/guest/1\x00" + what + command_id.bytes).digest())
