"""Draws that wait for a round of the public beacon of which the signature is known, and what is published of them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from domain.draw.commands import KnockDraw
from domain.draw.state import Draw
from domain.fairness.quicknet import time_of
from store.reads import draw_proofs, draws
from store.reads.base import Reader
from store.roles import GATEWAY
from tests.support.factories import sent
from tests.support.works import Works

ROUND = 32_398_885
"""One of tests.support.rounds. The draws of a test fix it, and others the rounds after it."""
DRAWN_AT = time_of(ROUND) - timedelta(seconds=5)
CLOSED_AT = DRAWN_AT - timedelta(minutes=10)


def set_clock(works: Works, to: datetime) -> None:
    """Let the ledger's clock go on from a moment."""
    works.rows("UPDATE ledger_clock SET ahead = %s - clock_timestamp()", to)


def beaconed(works: Works, **settings: Any) -> Draw:
    """A draw that fixes ROUND; the ledger's clock is an hour before it, ten minutes before it nobody enters any more."""
    set_clock(works, DRAWN_AT - timedelta(hours=1))
    return works.draw(**{"close_at": CLOSED_AT, "draw_at": DRAWN_AT, "randomness": "beacon"} | settings)


def freeze(works: Works, *draws: Draw) -> None:
    """The entries are frozen, and the round is fixed: of all at once, because no partition's time runs backwards."""
    _knock(works, draws, CLOSED_AT)


def due(works: Works, *draws: Draw, after: float = 0.0) -> None:
    """The time of the draws comes, or some seconds after it."""
    freeze(works, *draws)
    _knock(works, draws, DRAWN_AT + timedelta(seconds=after))


def _knock(works: Works, draws: Sequence[Draw], at: datetime) -> None:
    set_clock(works, at)
    works.append([sent(draw, KnockDraw(draw_id=draw.id)) for draw in draws])
    works.settle()


def published(works: Works, draw: Draw) -> list[dict[str, Any]]:
    """The lines of the proof file, as the gateway may read them."""
    return asyncio.run(_published(works.database.url(GATEWAY), draw))


async def _published(url: str, draw: Draw) -> list[dict[str, Any]]:
    async with AsyncConnectionPool(url, min_size=1, max_size=1, kwargs={"row_factory": dict_row}, open=False) as pool:
        reader = Reader(pool, draw.tenant_id)
        found = await draws.one(reader, draw.id)
        assert found is not None
        commitment = await draws.commitment(reader, draw.id)
        return [line async for some in draw_proofs.lines(reader, found[0], commitment) for line in some]
