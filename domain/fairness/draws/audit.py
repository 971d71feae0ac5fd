"""One pass over the published leaves of a draw: their log, their numbering, who is in."""

from collections.abc import Iterable, Iterator

from domain.fairness.draws.document import DrawDocument, DrawRules
from domain.fairness.draws.published import PublishedDrawEntry, PublishedExit, PublishedLeaf
from domain.fairness.draws.roll import Roll
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.leaves import DrawEntry
from domain.fairness.merkle import Frontier, leaf_hash


class LeafAudit:
    """What the leaves say, read once as a stream. `roll` has the entries, and who of them was still in at the freeze."""

    def __init__(self, leaves: Iterable[PublishedLeaf], rules: DrawRules) -> None:
        """Read all leaves; of faults only the first is kept."""
        self.roll = Roll()
        self._rules = rules
        self._entries = self._tickets = 0
        self._fault: Finding | None = None
        self._frontier = Frontier().extend(self._hashes(leaves))

    @property
    def is_sound(self) -> bool:
        """Whether every leaf is what the leaves before it and the rules allow."""
        return self._fault is None

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._frontier.size

    def findings(self, document: DrawDocument) -> Iterator[Finding]:
        """Compare the leaves with what the document says was frozen."""
        if document.tree_head is None:
            for check in ("leaves", "count", "tickets", "logSize", "treeHead"):
                yield still_open(check, "The entries are not frozen yet.")
            return
        yield self._fault or holds(
            "leaves", "Leaves, entries and tickets are numbered without a gap, within the rules."
        )
        yield _same("count", "entries", self._entries, document.count)
        yield _same("tickets", "tickets", self._tickets, document.tickets)
        yield _same("logSize", "leaves", self.size, document.log_size)
        if self._frontier.root().hex() == document.tree_head:
            yield holds("treeHead", "The entries are exactly those that were frozen.")
        else:
            yield fails("treeHead", "The entries are NOT those that were frozen: their tree head differs.")

    def _hashes(self, leaves: Iterable[PublishedLeaf]) -> Iterator[bytes]:
        for index, leaf in enumerate(leaves):
            fault = self._take_down(leaf)
            if leaf.index != index:
                fault = f"it says that it is leaf {leaf.index}"
            if fault is not None and self._fault is None:
                self._fault = fails("leaves", f"Leaf {index} is wrong: {fault}.", leaf=index)
            yield leaf_hash(leaf.leaf())

    def _take_down(self, leaf: PublishedLeaf) -> str | None:
        try:
            match leaf:
                case PublishedDrawEntry():
                    self._entered(leaf.entry, leaf.prizes)
                case PublishedExit(kind="leave"):
                    self.roll.leave(leaf.participation_id)
                case PublishedExit():
                    self.roll.deny(leaf.participation_id)
        except ValueError as error:
            return str(error)
        return None

    def _entered(self, entry: DrawEntry, prizes: tuple[str, ...] | None) -> None:
        number, ticket = self._entries, self._tickets
        self._entries += 1
        self._tickets += entry.tickets
        self.roll.add(entry, prizes or ())
        if entry.number != number:
            raise ValueError(f"it must be entry {number}, but says {entry.number}")
        if entry.first_ticket != ticket:
            raise ValueError(f"the first ticket of entry {number} must be {ticket}, but it says {entry.first_ticket}")
        if entry.tickets > self._rules.max_tickets_per_entry:
            raise ValueError(f"entry {number} has {entry.tickets} tickets, more than the rules allow")
        if entry.people > self._rules.max_people_per_entry:
            raise ValueError(f"entry {number} is for {entry.people} people, more than the rules allow")
        why_not = self._rules.why_not_preferred(prizes)
        if why_not is not None:
            raise ValueError(f"entry {number} prefers {list(prizes or ())}: {why_not.removesuffix('.')}")


def _same(check: str, what: str, found: int, frozen: int | None) -> Finding:
    if found != frozen:
        return fails(check, f"There are {found} {what}, but {frozen} were frozen.")
    return holds(check, f"There are {found} {what}, as many as were frozen.")
