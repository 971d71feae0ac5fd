"""A draw whose commands are decided once more, in a new store, in the order and at the moments that the journal tells."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.command import SYSTEM_ACTOR, Command, Envelope
from domain.draw import commands as c
from domain.draw.state import Draw, Pool, Status
from store import bulk, command_log
from store.repositories.base import Tenancy
from store.repositories.draws import Draws
from store.tables.experience import experience, sequence
from store.tables.organization import organization
from tests.domain.draw.invariants import Seen
from tests.support.database import PARTITIONS, fresh_database
from tests.support.factories import LONG_AGO
from tests.support.works import Works, works_on
from tests.workers.draw_room import MakeDraw, WorkedDraw, make_room, seen
from tests.workers.test_draw_selection import DRAW_AT, entering

__all__ = ["make_room"]
_PAGES = "SELECT at, command_ids, replies FROM journal WHERE aggregate_id = %s AND topic = 'draw' ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Told:
    """What the journal tells of a drain: when it was, which commands were decided, and when each of them had been received."""

    at: datetime
    commands: tuple[tuple[Envelope[Command], datetime], ...]


def lived(room: WorkedDraw, chance: Random) -> dict[UUID, Envelope[Command]]:
    """A whole life of a draw; what people asked for, by the ids of their commands."""
    asked: list[Envelope[Command]] = []
    crowd = [uuid4() for _ in range(80)]
    asked += room.append(*(entering(room, person, chance, tickets=9, people=3) for person in crowd))
    room.settle()
    for _ in range(6):
        asked += room.append(*(_anything(room, person, chance) for person in chance.sample(crowd, 12)))
        room.settle()
        room.advance(chance.choice([20, 200]))
    room.advance(DRAW_AT)
    for _ in range(8):
        won = [entry.consumer_id for entry in room.seen().with_status(Status.WON)]
        asked += room.append(*(_anything(room, person, chance) for person in (*won[::2], *chance.sample(crowd, 5))))
        room.settle()
        room.advance(chance.choice([20, 200]))
    return {one.id: one for one in asked}


def _anything(room: WorkedDraw, person: UUID, chance: Random) -> c.DrawCommand:
    named: dict[str, Any] = {"draw_id": room.draw_id, "consumer_id": person}
    return chance.choice(
        [
            c.LeaveDraw(**named), c.DenyEntrant(**named, reason="BOT_DETECTED"), entering(room, person, chance),
            c.CompleteWin(**named, order_id=str(uuid4())), c.CompleteWin(**named, order_id=str(uuid4())),
        ]
    )  # fmt: skip


def told(room: WorkedDraw, asked: Mapping[UUID, Envelope[Command]]) -> list[Told]:
    """The journal of a draw, from its first drain to its last. Whoever was not asked by anybody knocked."""
    pages = []
    for page in room.works.rows(_PAGES, room.draw_id):
        received = [page.at - timedelta(microseconds=reply["waitedUs"]) for reply in page.replies]
        commands = [asked.get(own_id) or _knock(room.draw, own_id) for own_id in page.command_ids]
        pages.append(Told(page.at, tuple(zip(commands, received, strict=True))))
    return pages


def _knock(draw: Draw, own_id: UUID) -> Envelope[Command]:
    return Envelope(own_id, draw.tenant_id, SYSTEM_ACTOR, own_id, c.KnockDraw(draw_id=draw.id))


@contextmanager
def elsewhere(postgres_server: str, redis_server: str, draw: Draw) -> Iterator[Works]:
    """A new store with this draw as it was made, and what it belongs to."""
    with fresh_database(postgres_server, "again") as database, works_on(database, redis_server) as works:
        common = {"tenant_id": draw.tenant_id, "name": "Opening night", "settings": {}}
        made = common | {"created_at": LONG_AGO, "updated_at": LONG_AGO, "created_by": "tests", "updated_by": "tests"}
        owner = {"id": draw.organization_id, "mode": "live", "slug": "again", "twin_tenant_id": uuid4()}
        launch = {
            "id": draw.experience_id, "organization_id": draw.organization_id, "slug": "again", "published": True,
        }  # fmt: skip
        with works.owner.begin() as connection:
            bulk.insert(connection, organization, [made | owner])
            bulk.insert(connection, experience, [made | launch])
            bulk.insert(connection, sequence, [made | {"id": draw.sequence_id, "experience_id": draw.experience_id}])
            draws = Draws(Tenancy(connection, draw.tenant_id))
            draws.put(replace(draw, pool=Pool(), knock_at=None))
            draws.flush()
        yield works


def replayed(works: Works, draw: Draw, pages: list[Told]) -> Seen:
    """Have it all decided once more, a drain for each drain that there was."""
    for page in pages:
        works.rows("UPDATE ledger_clock SET ahead = greatest(ahead, %s - clock_timestamp())", page.at)
        with works.owner.begin() as connection:
            for one, received_at in page.commands:
                command_log.append_as_of(connection, one, PARTITIONS, received_at)
        works.settle()
    return seen(works, draw)


@pytest.mark.parametrize("seed", range(2))
def test_the_same_commands_in_a_new_store_give_the_same_winners(
    make_room: MakeDraw, postgres_server: str, redis_server: str, seed: int
) -> None:
    prizes = [{"name": "stalls", "places": 8}, {"name": "balcony", "places": 12}] if seed else None
    room = make_room(
        draw_at=DRAW_AT, winner_count=20, prizes=prizes, max_tickets_per_entry=9, max_people_per_entry=3, on_expiry="requeue",
        admission_expiration_seconds=100, completion_grace_seconds=10,
    )  # fmt: skip
    pages = told(room, lived(room, Random(seed)))
    before = room.seen()
    with elsewhere(postgres_server, redis_server, before.draw) as works:
        after = replayed(works, before.draw, pages)
    assert after.draw.pool.tree_head == before.draw.pool.tree_head
    assert after.draw.pool.seed == before.draw.pool.seed
    assert _happened(after) == _happened(before)
    assert {entry.id: (entry.status, entry.rank, entry.prize) for entry in after.entries} == {
        entry.id: (entry.status, entry.rank, entry.prize) for entry in before.entries
    }
    assert {"REQUEUED", "PROMOTED", "PASSED", "DECLINED"} <= {line["type"] for line in before.lines}


def _happened(of: Seen) -> list[tuple[Any, ...]]:
    """The log without its moments, which are those of each store's own clock."""
    return [(line["type"], line.get("participationId"), line.get("rank"), line.get("prize")) for line in of.lines]
