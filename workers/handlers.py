"""The table of handlers: which function decides which command, and what it wants read beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from domain.command import Command, Envelope
from domain.decision import Refused, Reply, Timer
from domain.times import Times
from store.work import Work

Handler = Callable[[Work, Envelope[Any], Times], Reply | Refused]
Wants = Callable[[Work, Envelope[Any]], None]
Settle = Callable[[Work, UUID, Times], None]
Again = Callable[[Work, UUID, datetime], None]
Promise = Callable[[UUID, datetime], Timer]
AGAIN_AFTER = timedelta(seconds=5)
"""When what broke is tried again: at once it would only break again, for ever."""
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler and its wants."""

    handler: Handler
    wants: Wants


@dataclass(frozen=True, slots=True)
class Settling:
    """What is done once for an aggregate after its last command, and how it is promised to be tried again at a moment.

    `promise` makes that promise from the id alone, for where nothing of the aggregate can be read.
    """

    settle: Settle
    again: Again
    promise: Promise


HANDLERS: dict[type[Command], Registration] = {}
SETTLES: dict[str, Settling] = {}


def handles(command: type[Command], wants: Wants) -> Callable[[H], H]:
    """Register the handler of a command; `wants` says what is to be read, in bulk, before anything is decided."""

    def register(handler: H) -> H:
        if command in HANDLERS:
            raise ValueError(f"{command.type} has a handler already")
        HANDLERS[command] = Registration(handler, wants)
        return handler

    return register
