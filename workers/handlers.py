"""The table of handlers: which function decides which command, and what it wants read beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from domain.command import Command, Envelope
from domain.decision import Refused, Reply
from domain.times import Times
from store.work import Work

Handler = Callable[[Work, Envelope[Any], Times], Reply | Refused]
Wants = Callable[[Work, Envelope[Any]], None]
Settle = Callable[[Work, UUID, Times], None]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler and its wants."""

    handler: Handler
    wants: Wants


HANDLERS: dict[type[Command], Registration] = {}
SETTLES: dict[str, Settle] = {}


def handles(command: type[Command], wants: Wants) -> Callable[[H], H]:
    """Register the handler of a command; `wants` says what is to be read, in bulk, before anything is decided."""

    def register(handler: H) -> H:
        if command in HANDLERS:
            raise ValueError(f"{command.type} has a handler already")
        HANDLERS[command] = Registration(handler, wants)
        return handler

    return register


def settles(topic: str) -> Callable[[Settle], Settle]:
    """Register what is done once for each aggregate of a topic after the last command of a drain."""

    def register(settle: Settle) -> Settle:
        SETTLES[topic] = settle
        return settle

    return register
