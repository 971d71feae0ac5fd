"""Which draws wait for a round of the public beacon that everybody may know by now, in all tenants.

A scheduler sees no tenant's rows. It asks one function, which runs as `maintenance` and tells of a draw that waits its
tenant, its id and its round, which the draw publishes itself, and nothing more. There is no table of wishes beside the draws,
because that would be a second truth, to be kept right whenever a draw is put off, ended, drawn or put away.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from store.pipelined import Connection

MOST = 1_000
_AWAITING = "SELECT tenant_id, draw_id, round FROM draws_awaiting(%s, %s)"


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A draw that waits for a round."""

    tenant_id: UUID
    draw_id: UUID
    round: int


def awaiting(connection: Connection, latest: int) -> list[Awaiting]:
    """The draws whose round is not above `latest`, the newest round first: one that is never had is in nobody's way."""
    return [Awaiting(*row) for row in connection.exec_driver_sql(_AWAITING, (latest, MOST))]
