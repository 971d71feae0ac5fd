"""Watching a draw being frozen, drawn, put in order and won, from beside it: what counts is what is committed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import psycopg

from bench.big_draw import BigDraw
from bench.rows import one_row
from store.roles import WORKER

PATIENCE_SECONDS = 180.0
_LOOK_SECONDS = 0.01
_SEEN = b"""
    SELECT drawn_at IS NOT NULL, drawn_at IS NOT NULL AND ranked = frozen,
      drawn_at IS NOT NULL AND ranked = frozen AND ordered = buckets, last IS NOT NULL, clock_timestamp()
    FROM draw WHERE id = %s
"""
_HOLDING = b"""
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
    WHERE usename = %s AND state <> 'idle'
"""
_WON = b"SELECT count(*) FROM draw_entry WHERE draw_id = %s AND status = 'WON'"


@dataclass(frozen=True, slots=True)
class Selection:
    """When a watcher first saw each part of a selection done.

    `drawn` is the freeze and the seed, which are one write. `held` is the longest transaction of any worker meanwhile, in
    seconds: with nothing else to do that is the longest drain, and whoever asks this draw for anything meanwhile waits that long.
    """

    drawn: datetime
    ranked: datetime
    ordered: datetime
    selected: datetime
    held: float


def watched(draw: BigDraw) -> Selection:
    """Watch until all winners are named. TimeoutError when that takes three minutes, RuntimeError when they are too few."""
    seen, held, until = list[datetime](), 0.0, time.monotonic() + PATIENCE_SECONDS
    url = draw.system.installation.owner_url
    with psycopg.connect(url, autocommit=True) as connection, _beside(draw) as server:
        while time.monotonic() < until:
            (longest,) = one_row(server, _HOLDING, (WORKER,))
            *done, now = one_row(connection, _SEEN, (draw.draw_id,))
            seen += [now] * (done.count(True) - len(seen))
            held = max(held, longest)
            if done[-1]:
                _check(connection, draw)
                drawn, ranked, ordered, selected = seen
                return Selection(drawn, ranked, ordered, selected, held)
            time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"after {PATIENCE_SECONDS:.0f} s {len(seen)} of 4 parts of the selection were done")


def _beside(draw: BigDraw) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that sees what all roles are at."""
    return psycopg.connect(draw.system.superuser_url, autocommit=True)


def _check(connection: psycopg.Connection[tuple[object, ...]], draw: BigDraw) -> None:
    (won,) = one_row(connection, _WON, (draw.draw_id,))
    if won != draw.winners:
        raise RuntimeError(f"{won} have won, not {draw.winners}")
