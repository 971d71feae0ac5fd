"""How an experience comes to be, changes, is shown, hidden and put away."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from collections.abc import Sequence as Listed
from dataclasses import replace
from uuid import UUID

from pydantic import ValidationError

from domain.command import Actor
from domain.decision import Decision, Refused, Reply, refuse
from domain.experiences import events
from domain.experiences.commands import (
    ArchiveExperience,
    CreateExperience,
    DuplicateExperience,
    Nested,
    UpdateExperience,
)
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.experiences.rules.paths import in_order
from domain.experiences.state import Defaults, Distribution, Experience, Launch, Sequence
from domain.experiences.view import experience_facts
from domain.ids import id_under
from domain.problems import first_problem
from domain.settings import actor_text, changed, revised
from domain.slugs import free_slug, slug_of, well_formed
from domain.tenant import TenantFacts
from domain.times import Times, shifted

SHORTEST, LONGEST = 3, 80
DEFAULT = SequenceConfig(name="Default")
NOT_FOUND = Refused("EXPERIENCE_NOT_FOUND", "There is no such experience.")
TOO_FAR = Refused("VALIDATION_ERROR", "A date would leave the calendar.", field="/shiftSeconds")
LIVE = Refused("HAS_LIVE_PARTICIPANTS", "People take part in it; end its distributions first, or let them be served.")


def create(
    tenant: TenantFacts,
    defaults: Defaults,
    taken: Collection[str],
    experience_id: UUID,
    command: CreateExperience,
    by: Actor,
    times: Times,
) -> Decision:
    """Make an experience with its sequences; without any it gets one, so that a distribution has where to belong.

    `taken` are the slugs in use. A slug that follows from the name gets a number when another has it already.
    """
    slug, refused = _new_slug(command.config, experience_id, taken)
    if refused is not None:
        return Decision(refused)
    author = actor_text(by)
    experience = Experience(
        tenant.tenant_id, experience_id, tenant.organization_id, command.config.model_copy(update={"slug": slug}),
        times.now, times.now, author, author,
    )  # fmt: skip
    wanted = enumerate(command.sequences or (DEFAULT,))
    paths = in_order(_path(experience, place, config) for place, config in wanted)
    told = Reply(experience_facts(Launch(experience, paths, (), defaults)), created=True)
    happened = events.ExperienceChanged(experience.id, "created", times.now)
    return Decision(told, saves=(experience, *paths), events=(happened,))


def update(
    launch: Launch, taken: Collection[str], command: UpdateExperience, by: Actor, times: Times, *, paid: bool
) -> Decision:
    """Change settings. A new slug must be free, and no distribution may come to lie outside the window.

    With `paid` an order with money was recorded under it: what that money is in stays.
    """
    before = launch.experience.config
    if command.if_version not in {None, launch.experience.version}:
        return _moved(launch)
    try:
        config = revised(before, command.changes, replace=command.replace)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    config = config if config.slug else config.model_copy(update={"slug": before.slug})
    fields = changed(before, config)
    refused = _slug_refused(config.slug or "", taken) if "slug" in fields else None
    refused = refused or _outside(config, launch.distributions) or _other_money(launch, config, paid=paid)
    if refused is not None or not fields:
        return Decision(refused or Reply(experience_facts(launch)))
    return _with(launch, replace(launch.experience, config=config), "updated", by, times, fields=fields)


def publish(launch: Launch, by: Actor, times: Times) -> Decision:
    """Show it to the public; twice is once."""
    if launch.experience.published:
        return Decision(Reply(experience_facts(launch)))
    if not launch.paths:
        return refuse("NOTHING_TO_PUBLISH", "The experience has no sequence.")
    return _with(launch, replace(launch.experience, published=True), "published", by, times)


def unpublish(launch: Launch, by: Actor, times: Times) -> Decision:
    """Hide it from the public, not while somebody takes part; twice is once."""
    if not launch.experience.published:
        return Decision(Reply(experience_facts(launch)))
    if any(one.live for one in launch.distributions):
        return Decision(LIVE)
    return _with(launch, replace(launch.experience, published=False), "unpublished", by, times)


def archive(launch: Launch, command: ArchiveExperience, by: Actor, times: Times) -> Decision:
    """Take it out of the lists with its sequences, not while somebody takes part. It is hidden from then on."""
    if command.if_version not in {None, launch.experience.version}:
        return _moved(launch)
    if any(one.live for one in launch.distributions):
        return Decision(LIVE)
    gone = replace(launch.experience, archived=True, published=False)
    decision = _with(launch, gone, "archived", by, times)
    author = actor_text(by)
    paths = tuple(
        replace(path, archived=True, version=path.version + 1, updated_at=times.now, updated_by=author)
        for path in launch.paths
    )
    return replace(decision, saves=decision.saves + paths)


def sequence_id(experience_id: UUID, place: int) -> UUID:
    """The id of the sequence that an experience is made with at this place; ids follow the places."""
    return nested_id(experience_id, b"drumroll/first-sequence/1", place)


def distribution_id(experience_id: UUID, place: int) -> UUID:
    """The id of the distribution that an experience is made with at this place; ids follow the places."""
    return nested_id(experience_id, b"drumroll/first-distribution/1", place)


def nested_id(parent: UUID, label: bytes, place: int) -> UUID:
    """An id that follows from a place under what it is made with; of two under one label the first is the smaller."""
    at = place.to_bytes(2, "big")
    return id_under(parent, at + hashlib.sha256(label + b"\x00" + parent.bytes + at).digest())


def copy_of(launch: Launch, distributions: Listed[Nested], command: DuplicateExperience) -> CreateExperience:
    """The command that makes the copy; `distributions` are those of the original, moved already. The slug is a new one.

    OverflowError when a date would leave the calendar.
    """
    before, seconds = launch.experience.config, command.shift_seconds
    opens, closes = shifted(before.open_at, seconds), shifted(before.close_at, seconds)
    changes = {"name": command.name or before.name, "slug": None, "open_at": opens, "close_at": closes}
    return CreateExperience(
        tenant_id=command.tenant_id, config=before.model_copy(update=changes),
        sequences=tuple(path.config for path in launch.paths), distributions=tuple(distributions),
    )  # fmt: skip


def slug_asked_for(asked: ExperienceConfig | UpdateExperience, experience_id: UUID) -> str:
    """The slug that is asked for, given or following from the name; empty where none is."""
    if isinstance(asked, UpdateExperience):
        slug = asked.changes.get("slug")
        return slug if isinstance(slug, str) else ""
    return asked.slug or slug_of(asked.name, SHORTEST, LONGEST, f"experience-{experience_id.hex[-8:]}")


def _new_slug(config: ExperienceConfig, experience_id: UUID, taken: Collection[str]) -> tuple[str, Refused | None]:
    slug = slug_asked_for(config, experience_id)
    if config.slug is None:
        return free_slug(slug, LONGEST, taken), None
    return slug, _slug_refused(slug, taken)


def _slug_refused(slug: str, taken: Collection[str]) -> Refused | None:
    if not well_formed(slug, SHORTEST, LONGEST):
        detail = f"A slug has {SHORTEST} to {LONGEST} small letters, digits and single hyphens between them."
        return Refused("SLUG_INVALID", detail, field="/slug")
    if slug in taken:
        return Refused("SLUG_TAKEN", "Another experience has this slug.", field="/slug")
    return None


def _outside(config: ExperienceConfig, distributions: Iterable[Distribution]) -> Refused | None:
    for one in distributions:
        if config.open_at is not None and one.open_at is not None and one.open_at < config.open_at:
            return Refused("INVALID_WINDOW", f"Distribution {one.id} opens before that.", field="/openAt")
        if config.close_at is not None and one.close_at is not None and one.close_at > config.close_at:
            return Refused("INVALID_WINDOW", f"Distribution {one.id} closes after that.", field="/closeAt")
    return None


def _other_money(launch: Launch, config: ExperienceConfig, *, paid: bool) -> Refused | None:
    own = launch.defaults.currency_code
    before, after = launch.experience.config.currency_code or own, config.currency_code or own
    if not paid or before == after:
        return None
    return Refused("FIELD_FROZEN", f"Orders were recorded in {before} already.", field="/currencyCode")


def _path(experience: Experience, place: int, config: SequenceConfig) -> Sequence:
    own_id = sequence_id(experience.id, place)
    at, author = experience.created_at, experience.created_by
    return Sequence(experience.tenant_id, own_id, experience.id, config, at, at, author, author)


def _moved(launch: Launch) -> Decision:
    return refuse("VERSION_CONFLICT", f"The experience is at version {launch.experience.version} now.")


def _with(
    launch: Launch,
    experience: Experience,
    change: str,
    by: Actor,
    times: Times,
    *,
    fields: tuple[str, ...] | None = None,
) -> Decision:
    after = replace(experience, version=experience.version + 1, updated_at=times.now, updated_by=actor_text(by))
    happened = events.ExperienceChanged(after.id, change, times.now, fields)
    return Decision(Reply(experience_facts(replace(launch, experience=after))), saves=(after,), events=(happened,))
