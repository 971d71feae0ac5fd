"""What an experience needs of the kinds of its distributions: where each stands, what to tell it. One line a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from domain.command import Command
from domain.decision import Decision
from domain.experiences.state import Distribution
from domain.queue.commands import ArchiveQueue, KnockQueue
from domain.queue.state import Queue
from domain.times import Times
from store.repositories.experiences import queues_of
from store.work import Work


class Kind(NamedTuple):
    """How the distributions of a kind are found, knocked at and put away."""

    found: Callable[[Work, UUID, Times], list[Distribution]]
    knock: Callable[[UUID], Command]
    archive: Callable[[UUID], Command]


def distributions_of(work: Work, experience_id: UUID, times: Times) -> tuple[Distribution, ...]:
    """Every distribution of an experience, as it stood when its own worker last committed."""
    return tuple(one for kind in KINDS for one in kind.found(work, experience_id, times))


def knocked(work: Work, decision: Decision, experience_id: UUID, times: Times) -> Decision:
    """The decision, and when it changes anything a knock at every distribution of the experience.

    Whether an experience is published, and when, decides what is due in its distributions.
    """
    if not decision.saves:
        return decision
    knocks = [kind.knock(one.id) for kind in KINDS for one in kind.found(work, experience_id, times)]
    return replace(decision, follow_ups=(*decision.follow_ups, *knocks))


def archived(
    work: Work, decision: Decision, experience_id: UUID, times: Times, *, sequence_id: UUID | None = None
) -> Decision:
    """The decision, and when it changes anything every distribution of the experience, or of one sequence, put away."""
    if not decision.saves:
        return decision
    mine = [(kind, one) for kind in KINDS for one in kind.found(work, experience_id, times)]
    gone = [kind.archive(one.id) for kind, one in mine if sequence_id in {None, one.sequence_id}]
    return replace(decision, follow_ups=(*decision.follow_ups, *gone))


def _queues(work: Work, experience_id: UUID, times: Times) -> list[Distribution]:
    ids = queues_of(work.scope, experience_id)
    for queue_id in ids:
        work.queues.want(queue_id)
    found = (work.queues.get(queue_id) for queue_id in ids)
    return [_facts(queue, times) for queue in found if queue is not None]


def _facts(queue: Queue, times: Times) -> Distribution:
    live, config = bool(queue.line.waiting or queue.line.inside), queue.config
    lifecycle = replace(queue, published=True).lifecycle(times.now).value
    return Distribution(queue.id, queue.sequence_id, lifecycle, live, config.open_at, config.close_at)


KINDS = (Kind(_queues, lambda own_id: KnockQueue(queue_id=own_id), lambda own_id: ArchiveQueue(queue_id=own_id)),)
