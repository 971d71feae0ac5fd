"""Draws, as the organization runs them."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api_gateway.admin.running import Asked, Running, Words, Writes, asked, running_router
from api_gateway.draw_views import draw_read, kept_draw
from api_gateway.http.call import known_id
from api_gateway.http.partial import changes_of
from api_gateway.http.told import SECRET, told
from api_gateway.shapes.common import Listing
from api_gateway.shapes.draws import BeaconBody, KeptDraw, ResumeDrawBody
from domain.draw.commands import ArchiveDraw, CreateDraw, GiveBeacon, KillDraw, PauseDraw, ResumeDraw, UpdateDraw
from domain.draw.config import DrawConfig, NewDraw
from store.reads import draws

DRAWS: Final = Running(
    name="draw", plural="draws", missing="DRAW_NOT_FOUND", shape=KeptDraw, listing=Listing[KeptDraw], config=DrawConfig,
    new=NewDraw, changes=changes_of(DrawConfig, "DrawChanges"), resume_body=ResumeDrawBody, kept=draws,
    asked=Asked(
        create=lambda own_id, sequence_id, config: CreateDraw(draw_id=own_id, sequence_id=sequence_id, config=config),
        update=lambda own_id, **said: UpdateDraw(draw_id=own_id, **said),
        archive=lambda own_id, **said: ArchiveDraw(draw_id=own_id, **said),
        pause=lambda own_id, **said: PauseDraw(draw_id=own_id, **said),
        resume=lambda own_id, **said: ResumeDraw(draw_id=own_id, **said),
        kill=lambda own_id, **said: KillDraw(draw_id=own_id, **said),
    ),
    words=Words(
        create="A draw under a sequence. Its seed is committed to from now on.",
        update="Some settings; from the first entry on nothing but the name and the metadata.",
        archive="Take a draw out of the lists; not while somebody takes part or holds a grant.",
        pause="Hold back the drawing and promotions, entries, or both. Live grants run on.",
        kill=(
            "End a draw for good: it is void, and stays visible. A repeat is a new draw that names it as replacesDrawId."
        ),
    ),
    read=draw_read, shown=kept_draw,
)  # fmt: skip
router = running_router(DRAWS)


@router.post(
    f"{DRAWS.place}/beacon",
    summary="Give a draw its round of the beacon",
    **told(SECRET, KeptDraw, DRAWS.missing, body=BeaconBody, command=True),
)
async def give_beacon(draw_id: str, call: Writes) -> Response:
    """Bring the round that the draw has fixed, by hand. Its signature is checked; a wrong one is told in the log."""
    own_id, body = known_id(draw_id, DRAWS.missing), call.body(BeaconBody)
    return asked(call, DRAWS, await call.ask(GiveBeacon(draw_id=own_id, **body.model_dump())))
