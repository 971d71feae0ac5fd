"""The laws that every kind keeps, on the real worker and a real store."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.catalogue import COMMANDS
from domain.command import SYSTEM_ACTOR, Envelope
from store import command_log
from tests.conformance.kind import Kind, Scene
from tests.conformance.kinds import KINDS
from tests.support.database import PARTITIONS
from tests.support.works import Works

ROOT = Path(__file__).parents[2]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def each(member: str) -> pytest.MarkDecorator:
    """Every kind with every one of these."""
    found = [(kind, name) for kind in KINDS for name in getattr(kind, member)]
    return pytest.mark.parametrize(("kind", "name"), found, ids=[name for _, name in found])


@pytest.fixture(scope="module")
def scenes(works: Works) -> dict[str, tuple[Scene, Scene]]:
    """Of every kind two scenes, in two organizations, for tests that must not change them."""
    return {kind.name: (kind.scene(works), kind.scene(works)) for kind in KINDS}


@every_kind
def test_every_command_of_a_kind_is_looked_at(kind: Kind) -> None:
    assert set(kind.commands) == {name for name, command in COMMANDS.items() if command.topic == kind.name}
    assert kind.counting <= set(kind.commands)


@each("commands")
def test_a_command_that_comes_twice_has_one_effect(works: Works, kind: Kind, name: str) -> None:
    for keyed in ("fingerprint",) if name in kind.counting else ("fingerprint", None):
        _comes_twice(kind.scene(works), kind, name, keyed)


def _comes_twice(scene: Scene, kind: Kind, name: str, keyed: str | None) -> None:
    command = kind.commands[name](scene)
    own_id = command.aggregate_id if name.endswith(".create") else uuid4()
    first = scene.ask(command, command_id=own_id, keyed=keyed)
    assert "refused" not in first, first
    after = kind.states(scene)
    again = scene.ask(command, command_id=own_id, keyed=keyed)
    assert kind.states(scene) == after
    assert keyed is None or again == first


@each("commands")
def test_nobody_can_touch_what_another_organization_has(
    scenes: dict[str, tuple[Scene, Scene]], kind: Kind, name: str
) -> None:
    mine, theirs = scenes[kind.name]
    before = kind.states(mine), kind.states(theirs)
    outcome = theirs.ask(kind.commands[name](mine))
    assert outcome["refused"]["code"] in kind.not_found
    assert (kind.states(mine), kind.states(theirs)) == before


@each("foreign")
def test_nobody_can_use_what_another_organization_has(
    scenes: dict[str, tuple[Scene, Scene]], kind: Kind, name: str
) -> None:
    mine, theirs = scenes[kind.name]
    before = kind.states(mine), kind.states(theirs)
    outcome = mine.ask(kind.foreign[name](mine, theirs))
    assert (kind.states(mine), kind.states(theirs)) == before
    assert not _names(outcome.get("body"), {str(theirs.tenant_id), *_ids(theirs)})


@each("refusals")
def test_a_refusal_changes_nothing(scenes: dict[str, tuple[Scene, Scene]], kind: Kind, name: str) -> None:
    scene, _ = scenes[kind.name]
    before = kind.states(scene)
    outcome = scene.ask(kind.refusals[name](scene))
    assert outcome["refused"]["code"] == name.partition(" ")[0]
    assert kind.states(scene) == before


@every_kind
def test_nothing_is_accepted_before_the_beginning_or_after_the_end_by_the_moment_of_receipt(
    works: Works, kind: Kind
) -> None:
    window, instant = kind.window(works), timedelta(microseconds=1)
    received = [window.begins - instant, window.begins, window.ends - instant, window.ends]
    works.database.advance("1 day")
    sent = [Envelope(uuid4(), window.scene.tenant_id, SYSTEM_ACTOR, uuid4(), window.joining()) for _ in received]
    with works.owner.begin() as connection:
        for envelope, moment in zip(sent, received, strict=True):
            command_log.append_as_of(connection, envelope, PARTITIONS, moment)
    works.settle()
    told = [(window.scene.outcome(one.id).get("refused") or {}).get("code") for one in sent]
    assert told == [window.too_early, None, None, window.too_late]


@every_kind
@pytest.mark.parametrize("seed", range(3))
def test_there_are_never_more_places_taken_than_there_are(works: Works, kind: Kind, seed: int) -> None:
    steps = list(kind.crowd(works, Random(seed)))
    assert [place for places in steps for place in places if place.taken > place.most] == []
    full = {place.name for places in steps for place in places if place.taken == place.most}
    assert full == {place.name for place in steps[0]}, "nothing was ever full"


@every_kind
def test_whoever_changed_is_named_to_those_who_hold_a_copy(works: Works, kind: Kind) -> None:
    before, changes = dict[UUID, tuple[UUID, int]](), 0
    last = works.rows("SELECT coalesce(max(seq), 0) AS seq FROM journal")[0].seq
    for _ in kind.crowd(works, Random(1)):
        rows = works.rows(f"SELECT id, consumer_id, version FROM {kind.name}_entry")  # noqa: S608 (our own names)
        now = {row.id: (row.consumer_id, row.version) for row in rows}
        changed = {now[own_id][0] for own_id in before.keys() & now.keys() if now[own_id] != before[own_id]}
        pages = works.rows("SELECT seq, changed FROM journal WHERE seq > %s ORDER BY seq", last)
        assert changed <= {person for page in pages for person in page.changed}
        before, changes, last = now, changes + len(changed), max([last, *(page.seq for page in pages)])
    assert changes > 0


@every_kind
def test_the_same_life_has_the_same_outcome_in_every_process(kind: Kind) -> None:
    script = f"""from random import Random
from tests.conformance.kinds import KINDS
print(next(kind for kind in KINDS if kind.name == {kind.name!r}).life(Random(7)), end="")"""
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={"PYTHONHASHSEED": "1"}, check=True, capture_output=True, text=True
    ).stdout  # fmt: skip
    assert told == kind.life(Random(7)) == kind.life(Random(7))
    assert told != kind.life(Random(8))


def _ids(scene: Scene) -> set[str]:
    """The ids of what belongs to a scene."""
    own = [one for value in scene.own.values() for one in (value.values() if isinstance(value, dict) else [value])]
    return {str(one) for one in own if one is not None}


def _names(told: Any, ids: set[str]) -> bool:
    """Whether an answer names one of these."""
    return any(str(value) in ids for value in (told or {}).values())
