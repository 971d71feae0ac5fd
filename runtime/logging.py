"""Structured logs: one JSON object a line, one canonical line per command, no secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, BinaryIO

import orjson
import structlog

_SECRET = re.compile(r"dr_sk_(live|test)_\w+|rt_[\w-]{20,}|eyJ[\w-]+\.[\w-]+\.[\w-]+")
_NEVER = frozenset({"authorization", "password", "token", "secret", "refresh_token", "access_token", "admission_grant"})


def configure(level: str = "info") -> None:
    """Log to standard output, as JSON, from structlog and from libraries alike."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(output()),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )


@lru_cache(maxsize=1)
def output() -> BinaryIO:
    """Standard output itself: dramatiq puts a pipe of its own in the place of sys.stdout."""
    return open(1, "wb", buffering=0, closefd=False)


def hide_secrets(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Drop what is secret by its name or by its form."""
    for name, value in line.items():
        if name in _NEVER:
            line[name] = "hidden"
        elif isinstance(value, str) and len(value) > 20 and _SECRET.search(value):
            line[name] = _SECRET.sub("hidden", value)
    return line


def _dumps(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)
