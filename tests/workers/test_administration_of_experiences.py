"""Experiences and sequences on a real store, and what follows for their queues."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

import workers.admission  # noqa: F401 (for its handlers)
from domain.experiences import commands as c
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.queue.commands import CreateQueue, EnterQueue, LeaveQueue
from domain.queue.config import QueueConfig
from tests.support.desk import Desk, Founded
from tests.support.works import Works

NOON, LATER = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(works: Works) -> Desk:
    """A desk at works of its own."""
    return Desk(works)


@pytest.fixture
def hall(desk: Desk) -> Founded:
    """An organization in Vienna."""
    return desk.found(time_zone="Europe/Vienna")


def creating(hall: Founded, *paths: SequenceConfig, **settings: Any) -> c.CreateExperience:
    """The hall wants an experience."""
    config = ExperienceConfig(**{"name": "Opening Night"} | settings)
    return c.CreateExperience(tenant_id=hall.live, config=config, sequences=paths)


def test_an_experience_has_a_sequence_from_the_start(desk: Desk, hall: Founded) -> None:
    told = desk.told(hall.live, creating(hall))
    assert (told["slug"], told["published"], told["lifecycle"]) == ("opening-night", False, "draft")
    assert (told["timeZone"], told["currencyCode"]) == ("Europe/Vienna", "EUR")
    (path,) = told["sequences"]
    assert (path["name"], path["experienceId"], path["availability"]) == ("Default", told["id"], "closed")


def test_sequences_that_are_asked_for_come_in_the_order_of_their_priority(desk: Desk, hall: Founded) -> None:
    paths = [SequenceConfig(name="Everybody"), SequenceConfig(name="Members", priority=10)]
    told = desk.told(hall.live, creating(hall, *paths))
    assert [path["name"] for path in told["sequences"]] == ["Members", "Everybody"]


def test_a_second_copy_of_a_creation_finds_what_the_first_made(desk: Desk, hall: Founded) -> None:
    command_id = uuid4()
    first = desk.ask(hall.live, creating(hall), command_id=command_id)
    assert desk.ask(hall.live, creating(hall), command_id=command_id) == first
    assert desk.works.value("SELECT count(*) FROM sequence") == 1


def test_a_slug_is_unique_within_an_organization_and_mode_even_in_one_batch(desk: Desk, hall: Founded) -> None:
    other = desk.found("river-hall")
    ids = desk.send(hall.live, *(creating(hall, slug="night") for _ in range(2)), creating(hall), creating(hall))
    (elsewhere,) = desk.send(other.live, creating(other, slug="night"))
    desk.works.settle()
    first, second, third, fourth = desk.outcomes(hall.live, *ids)
    assert first["body"]["slug"] == "night"
    assert second["refused"]["code"] == "SLUG_TAKEN"
    assert [third["body"]["slug"], fourth["body"]["slug"]] == ["opening-night", "opening-night-2"]
    assert "refused" not in desk.outcomes(other.live, elsewhere)[0]


def test_settings_are_merged_and_versions_are_checked(desk: Desk, hall: Founded) -> None:
    told = desk.told(hall.live, creating(hall, metadata={"a": "1", "b": "2"}))
    change = c.UpdateExperience(
        tenant_id=hall.live, experience_id=told["id"], if_version=1,
        changes={"metadata": {"a": None, "c": "3"}, "description": "Doors at eight"},
    )  # fmt: skip
    after = desk.told(hall.live, change)
    assert (after["metadata"], after["description"], after["version"]) == ({"b": "2", "c": "3"}, "Doors at eight", 2)
    assert desk.refusal(hall.live, change) == "VERSION_CONFLICT"


def test_publishing_opens_a_queue_that_waited_for_nothing_else(desk: Desk, hall: Founded) -> None:
    launch = desk.told(hall.live, creating(hall))
    queue = opened_queue(desk, hall, launch, publish=False)
    assert desk.works.value("SELECT opened_at FROM queue WHERE id = %s", queue) is None
    told = desk.told(hall.live, publishing(hall, launch))
    assert (told["published"], told["lifecycle"]) == (True, "open")
    assert desk.works.value("SELECT opened_at FROM queue WHERE id = %s", queue) is not None


def test_nothing_is_published_without_a_sequence(desk: Desk, hall: Founded) -> None:
    launch = desk.told(hall.live, creating(hall))
    desk.told(hall.live, c.ArchiveSequence(tenant_id=hall.live, sequence_id=launch["sequences"][0]["id"]))
    assert desk.refusal(hall.live, publishing(hall, launch)) == "NOTHING_TO_PUBLISH"


def test_people_who_take_part_keep_an_experience_published_and_in_the_lists(desk: Desk, hall: Founded) -> None:
    launch = desk.told(hall.live, creating(hall))
    queue, person = opened_queue(desk, hall, launch), uuid4()
    desk.told(hall.live, EnterQueue(queue_id=queue, consumer_id=person))
    hide = c.UnpublishExperience(tenant_id=hall.live, experience_id=launch["id"])
    archive = c.ArchiveExperience(tenant_id=hall.live, experience_id=launch["id"])
    drop = c.ArchiveSequence(tenant_id=hall.live, sequence_id=launch["sequences"][0]["id"])
    assert [desk.refusal(hall.live, one) for one in (hide, archive, drop)] == ["HAS_LIVE_PARTICIPANTS"] * 3
    desk.told(hall.live, LeaveQueue(queue_id=queue, consumer_id=person))
    assert desk.told(hall.live, hide)["published"] is False


def test_an_archived_experience_takes_its_sequences_and_queues_along(desk: Desk, hall: Founded) -> None:
    launch = desk.told(hall.live, creating(hall))
    queue = opened_queue(desk, hall, launch)
    desk.told(hall.live, c.ArchiveExperience(tenant_id=hall.live, experience_id=launch["id"]))
    assert desk.works.value("SELECT archived AND NOT published FROM experience")
    assert desk.works.value("SELECT archived FROM sequence")
    assert desk.works.value("SELECT archived FROM queue")
    assert desk.refusal(hall.live, EnterQueue(queue_id=queue, consumer_id=uuid4())) == "QUEUE_NOT_FOUND"
    assert desk.refusal(hall.live, publishing(hall, launch)) == "EXPERIENCE_NOT_FOUND"


def test_no_window_comes_to_lie_outside_that_of_its_experience(desk: Desk, hall: Founded) -> None:
    launch = desk.told(hall.live, creating(hall))
    now = desk.works.drain.clock.now()
    opened_queue(desk, hall, launch, open_at=now + timedelta(hours=1), close_at=now + timedelta(hours=2))
    early = {"closeAt": (now + timedelta(minutes=90)).isoformat()}
    late = {"openAt": (now + timedelta(minutes=90)).isoformat()}
    for changes in (early, late):
        change = c.UpdateExperience(tenant_id=hall.live, experience_id=launch["id"], changes=changes)
        assert desk.refusal(hall.live, change) == "INVALID_WINDOW"


def test_a_sequence_is_made_changed_and_put_away(desk: Desk, hall: Founded) -> None:
    launch = desk.told(hall.live, creating(hall))
    made = c.CreateSequence(tenant_id=hall.live, experience_id=launch["id"], config=SequenceConfig(name="Members"))
    path = desk.told(hall.live, made)
    change = c.UpdateSequence(tenant_id=hall.live, sequence_id=path["id"], changes={"priority": 7})
    assert (desk.told(hall.live, change)["priority"], desk.works.value("SELECT max(version) FROM sequence")) == (7, 2)
    gone = c.ArchiveSequence(tenant_id=hall.live, sequence_id=path["id"])
    assert desk.told(hall.live, gone)["archived"] is True
    assert desk.refusal(hall.live, change) == "SEQUENCE_NOT_FOUND"


def test_an_experience_of_another_mode_or_organization_is_unknown(desk: Desk, hall: Founded) -> None:
    launch, other = desk.told(hall.live, creating(hall)), desk.found("river-hall")
    for tenant in (hall.test, other.live):
        foreign = c.PublishExperience(tenant_id=tenant, experience_id=launch["id"])
        assert desk.refusal(tenant, foreign) == "EXPERIENCE_NOT_FOUND"


def publishing(hall: Founded, launch: dict[str, Any]) -> c.PublishExperience:
    """The hall shows the experience."""
    return c.PublishExperience(tenant_id=hall.live, experience_id=launch["id"])


def opened_queue(desk: Desk, hall: Founded, launch: dict[str, Any], *, publish: bool = True, **window: Any) -> UUID:
    """A queue in the first sequence; it lets one in a minute."""
    config = QueueConfig(name="Main door", admit_rate=1, **window)
    sequence_id = UUID(launch["sequences"][0]["id"])
    queue_id = uuid4()
    making = CreateQueue(queue_id=queue_id, sequence_id=sequence_id, config=config)
    desk.told(hall.live, making, command_id=queue_id)
    if publish:
        desk.told(hall.live, publishing(hall, launch))
    return queue_id


def nesting(hall: Founded, *rows: QueueConfig, **settings: Any) -> c.CreateExperience:
    """The hall wants an experience with these queues under its second sequence."""
    nested = [c.Nested(sequence=1, type="queue", settings=row.model_dump(mode="json", by_alias=True)) for row in rows]
    paths = (SequenceConfig(name="Everybody"), SequenceConfig(name="Members"))
    return creating(hall, *paths, **settings).model_copy(update={"distributions": tuple(nested)})


def test_an_experience_is_made_with_its_queues_in_one_commit(desk: Desk, hall: Founded) -> None:
    rows = [QueueConfig(name="Front", admit_rate=60, open_at=LATER), QueueConfig(name="Back", admit_rate=30)]
    command_id = uuid4()
    outcome = desk.ask(hall.live, nesting(hall, *rows), command_id=command_id)
    told = outcome["body"]
    assert [(path["name"], [row["name"] for row in path["queues"]]) for path in told["sequences"]] == [
        ("Everybody", []), ("Members", ["Front", "Back"]),
    ]  # fmt: skip
    ids = [row["id"] for row in told["sequences"][1]["queues"]]
    assert desk.works.value("SELECT count(*) FROM journal") == 2 + len(ids)
    kept = desk.works.rows("SELECT id, length(server_seed) AS secret, name FROM queue ORDER BY id")
    assert [(str(row.id), row.secret, row.name) for row in kept] == [(ids[0], 32, "Front"), (ids[1], 32, "Back")]
    again = desk.ask(hall.live, nesting(hall, *rows), command_id=command_id)
    assert (again["body"], desk.works.value("SELECT count(*) FROM queue")) == (told, 2)
    assert desk.told(hall.live, c.PublishExperience(tenant_id=hall.live, experience_id=UUID(told["id"])))["published"]
    opened = desk.works.rows("SELECT name FROM queue WHERE opened_at IS NOT NULL")
    assert [row.name for row in opened] == ["Back"]
    assert desk.works.value("SELECT count(*) FROM timer WHERE aggregate_id = %s", ids[0]) == 1


def test_one_queue_that_may_not_be_refuses_the_whole_experience(desk: Desk, hall: Founded) -> None:
    rows = [QueueConfig(name="Front", admit_rate=60), QueueConfig(name="Early", admit_rate=1, open_at=NOON)]
    refused = desk.ask(hall.live, nesting(hall, *rows, open_at=LATER))["refused"]
    assert (refused["code"], refused["field"]) == ("INVALID_WINDOW", "/sequences/1/distributions/1/openAt")
    made = "SELECT (SELECT count(*) FROM experience) + (SELECT count(*) FROM sequence) + (SELECT count(*) FROM queue)"
    assert desk.works.value(made) == 0


def test_a_copy_has_everything_of_the_original_at_another_time(desk: Desk, hall: Founded) -> None:
    rows = [QueueConfig(name="Front", admit_rate=60, open_at=LATER, metadata={"door": "left"})]
    first = desk.told(hall.live, nesting(hall, *rows, open_at=LATER))
    copying = c.DuplicateExperience(tenant_id=hall.live, experience_id=UUID(first["id"]), shift_seconds=86_400)
    command_id = uuid4()
    copy = desk.told(hall.live, copying, command_id=command_id)
    assert desk.told(hall.live, copying, command_id=command_id) == copy
    assert (copy["name"], copy["slug"], copy["published"]) == ("Opening Night", "opening-night-2", False)
    assert (first["openAt"], copy["openAt"]) == ("2090-01-01T00:00:00.000Z", "2090-01-02T00:00:00.000Z")
    (row,) = copy["sequences"][1]["queues"]
    assert (row["openAt"], row["metadata"], row["admitRate"]) == ("2090-01-02T00:00:00.000Z", {"door": "left"}, 60)
    assert desk.works.value("SELECT count(DISTINCT server_seed) FROM queue") == 2
    too_far = copying.model_copy(update={"shift_seconds": 315_360_000_000})
    assert desk.refusal(hall.live, too_far) == "VALIDATION_ERROR"
    stranger = c.DuplicateExperience(tenant_id=hall.live, experience_id=uuid4())
    assert desk.refusal(hall.live, stranger) == "EXPERIENCE_NOT_FOUND"
