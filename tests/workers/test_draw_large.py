"""A draw of tens of thousands: several slices of each sort, and rows of losers that nobody writes."""

from collections.abc import Iterable

from domain.draw.commands import KnockDraw
from domain.draw.rules.entering import leaf_of
from domain.draw.state import Draw, DrawStatus, Entry, Status
from domain.fairness import leaf_hash
from domain.fairness.slices import BUCKET_ENTRIES
from domain.ids import uuid7
from store.repositories.base import Tenancy
from store.repositories.draws import Draws
from tests.domain.draw.naive import order_of
from tests.support.works import Works
from tests.workers.draw_room import MakeDraw, WorkedDraw, make_room
from workers.draw_upkeep import ORDERED_AT_ONCE, RANKED_AT_ONCE, SLICE

__all__ = ["make_room"]
ENTRIES, PLACES = 66_000, 1_500
"""More than a slice ranks, and in more buckets than a slice puts in order."""
_INSERT = """
INSERT INTO draw_entry (tenant_id, id, draw_id, consumer_id, number, leaf, first_ticket, tickets, people, entered_at,
  received_at, status, quantity, version, absent, promoted, validations, requeues)
SELECT %s, id, %s, id, number, number, first_ticket, tickets, 1, %s, %s, 'ENTERED', 1, 1, false, false, 0, 0
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::int[]) AS e(id, number, first_ticket, tickets)"""


def filled(room: WorkedDraw, weights: Iterable[int]) -> Draw:
    """Entries with these many tickets each, put straight into the store, and the draw as it is with them."""
    draw, at = room.now(), room.works.value("SELECT ledger_now()")
    entries: list[Entry] = []
    tickets = 0
    for number, weight in enumerate(weights):
        own_id = uuid7(1_795_000_000_000 + number, number.to_bytes(10, "big"))
        entries.append(
            Entry(draw.tenant_id, own_id, draw.id, own_id, number, number, tickets, weight, 1, at, at)
        )  # fmt: skip
        tickets += weight
    columns = zip(*((one.id, one.number, one.first_ticket, one.tickets) for one in entries), strict=True)
    room.works.rows(_INSERT, draw.tenant_id, draw.id, at, at, *map(list, columns))
    full = draw.with_pool(
        entries=len(entries), tickets=tickets, entered=len(entries),
        frontier=draw.pool.frontier.extend(leaf_hash(leaf_of(one)) for one in entries),
    )  # fmt: skip
    with room.works.owner.begin() as connection:
        draws = Draws(Tenancy(connection, draw.tenant_id))
        assert draws.get(draw.id) is not None
        draws.put(full)
        draws.flush()
    return full


def selected(room: WorkedDraw) -> int:
    """Let the time of the draw come; how many rounds it took until nothing was left to do."""
    room.works.advance("11 minutes")
    room.append(KnockDraw(draw_id=room.draw_id))
    return room.settle()


def test_tens_of_thousands_take_several_slices_of_each_sort_and_losers_rows_stay_as_they_were(
    make_room: MakeDraw,
) -> None:
    room = make_room(draw_at=600, winner_count=PLACES, max_tickets_per_entry=2)
    full = filled(room, (1 + number % 2 for number in range(ENTRIES)))
    rounds = selected(room)
    draw = room.now()
    slices = -(-full.pool.tickets // RANKED_AT_ONCE), -(-draw.pool.buckets // ORDERED_AT_ONCE), -(-PLACES // SLICE)
    assert (draw.pool.slices, draw.pool.buckets) == (slices[0], -(-ENTRIES // BUCKET_ENTRIES))
    assert min(slices) > 1
    assert sum(slices) <= rounds <= 2 * sum(slices) + 2
    assert draw.status is DrawStatus.DRAWN
    entries = _entries(room.works, draw)
    expected = [entry.id for entry in order_of(draw.pool.seed, entries)[:PLACES]]
    won = sorted((entry for entry in entries if entry.status is Status.WON), key=lambda entry: entry.rank or 0)
    assert [entry.id for entry in won] == expected
    written = room.works.value("SELECT count(*) FROM draw_entry WHERE draw_id = %s AND version > 1", draw.id)
    assert written == PLACES
    assert (
        room.works.value("SELECT count(DISTINCT xmin::text) FROM draw_entry WHERE draw_id = %s", draw.id)
        == 1 + slices[2]
    )
    assert room.checked().is_proved


def _entries(works: Works, draw: Draw) -> list[Entry]:
    found = works.rows(
        "SELECT id, number, first_ticket, tickets, status, rank FROM draw_entry WHERE draw_id = %s", draw.id
    )
    at = draw.created_at
    return [
        Entry(
            draw.tenant_id, row.id, draw.id, row.id, row.number, row.number, row.first_ticket, row.tickets, 1, at, at,
            status=Status(row.status), rank=row.rank,
        )
        for row in found
    ]  # fmt: skip
