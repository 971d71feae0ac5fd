"""Ports for gateways."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from cli.errors import ObstacleError
from runtime.embedded.ports import is_free

_FIRST, _LAST = 15_000, 30_000
_TRIES = 100


def free_ports(first: int, count: int, apart_from: Collection[int] = ()) -> list[int]:
    """So many free ports of 127.0.0.1, from `first` upwards; with `first` 0, any. ObstacleError when there are none.

    `apart_from` are ports that are free still, and promised to somebody.
    """
    tried = range(first, min(first + _TRIES, 65_536)) if first else (_anywhere() for _ in range(_TRIES))
    found: list[int] = []
    for port in tried:
        if len(found) == count:
            break
        if port not in found and port not in apart_from and is_free(port):
            found.append(port)
    if len(found) < count:
        raise ObstacleError(f"There are no {count} free ports from {first or _FIRST} on: name another with --port.")
    return found


def _anywhere() -> int:
    """Below every system's ephemeral range, so that no client's own end takes it."""
    return _FIRST + secrets.randbelow(_LAST - _FIRST)
