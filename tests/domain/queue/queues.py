"""Queues and participations for tests of rules: plain functions with defaults."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.command import Actor
from domain.decision import Decision, Refused, Reply
from domain.queue import rules
from domain.queue.config import QueueConfig
from domain.queue.state import Entry, Line, Queue, Status
from domain.sequence import SequenceFacts
from domain.times import Times

NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
TENANT, QUEUE, SEQUENCE = UUID(int=1), UUID("01900000-0000-7000-8000-0000000000aa"), UUID(int=4)
ADA, BEN, CLEO = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
KEY = Actor("key", UUID(int=9))
SECRET = bytes(range(32))


def moment(seconds: float = 0.0) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def at(seconds: float = 0.0, *, decided: float | None = None) -> Times:
    """A command received so long after noon, and decided then or later."""
    return Times(moment(seconds), moment(seconds if decided is None else decided))


def make_config(**settings: Any) -> QueueConfig:
    """Settings of a queue of a person a second; dates may be given as seconds after noon."""
    dated = {name: moment(value) if _is_date(name, value) else value for name, value in settings.items()}
    return QueueConfig.model_validate({"name": "Main door", "admit_rate": 60} | dated)


def _is_date(name: str, value: object) -> bool:
    return name.endswith("_at") and isinstance(value, int | float)


def make_queue(**changes: Any) -> Queue:
    """A queue that was opened at noon, or one with an opening that is yet to come. Settings go to its config."""
    known = {name: changes.pop(name) for name in list(changes) if name in Queue.__dataclass_fields__}
    line = {name: changes.pop(name) for name in list(changes) if name in Line._fields}
    made = Queue(
        tenant_id=TENANT, id=QUEUE, organization_id=UUID(int=2), experience_id=UUID(int=3), sequence_id=SEQUENCE,
        config=make_config(**changes), server_seed=SECRET, created_at=NOON, updated_at=NOON, created_by="tests",
    )  # fmt: skip
    made = replace(made, **known)
    opened = saved_queue(rules.open_if_due(made, at())) or made
    return opened.with_line(**line)


def make_entry(consumer_id: UUID = ADA, ticket: int = 0, status: Status = Status.QUEUED, **changes: Any) -> Entry:
    """A participation that began at noon with this ticket; with a grant, given at noon for a minute, if it had one."""
    facts: dict[str, Any] = {
        "tenant_id": TENANT, "id": UUID(int=0x1000 + ticket), "queue_id": QUEUE, "consumer_id": consumer_id,
        "ticket": ticket, "first_ticket": ticket, "entered_at": NOON, "received_at": NOON, "status": status,
        "seen_at": NOON,
    }  # fmt: skip
    if status in {Status.GRANTED, Status.COMPLETED}:
        facts |= {
            "grant_id": UUID(int=0x2000 + ticket), "granted_at": NOON, "expires_at": moment(60), "dequeued_at": NOON,
        }  # fmt: skip
    return Entry(**facts | changes)


def make_sequence(**changes: Any) -> SequenceFacts:
    """The sequence of the queue, whose experience is published and has no window."""
    facts: dict[str, Any] = {
        "tenant_id": TENANT, "id": SEQUENCE, "organization_id": UUID(int=2), "experience_id": UUID(int=3),
        "published": True, "allow_guests": True, "open_at": None, "close_at": None,
    }  # fmt: skip
    return SequenceFacts(**facts | changes)


def with_people(queue: Queue, entries: Sequence[Entry]) -> Queue:
    """The queue with the counts of these participations, whose tickets are 0, 1, 2 ..."""
    counted = {status: sum(entry.status is status for entry in entries) for status in Status}
    inside, completed = counted[Status.GRANTED], counted[Status.COMPLETED]
    ends = [entry.expires_at for entry in entries if entry.status is Status.GRANTED and entry.expires_at]
    return queue.with_line(
        tickets=len(entries), waiting=counted[Status.QUEUED], inside=inside, admitted=inside + completed,
        completed=completed, lapse_at=min(ends, default=None),
    )  # fmt: skip


def saved_queue(decision: Decision) -> Queue | None:
    """The queue as a decision leaves it, if it changes it."""
    return next((state for state in decision.saves if isinstance(state, Queue)), None)


def the_queue(decision: Decision) -> Queue:
    """The queue that a decision changes."""
    (queue,) = [state for state in decision.saves if isinstance(state, Queue)]
    return queue


def the_entry(decision: Decision) -> Entry:
    """The only participation that a decision changes."""
    (entry,) = [state for state in decision.saves if isinstance(state, Entry)]
    return entry


def reply_of(decision: Decision) -> Reply:
    """The reply of a decision that is no refusal."""
    assert isinstance(decision.outcome, Reply), decision.outcome
    return decision.outcome


def refusal_of(decision: Decision) -> Refused:
    """The refusal of a decision, which changes nothing."""
    assert isinstance(decision.outcome, Refused), decision.outcome
    assert (decision.saves, decision.events, decision.follow_ups, decision.timers) == ((), (), (), ())
    return decision.outcome
