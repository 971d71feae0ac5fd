"""How people watch draws. What they do in them is asked for on the ordinary routes: nobody rushes to a draw."""

from __future__ import annotations

from typing import Final

import orjson

from api_gateway.auth import CONSUMER, Caller
from api_gateway.draw_views import own_state
from api_gateway.live.stream import DrawTale
from api_gateway.live.urn import Entrant, Urn
from api_gateway.watching import Watching, person
from domain.draw.commands import SignWin

MISSING: Final = "DRAW_NOT_FOUND"


class Drawing(Watching[Urn, Entrant]):
    """Looks and streams of draws."""

    missing = (MISSING, "There is no such draw.")

    async def standing(self, caller: Caller, one: Urn) -> Entrant:
        """The caller's participation; a live grant with its token."""
        while True:
            entrant = await self._snapshots.standing(one, person(caller))
            won = entrant.unsigned
            if won is None:
                return entrant
            assert won.grant_id is not None  # noqa: S101 (narrows the type; WON entries have one)
            command = SignWin(draw_id=one.own_id, entry_id=won.id, grant_id=won.grant_id)
            entrant.token = await self._token(caller, command)
            if not entrant.gone:
                return entrant

    def _state(self, one: Urn, standing: Entrant) -> bytes:
        now = self._gateway.clock.now()
        return orjson.dumps(own_state(CONSUMER, one.known_draw, one.facts(standing), now))

    def _version(self, one: Urn, standing: Entrant) -> int:
        return one.version(standing)

    def _tale(self) -> DrawTale:
        return DrawTale(self._gateway.clock, self._state)
