"""What can be asked of organizations and of their keys."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.command import Command
from domain.organizations.config import OrganizationConfig
from domain.organizations.state import SCOPES, KeyKind, Mode, Scope
from domain.settings import Name
from domain.values import Moment

REGISTER = UUID("d1000000-0000-7000-8000-000000000001")


class Imprint(BaseModel):
    """What is kept of a key: the sender makes the key, and its text never travels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    prefix: Annotated[str, Field(pattern=r"^dr_(pk|sk)_(live|test)_$")]
    last4: Annotated[str, Field(min_length=4, max_length=4)]


class FirstKey(BaseModel):
    """A key that an organization begins with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    kind: KeyKind
    mode: Mode
    imprint: Imprint


class OrganizationCommand(Command):
    """A command on the register of organizations.

    Slugs are unique across organizations, so all of them have one writer: the register is one aggregate. Organizations
    are made and changed rarely, and nothing that people do passes through here.
    """

    topic: ClassVar[str] = "admin"

    @property
    def aggregate_id(self) -> UUID:
        """The register of organizations."""
        return REGISTER


class CreateOrganization(OrganizationCommand):
    """Make an organization with its two tenants and first keys.

    The command travels under the live tenant, and its id is the organization's.
    """

    type: ClassVar[str] = "organization.create"
    live_tenant_id: UUID
    test_tenant_id: UUID
    config: OrganizationConfig
    keys: tuple[FirstKey, ...] = ()


class UpdateOrganization(OrganizationCommand):
    """Merge (or, with `replace`, put) settings of the tenant's organization. `changes` are named as on the wire."""

    type: ClassVar[str] = "organization.update"
    changes: dict[str, Any]
    replace: bool = False
    if_version: int | None = None


class KeyCommand(Command):
    """A command on the keys of one tenant: at most two secret ones are usable, so they have one writer."""

    topic: ClassVar[str] = "admin"
    tenant_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The tenant whose keys they are."""
        return self.tenant_id


class CreateKey(KeyCommand):
    """Make a key; the command's id is the key's. Publishable keys have no scopes."""

    type: ClassVar[str] = "organization.create_key"
    name: Name
    kind: KeyKind
    mode: Mode
    scopes: tuple[Scope, ...] = SCOPES
    expires_at: Moment | None = None
    imprint: Imprint


class RotateKey(KeyCommand):
    """Replace a key; the old one works on for `overlap_seconds`. The command's id is the successor's."""

    type: ClassVar[str] = "organization.rotate_key"
    key_id: UUID
    imprint: Imprint
    overlap_seconds: Annotated[int, Field(ge=0, le=604_800)] = 86_400


class KeyUse(BaseModel):
    """When a key was last seen in use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: UUID
    at: Moment


class NoteKeyUse(KeyCommand):
    """These keys were used lately."""

    type: ClassVar[str] = "organization.note_key_use"
    uses: tuple[KeyUse, ...]


class RevokeKey(KeyCommand):
    """End a key at once."""

    type: ClassVar[str] = "organization.revoke_key"
    key_id: UUID
