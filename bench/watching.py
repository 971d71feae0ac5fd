"""Watching a long line being admitted, from beside it: what counts is what is committed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import psycopg

from bench.long_line import LongLine

_LOOK_SECONDS = 0.004
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Admission:
    """When a watcher first saw that anybody, and that everybody who was to be, had been admitted."""

    first_at: datetime
    last_at: datetime
    slices: int


def watched(line: LongLine, wanted: int) -> Admission:
    """Watch until `wanted` are admitted. TimeoutError when that takes a minute."""
    first_at: datetime | None = None
    before, slices, until = 0, 0, time.monotonic() + _PATIENCE_SECONDS
    with psycopg.connect(line.system.installation.owner_url, autocommit=True) as connection:
        while time.monotonic() < until:
            admitted, seen_at = line.admitted(connection)
            if admitted > before:
                first_at, before, slices = first_at or seen_at, admitted, slices + 1
            if admitted >= wanted:
                return Admission(first_at or seen_at, seen_at, slices)
            time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"{before} of {wanted} were admitted within {_PATIENCE_SECONDS:.0f} s")
