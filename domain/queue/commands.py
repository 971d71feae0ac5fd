"""What can be asked of a queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.command import Command
from domain.distribution.order import OrderDetails
from domain.distribution.state import Scope
from domain.guest import NewGuest
from domain.ids import SameId
from domain.queue.config import QueueConfig


class QueueCommand(Command):
    """A command that changes one queue."""

    topic: ClassVar[str] = "queue"
    queue_id: SameId

    @property
    def aggregate_id(self) -> UUID:
        """The queue."""
        return self.queue_id


class CreateQueue(QueueCommand):
    """Make a queue under a sequence; its id is the queue's id, its secret seed the worker's."""

    type: ClassVar[str] = "queue.create"
    sequence_id: UUID
    config: QueueConfig


class UpdateQueue(QueueCommand):
    """Merge (or, with `replace`, put) settings. `changes` holds the members that were sent, by their wire names."""

    type: ClassVar[str] = "queue.update"
    changes: dict[str, Any]
    replace: bool = False
    if_version: int | None = None


class ArchiveQueue(QueueCommand):
    """Take a queue out of the lists."""

    type: ClassVar[str] = "queue.archive"
    if_version: int | None = None


class PauseQueue(QueueCommand):
    """Hold back grants, entries, or both."""

    type: ClassVar[str] = "queue.pause"
    scope: Scope = Scope.SERVICE
    reason: str | None = None
    resume_at: datetime | None = None


class ResumeQueue(QueueCommand):
    """End a pause; `extend_grants_seconds` lengthens live grants, `shift_schedule` moves closeAt by the pause."""

    type: ClassVar[str] = "queue.resume"
    shift_schedule: bool = False
    extend_grants_seconds: int = 0


class KillQueue(QueueCommand):
    """End a queue for good."""

    type: ClassVar[str] = "queue.kill"
    reason: str
    revoke_grants: bool = False


class KnockQueue(QueueCommand):
    """Nothing but a knock: whatever is due is done. `after_slice`: a slice of it was done just now, so others go first."""

    type: ClassVar[str] = "queue.knock"
    after_slice: bool = False


class EnterQueue(QueueCommand):
    """Join the line. With `guest` the person is created by the same command."""

    type: ClassVar[str] = "queue.enter"
    consumer_id: UUID
    is_guest: bool = True
    quantity: int = 1
    guest: NewGuest | None = None
    session_id: UUID | None = None


class LeaveQueue(QueueCommand):
    """Leave the line or give a grant back. Names the participation the person saw."""

    type: ClassVar[str] = "queue.leave"
    consumer_id: UUID
    entry_id: UUID | None = None
    session_id: UUID | None = None


class AdmitEntry(QueueCommand):
    """Let a waiting person in out of turn."""

    type: ClassVar[str] = "queue.admit"
    consumer_id: UUID
    note: str | None = None


class DenyEntry(QueueCommand):
    """Refuse a person for good."""

    type: ClassVar[str] = "queue.deny"
    consumer_id: UUID
    reason: str
    note: str | None = None


class ValidateGrant(QueueCommand):
    """Ask whether a grant is good now, and count that it was asked."""

    type: ClassVar[str] = "queue.validate"
    entry_id: UUID
    grant_id: UUID
    consumer_id: UUID | None = None


class CompleteGrant(QueueCommand):
    """Use a grant up, once. Named by the grant, or by the consumer who holds it."""

    type: ClassVar[str] = "queue.complete"
    order_id: str
    entry_id: UUID | None = None
    grant_id: UUID | None = None
    consumer_id: UUID | None = None
    order: OrderDetails = OrderDetails()


class NotePresence(QueueCommand):
    """These waiting people polled or listened lately. `listened`: with them the gateway has told of all whom it saw."""

    type: ClassVar[str] = "queue.note_presence"
    entry_ids: tuple[UUID, ...]
    listened: bool = False


class SignGrant(QueueCommand):
    """Sign a live grant for its holder, who looks at it."""

    type: ClassVar[str] = "queue.sign_grant"
    entry_id: UUID
    grant_id: UUID
