"""What an organization does with a queue: make, change, hold, go on, end, put away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from domain.command import SYSTEM_ACTOR, Actor
from domain.decision import Decision, Refused, Reply, refuse
from domain.distribution.state import Ended, Lifecycle, Pause
from domain.distribution.windows import outside
from domain.problems import first_problem
from domain.queue import events
from domain.queue.commands import CreateQueue, KillQueue, PauseQueue, ResumeQueue, UpdateQueue
from domain.queue.config import QueueConfig
from domain.queue.rules.idling import asking
from domain.queue.state import Entry, Extension, Queue
from domain.queue.view import queue_facts
from domain.sequence import SequenceFacts
from domain.settings import actor_text, changed, revised
from domain.times import Times

_FROZEN_AT_ENTRY = frozenset({"timeZone", "onExpiry", "requeueLimit"})
_FROZEN_AT_OPENING = frozenset({"openAt", "entryOpenAt"})
_LAST = datetime.max.replace(tzinfo=UTC)


def create(
    made: Queue | None,
    sequence: SequenceFacts | None,
    secret: bytes,
    queue_id: UUID,
    command: CreateQueue,
    by: Actor,
    times: Times,
) -> Decision:
    """Make a queue; its secret seed is committed to from now on. A second copy of the command finds what it made."""
    if made is not None:
        return Decision(Reply(queue_facts(made, times), created=True))
    if sequence is None:
        return refuse("SEQUENCE_NOT_FOUND", "There is no such sequence.")
    refused = outside(sequence, command.config.open_at, command.config.close_at)
    if refused is not None:
        return Decision(refused)
    queue = Queue(
        tenant_id=sequence.tenant_id, id=queue_id, organization_id=sequence.organization_id,
        experience_id=sequence.experience_id, sequence_id=sequence.id, config=command.config, server_seed=secret,
        created_at=times.now, updated_at=times.now, created_by=actor_text(by), updated_by=actor_text(by),
        published=sequence.published, allow_guests=sequence.allow_guests,
    )  # fmt: skip
    happened = events.QueueChanged("created", times.now)
    return Decision(Reply(queue_facts(queue, times), created=True), saves=(queue,), events=(happened,))


def update(
    queue: Queue, sequence: SequenceFacts | None, command: UpdateQueue, times: Times, *, by: Actor = SYSTEM_ACTOR
) -> Decision:
    """Change settings; those that others rely on are frozen once they do. What changes nothing is not a change."""
    if command.if_version is not None and command.if_version != queue.version:
        return refuse("VERSION_CONFLICT", f"The queue is at version {queue.version} now.")
    if queue.ended is not None or queue.archived:
        return refuse("DISTRIBUTION_CLOSED", "The queue has ended.")
    try:
        config = revised(queue.config, command.changes, replace=command.replace)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    fields = changed(queue.config, config)
    if not fields:
        return Decision(Reply(queue_facts(queue, times)))
    refused = _frozen(queue, config, fields, times) or (sequence and outside(sequence, config.open_at, config.close_at))
    if refused:
        return Decision(refused)
    return _with(asking(queue, replace(queue, config=config), times.now), "updated", by, times, fields=fields)


def archive(queue: Queue, if_version: int | None, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """Take a queue out of the lists; not while somebody waits or is inside."""
    if if_version is not None and if_version != queue.version:
        return refuse("VERSION_CONFLICT", f"The queue is at version {queue.version} now.")
    if queue.line.waiting or queue.line.inside:
        return refuse("HAS_LIVE_PARTICIPANTS", "People wait or hold grants; kill the queue first, or let it be served.")
    return _with(replace(queue, archived=True), "archived", by, times)


def pause(queue: Queue, command: PauseQueue, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """Hold back grants, entries or both. Live grants run on."""
    if queue.lifecycle(times.now) is Lifecycle.CLOSED:
        return refuse("DISTRIBUTION_CLOSED", "The queue is closed.")
    if queue.pause is not None:
        return refuse("ALREADY_PAUSED", "The queue is paused already.")
    held = Pause(command.scope, times.now, command.resume_at, command.reason, actor_text(by))
    return _with(replace(queue, pause=held), "paused", by, times, reason=command.reason)


def resume(
    queue: Queue, given: Sequence[Entry], command: ResumeQueue, times: Times, *, by: Actor = SYSTEM_ACTOR
) -> Decision:
    """Go on. Credit beyond what may be saved is lost in a pause, so going on starts no rush.

    Live grants may get longer: those that were `given` at this very moment at once, earlier ones in slices (`extend`).
    """
    if queue.pause is None:
        return refuse("NOT_PAUSED", "The queue is not paused.")
    going = _going(queue, times.now)
    if command.shift_schedule:
        going = replace(going, config=_shifted(queue.config, queue.pause.since, times.now))
    if command.extend_grants_seconds:
        promised = Extension(times.now, command.extend_grants_seconds)
        going = replace(going, extensions=(*queue.extensions, promised))
    decision, longer = _with(going, "resumed", by, times), _longer(given, command.extend_grants_seconds)
    return replace(decision, saves=decision.saves + longer.saves, events=decision.events + longer.events)


def extend(queue: Queue, live: Sequence[Entry], *, ended: bool) -> Decision:
    """Let the next grants of the first extension get longer; with `ended` they are its last."""
    first, *rest = queue.extensions
    longer = _longer(live, first.seconds)
    if live:
        first = replace(first, last_at=live[-1].granted_at, last_id=live[-1].id)
    after = replace(queue, extensions=tuple(rest) if ended else (first, *rest))
    return replace(longer, saves=(after, *longer.saves))


def resume_if_due(queue: Queue, times: Times) -> Decision:
    """Go on by itself at the moment that was announced: who came before it came to a queue that was paused."""
    if queue.pause is None or queue.pause.resume_at is None or times.received_at < queue.pause.resume_at:
        return Decision(Reply())
    return _with(_going(queue, times.now), "resumed", SYSTEM_ACTOR, times)


def kill(queue: Queue, command: KillQueue, times: Times, *, by: Actor = SYSTEM_ACTOR) -> Decision:
    """End a queue for good: one write; those who wait are denied in slices afterwards."""
    if queue.lifecycle(times.now) is Lifecycle.CLOSED:
        return refuse("DISTRIBUTION_CLOSED", "The queue is closed already.")
    ended = Ended(times.now, command.reason, command.revoke_grants, actor_text(by))
    return _with(replace(queue, ended=ended, pause=None), "killed", by, times, reason=command.reason)


def _going(queue: Queue, now: datetime) -> Queue:
    """The queue without its pause. Its speed is measured anew, because a pause says nothing about how fast it is."""
    return replace(queue, pause=None).with_line(speed_at=queue.line.speed_at and now, speed_head=queue.line.head)


def _shifted(config: QueueConfig, since: datetime, now: datetime) -> QueueConfig:
    """The settings with the ends that had not come when the pause began put off by its length."""
    ends = {"close_at": config.close_at, "service_close_at": config.service_close_at}
    moved = {name: end + min(now - since, _LAST - end) for name, end in ends.items() if end is not None and end > since}
    return config.model_copy(update=moved)


def _longer(live: Sequence[Entry], seconds: int) -> Decision:
    more, saves = timedelta(seconds=seconds), list[Entry]()
    for entry in live if seconds else ():
        later = entry.expires_at and entry.expires_at + more
        saves.append(replace(entry, expires_at=later, version=entry.version + 1))
    told = (events.Extended(one.id, one.consumer_id, one.version, one.grant_id, one.expires_at) for one in saves)
    return Decision(Reply(), saves=tuple(saves), events=tuple(told))


def _with(
    queue: Queue,
    change: str,
    by: Actor,
    times: Times,
    *,
    reason: str | None = None,
    fields: tuple[str, ...] | None = None,
) -> Decision:
    after = replace(queue, version=queue.version + 1, updated_at=times.now, updated_by=actor_text(by))
    happened = events.QueueChanged(change, times.now, reason, fields)
    return Decision(Reply(queue_facts(after, times)), saves=(after,), events=(happened,))


def _frozen(queue: Queue, config: QueueConfig, fields: Collection[str], times: Times) -> Refused | None:
    """Why these fields, by their names on the wire, can no longer change like this."""
    entries = queue.config.entries_from
    entering = queue.line.tickets > 0 or (queue.published and (entries is None or times.now >= entries))
    frozen = set(_FROZEN_AT_ENTRY if entering else ()) | set(_FROZEN_AT_OPENING if queue.line.opened_at else ())
    hit = sorted(frozen.intersection(fields))
    if hit:
        return Refused("FIELD_FROZEN", f"{', '.join(hit)} can no longer change.", field="/" + hit[0])
    before, after = queue.config.close_at, config.close_at
    if before is not None and entering and after is not None and after < before:
        return Refused("FIELD_FROZEN", "closeAt may only move later.", field="/closeAt")
    for field, (wanted, used) in _limits(queue, config).items():
        if field in fields and wanted is not None and wanted < used:
            return Refused("FIELD_FROZEN", f"{field} is below the {used} in use.", field="/" + field)
    return None


def _limits(queue: Queue, config: QueueConfig) -> dict[str, tuple[int | None, int]]:
    """Each limit that is wanted, and how much of it is used."""
    return {
        "capacity": (config.capacity, queue.line.waiting),
        "maxAdmissions": (config.max_admissions, queue.line.admitted),
        "maxActiveGrants": (config.max_active_grants, queue.line.inside),
    }
