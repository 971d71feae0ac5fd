"""Participations of a draw as its organization and its people see them; the rank of each is looked up in the order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from psycopg import sql

from domain.distribution.order import Completion, order_facts
from domain.draw.state import Draw, Entry, Status
from domain.draw.view import entry_facts, fate
from domain.fairness import Chunk, bucket_of, entry_key
from domain.times import iso
from store.reads.base import Reader, Row
from store.reads.histories import Course

_FIELDS: Final = tuple(Entry.__dataclass_fields__)
_SELECT = sql.SQL(
    "SELECT {}, c.level, o.id AS completion, o.order_amount, o.currency_code, o.items, o.metadata FROM draw_entry e "
    "LEFT JOIN consumer c ON c.tenant_id = e.tenant_id AND c.id = e.consumer_id "
    "LEFT JOIN draw_completion o ON o.tenant_id = e.tenant_id AND o.id = e.id "
    "WHERE e.tenant_id = %(tenant)s AND e.draw_id = %(draw)s"
).format(sql.SQL(", ").join(sql.Identifier("e", name) for name in _FIELDS))
_STATUS = sql.SQL(" AND (%(statuses)s::text[] IS NULL OR e.status = ANY (%(statuses)s))")
_AFTER = _SELECT + _STATUS + sql.SQL(" AND e.number > %(after)s ORDER BY e.number LIMIT %(limit)s")
_PAGE_UP = _SELECT + _STATUS + sql.SQL(" ORDER BY e.number OFFSET %(offset)s LIMIT %(limit)s")
_PAGE_DOWN = _SELECT + _STATUS + sql.SQL(" ORDER BY e.number DESC OFFSET %(offset)s LIMIT %(limit)s")
_COUNT = (
    sql.SQL("SELECT count(*) AS n FROM draw_entry e WHERE e.tenant_id = %(tenant)s AND e.draw_id = %(draw)s") + _STATUS
)
_OF_CONSUMER = _SELECT + sql.SQL(" AND e.consumer_id = %(consumer)s ORDER BY e.number")
_STANDINGS = sql.SQL(
    "SELECT DISTINCT ON (e.consumer_id) {}, coalesce((SELECT max(j.seq) FROM journal j WHERE j.tenant_id = %(tenant)s "
    "AND j.aggregate_id = %(draw)s), 0) AS as_of FROM draw_entry e "
    "WHERE e.tenant_id = %(tenant)s AND e.draw_id = %(draw)s AND e.consumer_id = ANY (%(people)s) "
    "ORDER BY e.consumer_id, e.live DESC, e.number DESC"
).format(sql.SQL(", ").join(sql.Identifier("e", name) for name in _FIELDS))
_CHUNKS = """
SELECT bucket, first_rank, records FROM draw_order
WHERE tenant_id = %(tenant)s AND draw_id = %(draw)s AND bucket = ANY (%(buckets)s)"""
COURSE: Final = Course(
    "draw", "NOT_ENTERED",
    {"entered": "ENTERED", "won": "WON", "requeued": "ENTERED", "completed": "COMPLETED", "left": "LEFT", "denied": "DENIED"},
    frozenset({"won", "requeued", "denied"}),
)  # fmt: skip


async def after(reader: Reader, draw_id: UUID, number: int, limit: int, statuses: Sequence[str] | None) -> list[Row]:
    """The next `limit` participations behind a number, by numbers."""
    return await reader.all(_AFTER, _values(reader, draw_id, statuses) | {"after": number, "limit": limit})


async def page(
    reader: Reader, draw_id: UUID, window: tuple[int, int], statuses: Sequence[str] | None, *, descending: bool
) -> tuple[list[Row], int]:
    """A page of (offset, limit) by numbers, and how many there are in all."""
    values = _values(reader, draw_id, statuses) | {"offset": window[0], "limit": window[1]}
    async with reader.moment() as cursor:
        counted = await (await cursor.execute(_COUNT, values)).fetchone()
        total = int(counted["n"]) if counted else 0
        if window[0] >= total:
            return [], total
        await cursor.execute(_PAGE_DOWN if descending else _PAGE_UP, values)
        return await cursor.fetchall(), total


async def of_consumer(reader: Reader, draw_id: UUID, consumer_id: UUID) -> list[Row]:
    """Every participation of one person, the first first."""
    return await reader.all(_OF_CONSUMER, _values(reader, draw_id, None) | {"consumer": consumer_id})


async def standings(reader: Reader, draw_id: UUID, people: Collection[UUID]) -> list[Row]:
    """The latest participation of each of these people, a live one before all others, and the journal seq it is `as_of`."""
    return await reader.all(_STANDINGS, _values(reader, draw_id, None) | {"people": list(people)})


class Chunks(Protocol):
    """Parts of orders that were read before. They never change, so that whoever has one needs not ask again."""

    def get(self, key: tuple[UUID, int]) -> Chunk | None:
        """The part of a draw's order in a bucket."""

    def put(self, key: tuple[UUID, int], value: Chunk) -> None:
        """Keep it."""


