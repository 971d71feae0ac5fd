"""How a sequence comes to be, changes and is put away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from pydantic import ValidationError

from domain.command import Actor
from domain.decision import Decision, Refused, Reply, refuse
from domain.experiences import events
from domain.experiences.commands import ArchiveSequence, CreateSequence, UpdateSequence
from domain.experiences.state import Launch, Sequence
from domain.experiences.view import sequence_facts
from domain.problems import first_problem
from domain.settings import actor_text, changed, revised
from domain.times import Times

NOT_FOUND = Refused("SEQUENCE_NOT_FOUND", "There is no such sequence.")
LIVE = Refused("HAS_LIVE_PARTICIPANTS", "People take part in it; end its distributions first, or let them be served.")


def in_order(paths: Iterable[Sequence]) -> tuple[Sequence, ...]:
    """The higher priority first; of equal ones the older."""
    return tuple(sorted(paths, key=lambda path: (-path.config.priority, path.created_at, path.id)))


def create_sequence(launch: Launch, sequence_id: UUID, command: CreateSequence, by: Actor, times: Times) -> Decision:
    """Make a sequence. A second copy of the command finds what it made."""
    made = next((path for path in launch.paths if path.id == sequence_id), None)
    if made is not None:
        return Decision(Reply(sequence_facts(made, launch.offered), created=True))
    author, of = actor_text(by), launch.experience
    path = Sequence(of.tenant_id, sequence_id, of.id, command.config, times.now, times.now, author, author)
    happened = events.SequenceChanged(path.id, of.id, "created", times.now)
    return Decision(Reply(sequence_facts(path, ()), created=True), saves=(path,), events=(happened,))


def update_sequence(path: Sequence, launch: Launch, command: UpdateSequence, by: Actor, times: Times) -> Decision:
    """Change settings."""
    if command.if_version not in {None, path.version}:
        return _moved(path)
    try:
        config = revised(path.config, command.changes, replace=command.replace)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    fields = changed(path.config, config)
    if not fields:
        return Decision(Reply(sequence_facts(path, launch.offered)))
    return _with(replace(path, config=config), launch, "updated", by, times, fields=fields)


def archive_sequence(path: Sequence, launch: Launch, command: ArchiveSequence, by: Actor, times: Times) -> Decision:
    """Take it out of the lists, not while somebody takes part."""
    if command.if_version not in {None, path.version}:
        return _moved(path)
    if any(one.live for one in launch.distributions if one.sequence_id == path.id):
        return Decision(LIVE)
    return _with(replace(path, archived=True), launch, "archived", by, times)


def _moved(path: Sequence) -> Decision:
    return refuse("VERSION_CONFLICT", f"The sequence is at version {path.version} now.")


def _with(
    path: Sequence, launch: Launch, change: str, by: Actor, times: Times, *, fields: tuple[str, ...] | None = None
) -> Decision:
    after = replace(path, version=path.version + 1, updated_at=times.now, updated_by=actor_text(by))
    happened = events.SequenceChanged(after.id, after.experience_id, change, times.now, fields)
    return Decision(Reply(sequence_facts(after, launch.offered)), saves=(after,), events=(happened,))
