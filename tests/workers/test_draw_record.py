"""The log of all draws of an organization, as workers write it: one chain, whoever writes it and whenever they die."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

import workers.launches  # noqa: F401 (the handlers of experiences)
from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.draw import commands as c
from domain.draw.config import DrawConfig
from domain.experiences.commands import CreateExperience, Nested
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.fairness.record import CheckedRecord, check_listed, check_record
from store import command_log
from store.command_log import Place
from store.reads import draw_record
from store.reads.base import Reader
from store.roles import GATEWAY
from store.wire import partition_of
from tests.support.database import PARTITIONS
from tests.support.factories import Sequence, make_organization, make_sequence
from tests.support.servers import wait_until
from tests.support.works import Works, new_drain
from tests.workers.draw_room import OneByOne, published_file
from workers.decide import Taken
from workers.drain import Round
from workers.opening import opened

LOCKED = "SELECT FROM draw_record WHERE tenant_id = %s FOR UPDATE"
WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


class Organizer:
    """Somebody who runs draws under one sequence."""

    def __init__(self, works: Works) -> None:
        self.works = works
        with works.owner.begin() as connection:
            owner = make_organization(connection, currencyCode="EUR", timeZone="Europe/Berlin")
            self.under: Sequence = make_sequence(connection, owner)
        self.tenant_id = self.under.organization.tenant_id

    def envelope(self, command: Command, own_id: UUID | None = None) -> Envelope[Command]:
        """A command on its way."""
        return Envelope(own_id or uuid4(), self.tenant_id, SYSTEM_ACTOR, uuid4(), command)

    def creating(self, draw_id: UUID, **settings: Any) -> Envelope[Command]:
        """A draw of one winner in a minute is asked for."""
        draw_at = self.works.value("SELECT ledger_now()") + timedelta(minutes=1)
        config = DrawConfig.model_validate({"name": "Raffle", "draw_at": draw_at, "winner_count": 1} | settings)
        return self.envelope(c.CreateDraw(draw_id=draw_id, sequence_id=self.under.id, config=config), draw_id)

    def create(self, **settings: Any) -> UUID:
        """A draw is made."""
        draw_id = uuid4()
        self.works.append([self.creating(draw_id, **settings)])
        self.works.settle()
        return draw_id

    def send(self, *commands: Command) -> None:
        """Commands are decided that came in one batch."""
        self.works.append([self.envelope(command) for command in commands])
        self.works.settle()

    def types(self, draw_id: UUID) -> list[str]:
        """What the log tells of a draw, in order."""
        lines = [line["line"] for line in self.file() if "line" in line]
        return [line["type"] for line in lines if line["drawId"] == str(draw_id)]

    def file(self) -> list[dict[str, Any]]:
        """The lines of the published file, read as a gateway reads them."""

        async def read() -> list[dict[str, Any]]:
            reader = Reader(OneByOne(self.works.database.url(GATEWAY)), self.tenant_id)
            document = await draw_record.document(reader)
            return [line async for some in draw_record.lines(reader, document) for line in some]

        return asyncio.run(read())

    def checked(self) -> CheckedRecord:
        """What the published file proves, which must hold."""
        checked = check_record(self.file())
        assert checked.is_proved, checked.findings
        return checked


@pytest.fixture
def organizer(works: Works) -> Organizer:
    return Organizer(works)


def test_a_draw_is_told_from_its_making_to_its_end(organizer: Organizer) -> None:
    draw_id = organizer.create()
    organizer.send(c.UpdateDraw(draw_id=draw_id, changes={"winnerCount": 2}))
    organizer.send(c.UpdateDraw(draw_id=draw_id, changes={"name": "Tombola"}))
    organizer.send(*(c.EnterDraw(draw_id=draw_id, consumer_id=uuid4()) for _ in range(5)))
    organizer.works.advance("61 seconds")
    organizer.send(c.KnockDraw(draw_id=draw_id))
    organizer.works.advance("40 days")
    organizer.send(c.KnockDraw(draw_id=draw_id))
    organizer.send(c.ArchiveDraw(draw_id=draw_id))
    assert organizer.types(draw_id) == ["CREATED", "RULES", "SEALED", "DRAWN", "CLAIM_CLOSED", "ARCHIVED"]
    checked = organizer.checked()
    found = check_listed(published_file(organizer.works, organizer.tenant_id, draw_id), checked)
    assert {one.check: one.verdict.value for one in found} == dict.fromkeys(
        ("listed", "promises", "freeze", "draw", "steps", "standing", "repeated"), "holds"
    )


def test_a_void_draw_and_the_one_that_repeats_it_are_told(organizer: Organizer) -> None:
    spoiled = organizer.create()
    organizer.send(c.KillDraw(draw_id=spoiled, reason="the wrong prize"))
    again = organizer.create(replaces_draw_id=spoiled)
    statement = organizer.checked().statement
    assert statement.replaced == ((spoiled, (again,)),)
    assert (statement.void, organizer.types(spoiled)) == (((spoiled, "the wrong prize"),), ["CREATED", "VOID"])


def test_draws_that_are_made_with_their_experience_are_told_too(organizer: Organizer) -> None:
    draw_at = (organizer.works.value("SELECT ledger_now()") + timedelta(hours=1)).isoformat()
    settings = {"name": "Raffle", "drawAt": draw_at, "winnerCount": 1}
    nested = tuple(Nested(sequence=0, type="draw", settings=settings) for _ in range(2))
    whole = CreateExperience(
        tenant_id=organizer.tenant_id, config=ExperienceConfig(name="Night"), sequences=(SequenceConfig(name="Floor"),),
        distributions=nested,
    )  # fmt: skip
    organizer.send(whole)
    assert organizer.checked().statement.draws == 2


def test_another_organization_has_a_log_of_its_own(works: Works, organizer: Organizer) -> None:
    other = Organizer(works)
    works.append([organizer.creating(uuid4()), other.creating(uuid4()), organizer.creating(uuid4())])
    works.settle()
    assert [one.checked().statement.draws for one in (organizer, other)] == [2, 1]


def test_nothing_is_told_twice_when_a_worker_dies_before_its_commit_or_a_batch_comes_again(
    organizer: Organizer,
) -> None:
    works, draw_id = organizer.works, uuid4()
    sent = organizer.creating(draw_id)
    works.append([sent])
    place = Place("draw", partition_of(draw_id, PARTITIONS))
    with works.drain.ledger.opened() as connection:
        lease, batches = command_log.lock_and_take(connection, place, 10)
        assert lease is not None
        taken, _ = opened(batches)
        works.drain.write(connection, *works.drain.consider(connection, place, lease, taken))
        connection.rollback()
    assert organizer.types(draw_id) == []
    works.settle()
    works.append([sent])
    works.append([sent])
    works.settle()
    assert organizer.types(draw_id) == ["CREATED"]
    organizer.checked()


def test_two_draws_that_are_decided_at_once_stand_in_one_chain(organizer: Organizer) -> None:
    works = organizer.works
    organizer.create()
    ids = in_two_partitions()
    places = [Place("draw", partition_of(draw_id, PARTITIONS)) for draw_id in ids]
    works.append([organizer.creating(draw_id) for draw_id in ids])
    with new_drain(works.worker, works.redis_url) as other, ThreadPoolExecutor(2) as threads:
        with works.owner.begin() as connection:
            connection.exec_driver_sql(LOCKED, (organizer.tenant_id,))
            drains = zip((works.drain, other), places, strict=True)
            rounds = [threads.submit(drain.round, place) for drain, place in drains]
            wait_until(lambda: works.value(WAITERS) == 2)
        assert [one.result(10) for one in rounds] == [Round.DECIDED, Round.DECIDED]
    assert organizer.checked().statement.draws == 3


def test_the_first_two_draws_ever_may_be_decided_at_once(organizer: Organizer) -> None:
    works, ids = organizer.works, in_two_partitions()
    first, second = (Place("draw", partition_of(draw_id, PARTITIONS)) for draw_id in ids)
    works.append([organizer.creating(draw_id) for draw_id in ids])
    with new_drain(works.worker, works.redis_url) as other, ThreadPoolExecutor(1) as threads:
        with works.drain.ledger.opened() as connection:
            lease, batches = command_log.lock_and_take(connection, first, 10)
            assert lease is not None
            taken: list[Taken] = opened(batches)[0]
            works.drain.write(connection, *works.drain.consider(connection, first, lease, taken))
            waiting = threads.submit(other.round, second)
            wait_until(lambda: works.value(WAITERS) == 1)
            connection.commit()
        assert waiting.result(10) is Round.DECIDED
    assert organizer.checked().statement.draws == 2


def test_an_organization_without_draws_has_an_empty_log(organizer: Organizer) -> None:
    assert organizer.checked().statement.draws == 0


def in_two_partitions() -> tuple[UUID, UUID]:
    """The ids of two draws that two workers may decide at once."""
    one = uuid4()
    while partition_of(other := uuid4(), PARTITIONS) == partition_of(one, PARTITIONS):
        pass
    return one, other
