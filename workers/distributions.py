"""What an experience needs of the kinds of its distributions: where each stands, what to tell it. One line a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.command import Actor, Command, Envelope
from domain.decision import Decision, Event, Refused
from domain.draw import rules as draw_rules
from domain.draw.commands import ArchiveDraw, KnockDraw
from domain.draw.state import Draw
from domain.draw.view import draw_facts
from domain.experiences import rules
from domain.experiences.commands import CreateExperience, Nested
from domain.experiences.state import Distribution, Experience
from domain.experiences.state import Sequence as Path
from domain.queue import rules as queue_rules
from domain.queue.commands import ArchiveQueue, KnockQueue
from domain.queue.state import Queue
from domain.queue.view import queue_facts
from domain.sequence import SequenceFacts
from domain.tenant import TenantFacts
from domain.times import Times
from runtime.clock import Clock
from store.repositories.base import Repository, Tenancy
from store.repositories.experiences import draws_of, queues_of
from store.work import Work


class _Under(Protocol):
    """A distribution of any kind, as it belongs to an experience."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def experience_id(self) -> UUID:
        """The experience."""

    @property
    def archived(self) -> bool:
        """Whether it was put away."""


D = TypeVar("D", bound=_Under)


class Kind(NamedTuple):
    """How the distributions of a kind are found, knocked at, put away, made under a sequence, copied and shown.

    `member` is where a sequence shows them. `settings` are those of a copy, every date moved by so many seconds.
    """

    name: str
    member: str
    found: Callable[[Work, UUID, Times], list[Distribution]]
    knock: Callable[[UUID], Command]
    archive: Callable[[UUID], Command]
    make: Callable[[SequenceFacts, UUID, Mapping[str, Any], Actor, Times], Decision]
    settings: Callable[[Work, UUID, int], dict[str, Any]]
    facts: Callable[[Work, UUID, Times], dict[str, Any]]


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


def with_nested(
    work: Work, tenant: TenantFacts, decision: Decision, sent: Envelope[Any], command: CreateExperience, times: Times
) -> Decision:
    """The decision that makes an experience, with its distributions made too; one that may not be refuses all of it.

    A distribution that is only now made has no other writer yet. What happens to it is told on its own pages.
    """
    if not decision.saves or not command.distributions:
        return decision
    experience = decision.saves[0]
    assert isinstance(experience, Experience)  # noqa: S101 (narrows the type; an experience is saved before its sequences)
    made, told = list[object](), list[tuple[UUID, Event]]()
    for place, nested in enumerate(command.distributions):
        own_id = rules.distribution_id(experience.id, place)
        under = _sequence_facts(tenant, experience, rules.sequence_id(experience.id, nested.sequence))
        one = _BY_NAME[nested.type].make(under, own_id, nested.settings, sent.actor, times)
        if isinstance(one.outcome, Refused):
            return Decision(_within(one.outcome, command, place))
        made += one.saves
        told += [(own_id, event) for event in one.events]
    for own_id, event in told:
        work.page(own_id).events.append(event.facts())
    return replace(decision, saves=(*decision.saves, *made))


def nested_of(
    work: Work, distributions: Iterable[Distribution], paths: Iterable[Path], seconds: int
) -> tuple[Nested, ...]:
    """How the distributions of these sequences are asked for once more, every date moved. OverflowError at the end of time."""
    places = {path.id: place for place, path in enumerate(paths)}
    return tuple(
        Nested(
            sequence=places[one.sequence_id], type=one.type,
            settings=_BY_NAME[one.type].settings(work, one.id, seconds),
        )
        for one in distributions
        if one.sequence_id in places
    )  # fmt: skip


def shown_with(
    work: Work, facts: Mapping[str, Any], distributions: Iterable[Distribution], times: Times
) -> dict[str, Any]:
    """The facts of an experience, each sequence with the facts of what it distributes."""
    found = list(distributions)
    sequences = []
    for path in facts["sequences"]:
        own = [one for one in found if str(one.sequence_id) == path["id"]]
        of = {kind.member: [kind.facts(work, one.id, times) for one in own if one.type == kind.name] for kind in KINDS}
        sequences.append({**path, **of})
    return {**facts, "sequences": sequences}


