"""What shops said of the orders that used grants up: written once, with the completion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from domain.queue.order import Completion
from domain.queue.state import Entry, Status
from store.repositories.by_id import ById
from store.tables.queue import queue_completion


class Completions(ById[Completion]):
    """The orders of completed participations, by the participations' ids."""

    table = queue_completion

    def among(self, entries: Iterable[Entry], order_id: str) -> tuple[Completion, ...]:
        """What is kept of this order, where one of these participations was completed by it before."""
        done = (entry.id for entry in entries if entry.status is Status.COMPLETED and entry.order_id == order_id)
        return tuple(kept for entry_id in done if (kept := self.get(entry_id)) is not None)

    def _state(self, row: Row[Any]) -> Completion:
        return Completion(**row._asdict() | {"items": tuple(row.items)})
