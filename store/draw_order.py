"""The order of a draw as it is kept: runs while it is being worked out, chunks once it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from domain.draw.state import Draw
from domain.fairness import Chunk
from store.pipelined import Connection

_ADD_RUNS = """
INSERT INTO draw_run (tenant_id, draw_id, bucket, slice, records)
SELECT %s, %s, bucket, %s, records FROM unnest(%s::int[], %s::bytea[]) AS r(bucket, records)"""
_TAKE_RUNS = """
DELETE FROM draw_run WHERE tenant_id = %s AND draw_id = %s AND bucket >= %s AND bucket < %s RETURNING bucket, slice, records"""
_ADD_CHUNKS = """
INSERT INTO draw_order (tenant_id, draw_id, bucket, first_rank, records)
SELECT %s, %s, bucket, first_rank, records
FROM unnest(%s::int[], %s::bigint[], %s::bytea[]) AS c(bucket, first_rank, records)"""
_CHUNKS = """
SELECT first_rank, records FROM draw_order
WHERE tenant_id = %s AND draw_id = %s AND first_rank < %s AND first_rank >= (
  SELECT coalesce(max(first_rank), 0) FROM draw_order WHERE tenant_id = %s AND draw_id = %s AND first_rank <= %s)
ORDER BY first_rank"""


def add_runs(connection: Connection, draw: Draw, runs: Mapping[int, bytes]) -> None:
    """Keep the runs of the draw's present slice, by their buckets."""
    values = (draw.tenant_id, draw.id, draw.pool.slices, list(runs), list(runs.values()))
    connection.exec_driver_sql(_ADD_RUNS, values)


def take_runs(connection: Connection, draw: Draw, first: int, end: int) -> dict[int, list[bytes]]:
    """The runs of these buckets, which are not kept any longer."""
    rows = connection.exec_driver_sql(_TAKE_RUNS, (draw.tenant_id, draw.id, first, end))
    found = sorted((row[0], row[1], bytes(row[2])) for row in rows)
    return {bucket: [run for _, _, run in some] for bucket, some in groupby(found, key=lambda row: row[0])}


def add_chunks(connection: Connection, draw: Draw, chunks: Mapping[int, Chunk]) -> None:
    """Keep buckets that are in order."""
    ranks, records = [one.first_rank for one in chunks.values()], [one.records for one in chunks.values()]
    connection.exec_driver_sql(_ADD_CHUNKS, (draw.tenant_id, draw.id, list(chunks), ranks, records))


def numbers(connection: Connection, draw: Draw, start: int, end: int) -> list[int]:
    """The numbers of the entries that have these ranks, in order."""
    own: tuple[Any, ...] = (draw.tenant_id, draw.id)
    rows = connection.exec_driver_sql(_CHUNKS, (*own, end, *own, start))
    chunks = [Chunk(row[0], bytes(row[1])) for row in rows]
    found: list[int] = []
    for chunk in chunks:
        inside = range(max(start, chunk.first_rank), min(end, chunk.first_rank + len(chunk)))
        found += [chunk.number_at(rank) for rank in inside]
    return found