def _within(refused: Refused, command: CreateExperience, place: int) -> Refused:
    """The refusal of a distribution, its member named as in the whole that was asked for."""
    under = command.distributions[place].sequence
    before = sum(one.sequence == under for one in command.distributions[:place])
    return replace(refused, field=f"/sequences/{under}/distributions/{before}{refused.field or ''}")


def _sequence_facts(tenant: TenantFacts, experience: Experience, sequence_id: UUID) -> SequenceFacts:
    config = experience.config
    return SequenceFacts(
        tenant.tenant_id, sequence_id, tenant.organization_id, experience.id, experience.published,
        tenant.allow_guests, config.open_at, config.close_at,
    )  # fmt: skip


def _found(
    ids: list[UUID], known: Repository[UUID, D], scope: Tenancy, experience_id: UUID, facts: Callable[[D], Distribution]
) -> list[Distribution]:
    """The distributions of a kind that an experience has, those included that this drain has only now made."""
    for own_id in ids:
        known.want(own_id)
    stored = [one for own_id in ids if (one := known.get(own_id)) is not None]
    fresh = [one for one in known.touched() if one.experience_id == experience_id and one.id not in ids]
    mine = [one for one in fresh if one.tenant_id == scope.tenant_id]
    return [facts(one) for one in (*stored, *mine) if not one.archived]


def _queues(work: Work, experience_id: UUID, times: Times) -> list[Distribution]:
    ids = queues_of(work.scope, experience_id)
    return _found(ids, work.queues, work.scope, experience_id, lambda one: _queue_facts(one, times))


def _queue_facts(queue: Queue, times: Times) -> Distribution:
    live, config = bool(queue.line.waiting or queue.line.inside), queue.config
    lifecycle = replace(queue, published=True).lifecycle(times.now).value
    return Distribution(queue.id, queue.sequence_id, lifecycle, live, config.open_at, config.close_at, QUEUE.name)


def _draws(work: Work, experience_id: UUID, times: Times) -> list[Distribution]:
    ids = draws_of(work.scope, experience_id)
    return _found(ids, work.draws, work.scope, experience_id, lambda one: _draw_facts(one, times))


def _draw_facts(draw: Draw, times: Times) -> Distribution:
    live, config = draw_rules.is_live(draw), draw.config
    lifecycle = replace(draw, published=True).lifecycle(times.now).value
    return Distribution(draw.id, draw.sequence_id, lifecycle, live, config.open_at, config.closes_at, DRAW.name)


def _known(repository: Repository[UUID, D], own_id: UUID) -> D:
    found = repository.get(own_id)
    assert found is not None  # noqa: S101 (narrows the type; it was found before)
    return found


QUEUE = Kind(
    name="queue", member="queues", found=_queues,
    knock=lambda own_id: KnockQueue(queue_id=own_id), archive=lambda own_id: ArchiveQueue(queue_id=own_id),
    make=lambda under, own_id, settings, by, times: queue_rules.create_nested(
        under, Clock.entropy(32), own_id, settings, by, times
    ),
    settings=lambda work, own_id, seconds: queue_rules.copied(_known(work.queues, own_id).config, seconds),
    facts=lambda work, own_id, times: queue_facts(_known(work.queues, own_id), times),
)  # fmt: skip
DRAW = Kind(
    name="draw", member="draws", found=_draws,
    knock=lambda own_id: KnockDraw(draw_id=own_id), archive=lambda own_id: ArchiveDraw(draw_id=own_id),
    make=lambda under, own_id, settings, by, times: draw_rules.create_nested(
        under, Clock.entropy(32), own_id, settings, by, times
    ),
    settings=lambda work, own_id, seconds: draw_rules.copied(_known(work.draws, own_id).config, seconds),
    facts=lambda work, own_id, times: draw_facts(_known(work.draws, own_id), times),
)  # fmt: skip
KINDS = (QUEUE, DRAW)
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
