"""Guards taken away, inside the project's own processes: what a storm must find."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from api_gateway.live import urn
from domain.draw.state import Draw, Entry
from domain.fairness.draws import Lot
from domain.queue.rules import serving
from domain.queue.state import Queue
from domain.receipts import ReceiptDue
from store import journal
from store.pipelined import Connection
from workers.receipts import Receipts


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


def overfill_draws() -> None:
    """Draws without prizes have one place more than they say."""
    with_lot = Draw.with_lot

    def one_more(draw: Draw) -> int:
        return draw.config.winner_count + 1 - draw.pool.taken

    def counted(draw: Draw, prize: str, lot: Lot) -> Draw:
        return with_lot(draw, prize, Lot(lot.free - 1, lot.reached))

    Draw.free = property(one_more)  # type: ignore[assignment,method-assign] # a guard is taken away
    Draw.with_lot = counted  # type: ignore[method-assign] # so that places are counted as they are taken


def misplace_receipts() -> None:
    """Receipts name the leaf behind the entrant's."""
    of = Receipts.of

    def misplaced(self: Receipts, due: ReceiptDue) -> dict[str, Any]:
        receipt = of(self, due)
        return receipt | {"index": receipt["index"] + 1}

    Receipts.of = misplaced  # type: ignore[method-assign] # a guard is taken away


def mislead() -> None:
    """Whoever looks is told of a state in which nobody ever was."""
    facts = urn.entry_facts

    def misled(entry: Entry) -> dict[str, Any]:
        return facts(entry) | {"stateVersion": entry.version + 7}

    urn.entry_facts = misled