async def ranks(reader: Reader, draw: Draw, entries: Sequence[Entry], kept: Chunks) -> dict[UUID, int]:
    """Where these participations stand in the order, once it is worked out."""
    keys = {one.id: key for one in entries if (key := _key(draw, one)) is not None}
    buckets = {own_id: bucket_of(key, draw.pool.buckets) for own_id, key in keys.items()}
    chunks = await _chunks(reader, draw.id, set(buckets.values()), kept)
    found = {one.id: chunks[buckets[one.id]].rank_of(keys[one.id], one.number) for one in entries if one.id in keys}
    return {own_id: rank for own_id, rank in found.items() if rank is not None}


def bucket(draw: Draw, entry: Entry) -> int | None:
    """In which part of the order this participation stands, once it is worked out."""
    key = _key(draw, entry)
    return None if key is None else bucket_of(key, draw.pool.buckets)


async def part(reader: Reader, draw_id: UUID, own_bucket: int, kept: Chunks) -> None:
    """Read a part of an order, unless it is kept already."""
    await _chunks(reader, draw_id, {own_bucket}, kept)


def _key(draw: Draw, entry: Entry) -> bytes | None:
    pool = draw.pool
    if pool.last is None or entry.number >= pool.frozen:
        return None
    return entry_key(pool.seed, entry.first_ticket, entry.tickets)


async def _chunks(reader: Reader, draw_id: UUID, buckets: Collection[int], kept: Chunks) -> dict[int, Chunk]:
    known = {bucket: chunk for bucket in buckets if (chunk := kept.get((draw_id, bucket))) is not None}
    missing = [bucket for bucket in buckets if bucket not in known]
    values = {"tenant": reader.tenant_id, "draw": draw_id, "buckets": missing}
    for row in await reader.all(_CHUNKS, values) if missing else ():
        known[row["bucket"]] = Chunk(row["first_rank"], bytes(row["records"]))
        kept.put((draw_id, row["bucket"]), known[row["bucket"]])
    return known


def entry_of(row: Row) -> Entry:
    """The participation of a row."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    key, wishes = values["duplicate_key"], values["preferences"]
    values |= {"duplicate_key": None if key is None else bytes(key), "preferences": wishes and tuple(wishes)}
    return Entry(**values | {"status": Status(row["status"])})


def facts(row: Row, draw: Draw, rank: int | None) -> dict[str, Any]:
    """A participation as JSON, for its organization."""
    entry = entry_of(row)
    told = entry_facts(entry) | {"rank": entry.rank if entry.rank is not None else rank} | fate(draw, entry, rank)
    more = {
        "consumer": {"id": str(entry.consumer_id), "level": row["level"]},
        "receivedAt": iso(entry.received_at),
        "firstValidatedAt": iso(entry.first_validated_at),
        "validations": entry.validations,
        "order": _order(row),
    }
    ids = {"participationId": str(entry.id), "consumerId": str(entry.consumer_id)}
    return told | more | ids | {"grantId": told["grantId"] and str(told["grantId"])}


def _order(row: Row) -> dict[str, Any] | None:
    if row["completion"] is None:
        return None
    told = {name: row[name] for name in ("tenant_id", "id", "order_amount", "currency_code", "items", "metadata")}
    return order_facts(Completion(distribution_id=row["draw_id"], **told))


def _values(reader: Reader, draw_id: UUID, statuses: Sequence[str] | None) -> dict[str, Any]:
    chosen = None if statuses is None else list(statuses)
    return {"tenant": reader.tenant_id, "draw": draw_id, "statuses": chosen}
