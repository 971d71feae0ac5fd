"""What a rule returns: the new states, the reply, the events, and what is to happen next."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from domain.command import Command
from domain.receipts import Growth
from domain.times import iso


@dataclass(frozen=True, slots=True)
class Refused:
    """No is a value: told to the sender, kept in the journal, never retried, never an exception."""

    code: str
    detail: str = ""
    retry_after: int | None = None
    field: str | None = None


KEY_REUSED: Final = Refused("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another body.")


@dataclass(frozen=True, slots=True)
class Reply:
    """Yes, with what the sender may know. `secrets` reach the sender but are never stored."""

    body: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    created: bool = False


Outcome = Reply | Refused


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the journal. `news` says that whoever has read the aggregate before must read again."""

    type: ClassVar[str]
    news: ClassVar[bool] = True

    def facts(self) -> dict[str, Any]:
        """The event's members for JSON: camelCase, moments as text, absent values left out."""
        facts: dict[str, Any] = {"type": self.type}
        for name, member in _members(cast("Hashable", type(self))):
            value = getattr(self, name)
            if value is not None:
                facts[member] = iso(value) if isinstance(value, datetime) else value
        return facts


@lru_cache(maxsize=256)
def _members(kind: Hashable) -> tuple[tuple[str, str], ...]:
    return tuple((item.name, camel(item.name)) for item in fields(cast("type[Event]", kind)))


def camel(name: str) -> str:
    """snake_case to camelCase."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


@dataclass(frozen=True, slots=True)
class Timer:
    """A promise with a date: `command` is appended when `due_at` has come. None cancels it."""

    aggregate_id: UUID
    purpose: str
    due_at: datetime | None
    command: Command


@dataclass(frozen=True, slots=True)
class Decision:
    """All consequences of one command. `saves` are whole new states; nothing else changes.

    `leaves` are those that the log of the aggregate gets, in their order.
    """

    outcome: Outcome
    saves: tuple[object, ...] = ()
    events: tuple[Event, ...] = ()
    follow_ups: tuple[Command, ...] = ()
    timers: tuple[Timer, ...] = ()
    leaves: tuple[Growth, ...] = ()


def refuse(code: str, detail: str = "", *, retry_after: int | None = None, field: str | None = None) -> Decision:
    """A decision that changes nothing."""
    return Decision(Refused(code, detail, retry_after, field))
