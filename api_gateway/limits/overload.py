"""What whoever comes at a bad moment is told, wherever it is found out: 503, and when to come again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from api_gateway.problems import Problem, problem

SPREAD: Final = 3
"""Refusals say 1 to so many seconds, so that those who were refused together come back apart."""


def overloaded(request_id: UUID) -> Problem:
    """503 `OVERLOADED`, with `come_again`."""
    detail = "More is asked than can be served right now."
    return problem("OVERLOADED", detail, retry_after=come_again(request_id))


def come_again(request_id: UUID) -> int:
    """Retry-After in whole seconds, by the request's id (RFC 9110, section 10.2.3)."""
    return 1 + request_id.int % SPREAD
