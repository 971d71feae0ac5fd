"""An entrant's receipt against the proof file of the draw: whether the entry stands where it was promised to stand."""

from collections.abc import Iterable
from typing import Final

from domain.fairness.draws.reading import ProofReader
from domain.fairness.findings import Finding, fails, holds, still_open
from domain.fairness.merkle import leaf_hash
from domain.fairness.receipt import Receipt, TreeHead, VerifyHead, check_by_itself, check_leaves

__all__ = ["Receipt", "TreeHead", "check_receipt"]
_SAME_DRAW: Final = holds("draw", "The receipt is of this draw.")


def check_receipt(receipt: Receipt, lines: Iterable[object], verify: VerifyHead | None = None) -> list[Finding]:
    """Check a receipt against the decoded lines of a proof file, read as a stream.

    The findings are receipt, signature, draw, entry and log: the receipt leads to its tree head, the organizer signed
    that head, it is of this draw, the entry stands in the file at its index, and nothing of what was signed was changed.
    Without `verify` the signature stays open. Raises UnreadableProofError as `check_draw` does, and ValueError for a tree
    head that cannot be read.
    """
    head = receipt.tree_head()
    reader = ProofReader(lines)
    document = reader.document()
    own = check_by_itself(receipt, head, verify)
    if document.distribution_id != head.distribution_id:
        return [*own, fails("draw", "The receipt is of another draw.")]
    if not document.is_sealed:
        unpublished = "The entries are not published before they are frozen."
        return [*own, _SAME_DRAW, *(still_open(check, unpublished) for check in ("entry", "log"))]
    hashes = (leaf_hash(leaf.leaf()) for leaf in reader.leaves())
    return [*own, _SAME_DRAW, *check_leaves(receipt, head, hashes)]
