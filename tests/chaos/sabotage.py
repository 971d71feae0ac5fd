"""Guards taken away, inside the project's own processes: what a storm must find."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from domain.queue.rules import serving
from domain.queue.state import Queue
from store import journal
from store.pipelined import Connection


def forget_outcomes() -> None:
    """Workers never look whether a command was decided before."""

    def nothing(connection: Connection, command_ids: Sequence[UUID]) -> Iterable[Any]:
        return ()

    journal.ask_outcomes = nothing


def overfill() -> None:
    """Queues let in one more than they may."""
    places = serving._places

    def one_more(queue: Queue) -> list[int]:
        return [place + 1 for place in places(queue)]

    serving._places = one_more
