"""An operator's desk: commands sent to real works and answered from the journal."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import workers.administration
import workers.people  # noqa: F401 (both for their handlers)
from domain.command import SYSTEM_ACTOR, Actor, Command, Envelope
from domain.organizations.commands import CreateOrganization, FirstKey, Imprint
from domain.organizations.config import OrganizationConfig
from domain.organizations.keys import DrawnKey, drawn_key
from domain.organizations.state import KeyKind, Mode
from runtime.clock import Clock
from store import journal
from store.database import see_tenants
from tests.support.works import Works


@dataclass(frozen=True, slots=True)
class Founded:
    """An organization that went through the front door, with its two tenants."""

    id: UUID
    live: UUID
    test: UUID


def fresh_key(kind: KeyKind = KeyKind.SECRET, mode: Mode = Mode.LIVE) -> DrawnKey:
    """A key that nobody else has."""
    return drawn_key(kind, mode, Clock.entropy(32))


def imprint(key: DrawnKey) -> Imprint:
    """What travels of a key."""
    return Imprint(hash=key.hash, prefix=key.prefix, last4=key.last4)


@dataclass(frozen=True, slots=True)
class Desk:
    """Sends commands of a tenant, drains, and reads what was decided."""

    works: Works

    def send(self, tenant_id: UUID, *commands: Command, actor: Actor = SYSTEM_ACTOR) -> list[UUID]:
        """Append commands in one batch, unanswered; their ids."""
        envelopes = [Envelope(uuid4(), tenant_id, actor, uuid4(), command) for command in commands]
        self.works.append(envelopes)
        return [one.id for one in envelopes]

    def ask(
        self, tenant_id: UUID, command: Command, *, command_id: UUID | None = None, actor: Actor = SYSTEM_ACTOR
    ) -> dict[str, Any]:
        """Send a command, decide all that waits, and return its stored outcome, but for how long it waited."""
        sent = Envelope(command_id or uuid4(), tenant_id, actor, uuid4(), command)
        self.works.append([sent])
        self.works.settle()
        outcome = self.outcomes(tenant_id, sent.id)[0]
        assert outcome.pop("waitedUs") >= 0
        return outcome

    def told(self, tenant_id: UUID, command: Command, **how: Any) -> dict[str, Any]:
        """The body of the reply to a command that is not refused."""
        outcome = self.ask(tenant_id, command, **how)
        assert "refused" not in outcome, outcome
        body: dict[str, Any] = outcome["body"]
        return body

    def refusal(self, tenant_id: UUID, command: Command, **how: Any) -> str:
        """The code of the refusal of a command."""
        code: str = self.ask(tenant_id, command, **how)["refused"]["code"]
        return code

    def outcomes(self, tenant_id: UUID, *command_ids: UUID) -> list[dict[str, Any]]:
        """The stored outcomes of commands, in their order."""
        with self.works.worker.begin() as connection:
            see_tenants(connection, [tenant_id])
            found = journal.outcomes(connection, command_ids)
        return [found[one] for one in command_ids]

    def found(self, slug: str = "harbour-hall", *keys: FirstKey, **settings: Any) -> Founded:
        """An organization with this slug."""
        made = Founded(uuid4(), uuid4(), uuid4())
        self.told(made.live, founding(made, slug, *keys, **settings), command_id=made.id)
        return made


def founding(made: Founded, slug: str, *keys: FirstKey, **settings: Any) -> CreateOrganization:
    """The command that founds an organization."""
    config = OrganizationConfig(**{"name": "Harbour Hall", "slug": slug, "currency_code": "EUR"} | settings)
    return CreateOrganization(live_tenant_id=made.live, test_tenant_id=made.test, config=config, keys=keys)
