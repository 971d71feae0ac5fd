"""Every command there is, by its wire name. A kind that is missing here cannot be sent, and a test says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType

import domain.draw.commands
import domain.experiences.commands
import domain.organizations.commands
import domain.people.commands
import domain.queue.commands
from domain.command import Command

_MODULES: tuple[ModuleType, ...] = (
    domain.organizations.commands,
    domain.experiences.commands,
    domain.people.commands,
    domain.queue.commands,
    domain.draw.commands,
)


def _commands() -> Iterator[type[Command]]:
    for module in _MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Command) and "type" in vars(value):
                yield value


COMMANDS: Mapping[str, type[Command]] = MappingProxyType({command.type: command for command in _commands()})
TOPICS: frozenset[str] = frozenset(command.topic for command in COMMANDS.values())
