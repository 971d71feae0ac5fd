"""Orders of draws, as far as somebody has asked about them: what was drawn never changes, so that it is read once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from fastapi import Request

from api_gateway.recent import Recent
from domain.fairness import Chunk

CHUNKS: Final = 200
"""Parts of orders that are kept: of some 16,000 entries each, at 12 bytes an entry."""


class Orders(Recent[tuple[UUID, int], Chunk]):
    """Parts of orders, by draw and bucket."""

    __slots__ = ()


def orders_of(request: Request) -> Orders:
    """The orders that this gateway has read."""
    orders: Orders = request.app.state.looks.urns.orders
    return orders
