"""A plan: where to send requests, how many at once, for how long; and the file that carries it.

The file is one line of JSON (the plan), then every request as its length (4 bytes, big endian) and
its bytes. It is made before the run, so that the generator spends no time on making requests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of the load generator: for `duration` seconds or `count` answers.

    `rate` paces all connections together to that many requests per second; None sends as fast as answers come.
    `repeat` starts again with the first request after the last one. `keep` has every answer of the window told.
    """

    host: str
    port: int
    connections: int = 64
    duration: float | None = None
    count: int | None = None
    warmup_seconds: float = 0.0
    rate: float | None = None
    repeat: bool = False
    keep: bool = False


def write_plan(path: Path, plan: Plan, requests: Iterable[bytes]) -> None:
    """Write plan and requests to `path`; an existing file is replaced."""
    with path.open("wb") as file:
        file.write(orjson.dumps(asdict(plan)) + b"\n")
        for request in requests:
            file.write(_LENGTH.pack(len(request)) + request)


def read_plan(path: Path) -> tuple[Plan, Iterator[bytes]]:
    """The plan of a file and its requests, cut out of memory one by one as they are asked for."""
    content = path.read_bytes()
    head, _, _ = content.partition(b"\n")
    plan = Plan(**orjson.loads(head))
    return plan, _requests(content, len(head) + 1, repeat=plan.repeat)


def _requests(content: bytes, first: int, *, repeat: bool) -> Iterator[bytes]:
    end = len(content)
    while first < end:
        at = first
        while at < end:
            (length,) = _LENGTH.unpack_from(content, at)
            at += 4 + length
            yield content[at - length : at]
        if not repeat:
            return
