"""What a law needs to know of a kind."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from domain.command import SYSTEM_ACTOR, Command, Envelope
from store import journal
from store.database import see_tenants
from tests.support.works import Works


@dataclass(frozen=True)
class Scene:
    """Something of a kind that lives, in a tenant of its own. `own` holds whatever its commands have to name."""

    works: Works
    tenant_id: UUID
    own: Mapping[str, Any] = field(default_factory=dict)

    def send(self, *commands: Command) -> None:
        """Have commands decided that came in one batch."""
        self.works.append([_sent(uuid4(), self.tenant_id, command) for command in commands])
        self.works.settle()

    def ask(
        self,
        command: Command,
        *,
        command_id: UUID | None = None,
        tenant_id: UUID | None = None,
        keyed: str | None = None,
    ) -> dict[str, Any]:
        """The stored outcome of a command, which travels under this tenant or another."""
        sent = _sent(command_id or _own_id(command), tenant_id or self.tenant_id, command, keyed)
        self.works.append([sent])
        self.works.settle()
        return self.outcome(sent.id, sent.tenant_id)

    def outcome(self, command_id: UUID, tenant_id: UUID | None = None) -> dict[str, Any]:
        """The stored outcome of a command that was decided."""
        with self.works.worker.begin() as connection:
            see_tenants(connection, [tenant_id or self.tenant_id])
            outcome: dict[str, Any] = journal.outcomes(connection, [command_id])[command_id]
        return outcome


def _sent(own_id: UUID, tenant_id: UUID, command: Command, keyed: str | None = None) -> Envelope[Command]:
    return Envelope(own_id, tenant_id, SYSTEM_ACTOR, own_id, command, keyed=keyed)


def _own_id(command: Command) -> UUID:
    """What a command makes has the command's id, and is an aggregate of its own where it names nothing else."""
    return command.aggregate_id if command.type.endswith(".create") else uuid4()


class Window(NamedTuple):
    """When something takes people, from its first instant to the first at which it takes nobody any more."""

    scene: Scene
    begins: datetime
    ends: datetime
    joining: Callable[[], Command]
    too_early: str
    too_late: str


class Places(NamedTuple):
    """How many of some places are taken, of how many there are."""

    name: str
    taken: int
    most: int


@dataclass(frozen=True)
class Kind:
    """A kind of distribution, for the laws.

    `scene` makes one in which much has happened; `commands` are one of every command that would be accepted there, by
    wire name; `counting` those of them that are meant to have an effect each time unless a key says that they are the
    same; `refusals` are commands that are refused there, each by its code and what it is about; `foreign` are commands
    on something of one's own that name what is another's. `states` is everything that is stored of a tenant, except
    what follows from the time that has passed. `not_found` are the codes for what one cannot see. `crowd` lets much
    happen at random and yields the places after each step; `life` is the whole outcome of a random life by the rules
    alone, as text.
    """

    name: str
    scene: Callable[[Works], Scene]
    commands: Mapping[str, Callable[[Scene], Command]]
    counting: frozenset[str]
    refusals: Mapping[str, Callable[[Scene], Command]]
    foreign: Mapping[str, Callable[[Scene, Scene], Command]]
    states: Callable[[Scene], Any]
    not_found: frozenset[str]
    window: Callable[[Works], Window]
    crowd: Callable[[Works, Random], Iterator[list[Places]]]
    life: Callable[[Random], str]
