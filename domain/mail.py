"""What is owed by e-mail, and what follows from an attempt to deliver it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import Any
from uuid import UUID

OPERATOR = "operator"
MOST_TO_OPERATOR = 10
"""Of what happens in one tenant the operator is told so often within an hour: whatever goes round in circles floods nobody."""
OWED_FOR = timedelta(hours=72)
KEPT_FOR = timedelta(days=30)
UNKNOWN_TRIES = 3
BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)


class MailState(StrEnum):
    """Where a mail stands. `unknown`: the receiver may have it, nobody said so."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"
    BOUNCED = "bounced"
    DEAD = "dead"


OPEN = (MailState.PENDING, MailState.DEFERRED, MailState.UNKNOWN)
OWED = (*OPEN, MailState.SENDING)


class Attempt(Enum):
    """How an attempt ended."""

    ACCEPTED = auto()
    LATER = auto()
    REFUSED = auto()
    UNHEARD = auto()


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail that a decision owes. The second with the same `dedupe_key` in a tenant is not written.

    `kind` names the letter, `payload` what it is to say, as JSON. `recipient` is an address, or `operator`: whoever
    runs this installation when the letter is rendered.
    """

    tenant_id: UUID
    id: UUID
    kind: str
    dedupe_key: str
    recipient: str
    payload: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a mail stands after an attempt. `next_at` is when it is looked at again: to try it, or to forget it."""

    state: MailState
    unknowns: int
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """What is known of a mail when an attempt ends. `attempts` counts this one, `unknowns` the earlier unheard ones."""

    id: UUID
    attempts: int
    unknowns: int
    expires_at: datetime


def after(attempt: Attempt, tried: Tried, now: datetime) -> Standing:
    """What follows from an attempt.

    A mail that nobody heard of is owed still and sent again, twice at most and as the same bytes: the receiver may own
    it before the sender reads so (RFC 1047).
    """
    if attempt is Attempt.ACCEPTED:
        return Standing(MailState.SENT, tried.unknowns, now + KEPT_FOR)
    if attempt is Attempt.REFUSED:
        return Standing(MailState.BOUNCED, tried.unknowns, now + KEPT_FOR)
    unknowns = tried.unknowns + (attempt is Attempt.UNHEARD)
    again = now + pause(tried)
    if unknowns >= UNKNOWN_TRIES or again >= tried.expires_at:
        return Standing(MailState.DEAD, unknowns, now + KEPT_FOR)
    return Standing(MailState.UNKNOWN if attempt is Attempt.UNHEARD else MailState.DEFERRED, unknowns, again)


def pause(tried: Tried) -> timedelta:
    """How long to wait before the next try: longer each time, a fifth more or less so that not all come at once."""
    wait = BACKOFF[min(tried.attempts, len(BACKOFF)) - 1]
    spread = zlib.crc32(tried.id.bytes + tried.attempts.to_bytes(4, "big")) / 0xFFFFFFFF
    return wait * (0.8 + 0.4 * spread)
