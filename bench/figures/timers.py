"""How late timers come: from the moment they are due to the append of their command."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import psycopg

from bench.bench import Bench
from bench.figure import Figure
from bench.report import amount
from bench.result import percentile
from bench.system import System
from domain.ids import derived_id
from domain.times import iso

TIMERS = 500
SOONEST = timedelta(milliseconds=200)
_NEAR, _STEP, _STEPS = timedelta(milliseconds=350), timedelta(milliseconds=37), 41
_WAIT_SECONDS = 30.0
_WATCH = b"""
CREATE TABLE bench_appended (id uuid NOT NULL, appended_at timestamptz NOT NULL);
CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO bench_appended SELECT unnest(NEW.ids), NEW.appended_at;
  RETURN NULL;
END $$;
CREATE TRIGGER bench_note AFTER INSERT ON command_log FOR EACH ROW WHEN (NEW.gateway = '')
  EXECUTE FUNCTION bench_note();
"""
_LEAVE = b"DROP TRIGGER bench_note ON command_log; DROP FUNCTION bench_note(); DROP TABLE bench_appended"
_DUE = b"SELECT id, open_at, open_at - created_at FROM queue WHERE id = ANY (%s)"
_APPENDED = b"SELECT id, appended_at FROM bench_appended WHERE id = ANY (%s)"


def timers(bench: Bench) -> list[Figure]:
    """Queues are made that open a little later, and each opening is knocked for by its timer: how late was the knock?"""
    of_round = 10 if bench.quick else -(-TIMERS // bench.pairs)
    with _watching(bench.system) as connection:
        rounds = [_round(bench.system, connection, of_round) for _ in range(bench.pairs)]
    lateness = sorted(late for one in rounds for late in one)
    parts = {
        "timers": str(len(lateness)),
        "p50": f"{amount(percentile(lateness, 0.5))} ms",
        "latest": f"{amount(lateness[-1])} ms",
        "earliest": f"{amount(lateness[0])} ms",
    }
    tails = [percentile(sorted(one), 0.99) for one in rounds]
    return [
        Figure(
            "timers", "timer lateness, p99", percentile(lateness, 0.99), "ms", 50.0, at_least=False,
            low=min(tails), high=max(tails), parts=parts, runs=tuple({"lateness_ms": one} for one in rounds),
        )
    ]  # fmt: skip


def _round(system: System, connection: psycopg.Connection[Any], number: int) -> list[float]:
    """Milliseconds from due to appended, for every timer that was made early enough."""
    steps = count()
    made = [_queue_soon(system, next(steps)) for _ in range(number)]
    due = [(queue_id, at) for queue_id, at, ahead in connection.execute(_DUE, (made,)) if ahead >= SOONEST]
    if len(due) < number / 2:
        raise RuntimeError(f"only {len(due)} of {number} timers could be made {SOONEST} ahead")
    wanted = {_command_id(queue_id, at): at for queue_id, at in due}
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        found = dict(connection.execute(_APPENDED, (list(wanted),)).fetchall())
        if len(found) == len(wanted):
            return [(found[one] - at).total_seconds() * 1000 for one, at in wanted.items()]
        if time.monotonic() > until:
            raise TimeoutError(f"{len(wanted) - len(found)} of {len(wanted)} timers did not come")
        time.sleep(0.1)


def _queue_soon(system: System, step: int) -> UUID:
    opens_at = datetime.now(UTC) + _NEAR + (step * 7 % _STEPS) * _STEP
    return system.new_queue(openAt=iso(opens_at))


def _command_id(queue_id: UUID, due_at: datetime) -> UUID:
    """The id of the knock of a queue's first timer."""
    return derived_id(due_at, b"timer", queue_id.bytes, b"knock", (1).to_bytes(8, "big"))


@contextmanager
def _watching(system: System) -> Iterator[psycopg.Connection[Any]]:
    """The instants of appends are kept for the length of a block, because a drain takes the rows of the log away."""
    with psycopg.connect(system.installation.owner_url, autocommit=True) as connection:
        connection.execute(_WATCH)
        try:
            yield connection
        finally:
            connection.execute(_LEAVE)
