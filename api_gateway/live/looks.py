"""What routes of the framework use of the live part: snapshots of queues and draws, and where a person stands in one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from api_gateway.auth import Caller
from api_gateway.live.launches import Launches
from api_gateway.live.line import Line, Standing
from api_gateway.live.lines import Lines
from api_gateway.live.tickets import Tickets
from api_gateway.live.urn import Entrant, Urn
from api_gateway.live.urns import Urns


@dataclass(frozen=True, slots=True)
class Looks:
    """`standing` gives a person's participation in a line, `entrant` that in a draw; a live grant with its token."""

    lines: Lines
    urns: Urns
    tickets: Tickets
    launches: Launches
    standing: Callable[[Caller, Line], Awaitable[Standing]]
    entrant: Callable[[Caller, Urn], Awaitable[Entrant]]


def looks_of(request: Request) -> Looks:
    """The live part of this gateway."""
    looks: Looks = request.app.state.looks
    return looks
