"""One person more in the pool, one less in the pool or among the winners: the counts that every way in and out shares."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.draw.state import Draw, Entry, Status
from domain.fairness import draw_exit_leaf, leaf_hash
from domain.fairness.draws import UNNAMED, Turn
from domain.ids import derived_id, unix_us
from domain.receipts import Growth
from domain.times import Times


def removed(entry: Entry, status: Status) -> Entry:
    """The entry with its new status."""
    return replace(entry, status=status, version=entry.version + 1)


def without(draw: Draw, entry: Entry) -> Draw:
    """The draw once somebody who took part or had won is gone. The places of a winner are free at once."""
    pool = draw.pool
    if entry.status is Status.WON:
        prize = entry.prize or UNNAMED
        freed = draw.with_lot(prize, draw.lots[prize].freed(entry.people))
        return freed.with_pool(winners=pool.winners - 1, inside=pool.inside - 1, stuck=False)
    return draw.with_pool(entered=pool.entered - 1)


def out_of_log(draw: Draw, entry: Entry, kind: bytes, times: Times) -> tuple[Draw, Entry, Growth]:
    """Before the freeze: the leaf that says that somebody takes part no more, and the entry that remembers which it is."""
    leaf = leaf_hash(draw_exit_leaf(kind, entry.id, unix_us(times.received_at)))
    pool = draw.pool
    after = draw.with_pool(frontier=pool.frontier.append(leaf))
    gone = replace(entry, out_leaf=pool.frontier.size, out_at=times.received_at)
    return after, gone, Growth(pool.frontier, leaf)


def win(draw: Draw, entry: Entry, now: datetime, turn: Turn, *, promoted: bool) -> tuple[Draw, Entry]:
    """The draw and the entry once it has won by this turn.

    The grant's id follows from the participation: deciding twice names one grant.
    """
    expires_at = now + timedelta(seconds=draw.config.admission_expiration_seconds)
    won = replace(
        entry, status=Status.WON, version=entry.version + 1, rank=turn.candidate.rank, promoted=promoted, behind=None,
        prize=turn.candidate.prize or None,
        grant_id=derived_id(now, b"win", entry.id.bytes, entry.requeues.to_bytes(2, "big")), granted_at=now,
        expires_at=expires_at, validations=0, first_validated_at=None,
    )  # fmt: skip
    pool = draw.pool
    after = draw.with_lot(turn.candidate.prize, turn.after).with_pool(
        entered=pool.entered - 1, winners=pool.winners + 1, inside=pool.inside + 1,
        lapse_at=min(pool.lapse_at or expires_at, expires_at),
    )  # fmt: skip
    return after, won
