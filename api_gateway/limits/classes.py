"""The classes of calls and their ceilings: one table. They protect; they promise no capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most `limit` calls in `window` seconds; `burst` is a second ceiling over one second."""

    limit: int
    window: int = MINUTE
    burst: int | None = None


@dataclass(frozen=True, slots=True)
class LimitClass:
    """A class of calls: its ceilings per key, per consumer and per address. What is absent is not counted."""

    name: str
    ceilings: Mapping[str, Ceiling] = field(default_factory=dict)


def _class(
    name: str, key: Ceiling, consumer: Ceiling | None = None, address: Ceiling | None = None
) -> tuple[str, LimitClass]:
    found = {"key": key, "consumer": consumer, "address": address}
    return name, LimitClass(name, {by: ceiling for by, ceiling in found.items() if ceiling is not None})


SESSION, REFRESH, ENTRY, STATUS = "session", "refresh", "entry", "status"
PUBLIC, STREAM, SERVER = "public", "stream", "server"
ADMIN_READ, ADMIN_WRITE = "admin-read", "admin-write"

CLASSES: Final[Mapping[str, LimitClass]] = MappingProxyType(
    dict([
        _class(SESSION, Ceiling(300_000), address=Ceiling(300)),
        _class(REFRESH, Ceiling(300_000), Ceiling(30, HOUR), Ceiling(600)),
        _class(ENTRY, Ceiling(1_200_000, burst=40_000), Ceiling(10, 10), Ceiling(1_200)),
        _class(STATUS, Ceiling(6_000_000), Ceiling(120), Ceiling(12_000)),
        _class(PUBLIC, Ceiling(6_000_000), address=Ceiling(12_000)),
        _class(STREAM, Ceiling(600_000), Ceiling(20), Ceiling(1_200)),
        _class(SERVER, Ceiling(300_000)),
        _class(ADMIN_READ, Ceiling(6_000)),
        _class(ADMIN_WRITE, Ceiling(3_000)),
    ])
)  # fmt: skip
