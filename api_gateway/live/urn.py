"""A draw as the gateway knows it: what was pulled of it, the people in it, and what became of each.

Losers' rows are never written: their fate follows from the draw and the order, so that one pull tells it to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api_gateway.live.snapshot import Snapshot
from domain.distribution.state import Lifecycle
from domain.draw.state import Draw, Entry, Status
from domain.draw.view import absent_facts, entry_facts, fate
from store.reads.draws import draw_of


@dataclass(slots=True)
class Entrant:
    """One person's participation in a draw, as cached; `entry` is None when this person never entered.

    `rank` is the place in the order, looked up once there is one: `ranked` says that it was. `token` is that of a live
    grant. `gone`: the urn holds it no longer.
    """

    consumer_id: UUID
    entry: Entry | None
    as_of: int
    rank: int | None = None
    ranked: bool = False
    token: str = ""
    gone: bool = False

    @property
    def entered(self) -> bool:
        """Whether this person has a participation."""
        return self.entry is not None

    @property
    def unsigned(self) -> Entry | None:
        """The win whose token nobody has asked for yet."""
        won = self.entry is not None and self.entry.status is Status.WON
        return self.entry if won and not self.token else None


@dataclass(slots=True)
class Urn(Snapshot[Entrant]):
    """The snapshot of a draw."""

    kind = "draw"

    draw: Draw | None = None

    def take(self, row: dict[str, Any]) -> None:
        """Take over what is a draw's own; a draw that has not changed stays the same object."""
        draw = draw_of(row)
        self.draw = self.draw if draw == self.draw else draw
        self.experience_id, self.sequence_id = draw.experience_id, draw.sequence_id
        self.visible = draw.published and not draw.archived

    @property
    def known_draw(self) -> Draw:
        """The draw, of an urn that was pulled."""
        assert self.draw is not None  # noqa: S101 (narrows the type; whoever has an urn has pulled it)
        return self.draw

    @property
    def paused(self) -> bool:
        """Whether something holds it back."""
        return self.known_draw.pause is not None

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """When it opens and closes."""
        return self.known_draw.config.open_at, self.known_draw.config.closes_at

    def lifecycle(self, now: datetime) -> Lifecycle:
        """Where the draw stands."""
        return self.known_draw.lifecycle(now)

    def unranked(self, entrant: Entrant) -> Entry | None:
        """The participation whose place in the order decides, and was not looked up yet."""
        entry = entrant.entry
        decides = entry is not None and entry.status is Status.ENTERED and self.known_draw.pool.last is not None
        return entry if decides and not entrant.ranked else None

    def facts(self, entrant: Entrant) -> dict[str, Any]:
        """Where a person stands: the stored entry, and what follows from the draw and the order."""
        entry = entrant.entry
        if entry is None:
            return absent_facts(entrant.consumer_id)
        told = entry_facts(entry) | fate(self.known_draw, entry, entrant.rank)
        return told | {"admissionGrant": entrant.token} if entrant.token else told

    def version(self, entrant: Entrant) -> int:
        """The version of a person's state: it grows with every change, also with one that no row says."""
        version: int = self.facts(entrant).get("stateVersion", 0)
        return version
