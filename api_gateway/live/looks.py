"""What routes of the framework use of the live part: snapshots of queues, and where a person stands in one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from api_gateway.auth import Caller
from api_gateway.live.launches import Launches
from api_gateway.live.line import Line, Standing
from api_gateway.live.lines import Lines
from api_gateway.live.tickets import Tickets


@dataclass(frozen=True, slots=True)
class Looks:
    """`standing` gives a person's participation in a line; a live grant with its token."""

    lines: Lines
    tickets: Tickets
    launches: Launches
    standing: Callable[[Caller, Line], Awaitable[Standing]]


def looks_of(request: Request) -> Looks:
    """The live part of this gateway."""
    looks: Looks = request.app.state.looks
    return looks
