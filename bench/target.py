"""What a system must offer to be measured: an address, queues, and requests that are ready to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID


class EnterTarget(Protocol):
    """A system that people can enter queues of."""

    @property
    def host(self) -> str:
        """Address to dial."""

    @property
    def port(self) -> int:
        """Port to dial."""

    def new_queue(self) -> UUID:
        """A queue that takes entries now and is never full; a fresh one unless others are to be in it already."""

    def enters(self, queue_id: UUID) -> Iterable[bytes]:
        """One complete request to enter per person; nobody twice."""

    def entered(self, queue_id: UUID) -> int:
        """How many people the store says are in the queue, once nothing is under way."""
