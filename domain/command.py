"""Commands and the envelope they travel in: one class per command, shared by the sender and the worker."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

SYSTEM = UUID(int=0)
MOST_HOPS = 8
"""What has been sent on more often than this goes in a circle."""


class Command(BaseModel):
    """What somebody wants decided. Fields are added with defaults, never changed or removed.

    `type` is the wire name and appears nowhere else. `topic` names the log it is written to, `aggregate_id`
    the one thing it changes: that id picks the partition, so one aggregate has one writer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ClassVar[str]
    version: ClassVar[int] = 1
    topic: ClassVar[str]

    @property
    @abstractmethod
    def aggregate_id(self) -> UUID:
        """The id of the aggregate this command changes."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a consumer, a key of the organization, an operator, or the system itself."""

    type: str
    id: UUID


SYSTEM_ACTOR = Actor("system", SYSTEM)

C_co = TypeVar("C_co", bound=Command, covariant=True)


@dataclass(frozen=True, slots=True)
class Envelope(Generic[C_co]):
    """A command on its way: everything but its body is the same for all of them.

    `keyed` is the fingerprint of the request body when the sender gave an Idempotency-Key, else None: the
    outcome of a keyed command is looked up before it is decided. So is that of one that `may_repeat`: nobody knows whether
    it was appended before. `hops` counts follow-ups of follow-ups; after `MOST_HOPS` a command is sent on no more.
    """

    id: UUID
    tenant_id: UUID
    actor: Actor
    request_id: UUID
    body: C_co
    gateway: str = ""
    hops: int = 0
    keyed: str | None = None
    may_repeat: bool = False
