"""One pass over the published entries of a cohort: their log, their numbering, their ranks."""

from collections.abc import Iterable, Iterator, Mapping

from domain.fairness.cohort import CohortOrder
from domain.fairness.document import PublishedEntry
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.merkle import Frontier, leaf_hash


class Audit:
    """What the entries say, read once as a stream in the order of their tickets.

    `order` is the recomputed order, None while it cannot be known. Reading stops at a line that cannot be read.
    """

    def __init__(self, entries: Iterable[object], order: CohortOrder | None) -> None:
        """Read all entries; only the log's frontier and the first fault of each sort are kept."""
        self._order = order
        self._complete = True
        self._misnumbered: Finding | None = None
        self._misranked: Finding | None = None
        self._wrong_ranks = 0
        self._frontier = Frontier().extend(self._leaves(entries))

    def numbering(self) -> Finding:
        """Whether every line can be read and the tickets run 0, 1, 2 without gap or repetition."""
        return self._misnumbered or holds("entries", "Every entry can be read, and the tickets run without a gap.")

    def count(self, published: int) -> Finding:
        """Whether there are as many entries as were frozen."""
        if not self._complete:
            return still_open("count", "The entries cannot be counted, because one of them cannot be read.")
        if self._frontier.size != published:
            return fails("count", f"There are {self._frontier.size} entries, but {published} were frozen.")
        return holds("count", f"There are {published} entries, as many as were frozen.")

    def tree_head(self, published: str) -> Finding:
        """Whether the entries are, byte for byte and in order, those under the frozen tree head."""
        if not self._complete:
            return still_open("treeHead", "The tree head cannot be recomputed, because an entry cannot be read.")
        if self._frontier.root().hex() != published:
            return fails("treeHead", "The entries are NOT those that were frozen: their tree head differs.")
        return holds("treeHead", "The entries are exactly those that were frozen.")

    def ranks(self) -> Finding:
        """Whether every entry has the rank that the recomputed order gives it."""
        if self._order is None:
            return still_open("ranks", "The order cannot be recomputed before the seed can be derived.")
        if self._misranked:
            return fails("ranks", f"{self._misranked.text} {self._wrong_ranks} differ.", self._misranked.ticket)
        if not self._complete:
            return still_open("ranks", "Not every rank can be compared, because an entry cannot be read.")
        return holds("ranks", "Every entry has the rank that follows from the seed.")

    def _leaves(self, entries: Iterable[object]) -> Iterator[bytes]:
        for ticket, line in enumerate(entries):
            try:
                entry = PublishedEntry.from_json(line if isinstance(line, Mapping) else {})
            except ValueError as error:
                self._complete = False
                self._misnumber(ticket, f"Line {ticket + 1} of the entries cannot be read: {error}.")
                return
            if entry.ticket != ticket:
                self._misnumber(ticket, f"Line {ticket + 1} must be ticket {ticket}, but is ticket {entry.ticket}.")
            if self._order is not None:
                self._compare(entry, self._order)
            yield leaf_hash(entry.leaf())

    def _misnumber(self, ticket: int, text: str) -> None:
        self._misnumbered = self._misnumbered or fails("entries", text, ticket)

    def _compare(self, entry: PublishedEntry, order: CohortOrder) -> None:
        rank = order.rank_of(entry.ticket) if entry.ticket < order.count else None
        if rank is not None and entry.rank == rank:
            return
        self._wrong_ranks += 1
        drew = f"drew rank {rank}" if rank is not None else "has no rank in the order"
        text = f"Ticket {entry.ticket} {drew}, but rank {entry.rank} is published; it is the first that differs."
        self._misranked = self._misranked or fails("ranks", text, entry.ticket)
