"""The published proof of a draw: the document, the leaves of its log, and the steps after the freeze, a part at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from domain.draw.state import Draw, Status
from domain.draw.view import published_rules
from domain.fairness import NO_HASH, DrawEntry, instant_text, preferences_hash, rules_hash
from domain.fairness.draws import (
    DRAW_ALGORITHM,
    BeaconRound,
    DrawDocument,
    DrawRules,
    PublishedDrawEntry,
    PublishedExit,
    StepsHead,
)
from domain.ids import unix_us
from store.reads.base import Reader, Row

CHUNK: Final = 4_096
_ENTRIES = """
SELECT number, leaf, first_ticket, id, received_at, tickets, people, duplicate_key, preferences
FROM draw_entry
WHERE tenant_id = %(tenant)s AND draw_id = %(draw)s AND number >= %(from)s AND number < %(to)s ORDER BY number"""
_EXITS = """
SELECT out_leaf, id, out_at, status FROM draw_entry
WHERE tenant_id = %(tenant)s AND draw_id = %(draw)s AND out_leaf >= %(first)s AND out_leaf < %(end)s ORDER BY out_leaf"""
_STEPS = """
SELECT facts FROM draw_step
WHERE tenant_id = %(tenant)s AND draw_id = %(draw)s AND n >= %(from)s AND n < %(to)s ORDER BY n"""
Line = dict[str, Any]


def document(draw: Draw, commitment: bytes) -> DrawDocument:
    """The proof as far as it is settled: before the freeze, what it commits to."""
    pool, rules = draw.pool, published_rules(draw)
    sealed, drawn = pool.sealed_at is not None, pool.drawn_at is not None
    return DrawDocument(
        algorithm=DRAW_ALGORITHM,
        order="drumroll-rank/1",
        distribution_id=draw.id,
        rules=rules,
        rules_hash=rules_hash(rules.as_json()).hex(),
        seed_commitment=commitment.hex(),
        server_seed=bytes(pool.revealed).hex() if drawn else None,
        tree_head=bytes(pool.tree_head).hex() if sealed else None,
        log_size=pool.log_size if sealed else None,
        count=pool.frozen if sealed else None,
        tickets=pool.tickets if sealed else None,
        seed=bytes(pool.seed).hex() if drawn else None,
        beacon=_beacon(draw, rules) if drawn else None,
        assurance="commit_reveal" if rules.beacon is None else "beacon",
        sealed_at=_instant(pool.sealed_at),
        drawn_at=_instant(pool.drawn_at),
        draw_status=draw.status.value,
        steps=StepsHead(size=pool.steps, head=bytes(pool.step_head).hex()) if sealed else None,
    )


def _beacon(draw: Draw, rules: DrawRules) -> BeaconRound | None:
    pool = draw.pool
    if (
        rules.beacon is None
        or pool.beacon_round is None
        or pool.beacon_randomness is None
        or pool.beacon_signature is None
    ):
        return None
    return BeaconRound(
        chain_hash=rules.beacon.chain_hash, round=pool.beacon_round, randomness=bytes(pool.beacon_randomness).hex(),
        signature=bytes(pool.beacon_signature).hex(),
    )  # fmt: skip


async def lines(reader: Reader, draw: Draw, commitment: bytes) -> AsyncIterator[list[Line]]:
    """The lines of the proof file, some thousands at a time, each part read in a moment of its own.

    Of the steps only those that the document speaks of, however many have come since.
    """
    yield [document(draw, commitment).as_json()]
    if draw.pool.sealed_at is not None:
        async for some in _leaves(reader, draw):
            yield some
        async for some in _steps(reader, draw):
            yield some
    yield [{"end": {"leaves": draw.pool.log_size, "steps": draw.pool.steps}}]


async def _leaves(reader: Reader, draw: Draw) -> AsyncIterator[list[Line]]:
    values, at = {"tenant": reader.tenant_id, "draw": draw.id}, 0
    for start in range(0, draw.pool.frozen, CHUNK):
        end = min(start + CHUNK, draw.pool.frozen)
        entries = await reader.all(_ENTRIES, values | {"from": start, "to": end})
        last = draw.pool.log_size if end == draw.pool.frozen else entries[-1]["leaf"] + 1
        exits = await reader.all(_EXITS, values | {"first": at, "end": last})
        leaves: list[PublishedDrawEntry | PublishedExit] = [*map(_entry, entries), *map(_exit, exits)]
        yield [leaf.as_json() for leaf in sorted(leaves, key=lambda leaf: leaf.index)]
        at = last


async def _steps(reader: Reader, draw: Draw) -> AsyncIterator[list[Line]]:
    values = {"tenant": reader.tenant_id, "draw": draw.id}
    for start in range(0, draw.pool.steps, CHUNK):
        end = min(start + CHUNK, draw.pool.steps)
        yield [{"step": row["facts"]} for row in await reader.all(_STEPS, values | {"from": start, "to": end})]


def _entry(row: Row) -> PublishedDrawEntry:
    key = NO_HASH if row["duplicate_key"] is None else bytes(row["duplicate_key"])
    prizes = None if row["preferences"] is None else tuple(row["preferences"])
    entry = DrawEntry(
        row["number"], row["first_ticket"], row["id"], unix_us(row["received_at"]), row["tickets"], row["people"], key,
        preferences_hash(prizes),
    )  # fmt: skip
    return PublishedDrawEntry(row["leaf"], entry, prizes)


def _exit(row: Row) -> PublishedExit:
    kind = "leave" if row["status"] == Status.LEFT else "deny"
    return PublishedExit(row["out_leaf"], kind, row["id"], unix_us(row["out_at"]))


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant_text(unix_us(moment))
