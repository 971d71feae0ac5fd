"""Receipts of a drain: one tree and one signed head for each distribution, a path for each who entered (RFC 9162, 2.1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.claims import Claims
from domain.fairness import BatchTree
from domain.receipts import ReceiptDue, tree_head_claims
from domain.times import iso
from store.work import Grown


@dataclass(frozen=True, slots=True)
class _Head:
    """A log as it stands after the drain, and its signed head."""

    tree: BatchTree
    signed: str


@dataclass(slots=True)
class Receipts:
    """Makes the receipts that are due; a tree is built and signed when the first of its receipts is asked for."""

    grown: Mapping[UUID, Grown]
    at: datetime
    sign: Callable[[Claims], str]
    _heads: dict[UUID, _Head] = field(default_factory=dict)

    def of(self, due: ReceiptDue) -> dict[str, Any]:
        """The receipt as it is told: the leaf hash, its index, the way up to the signed tree head."""
        head = self._heads.get(due.distribution_id)
        if head is None:
            head = self._heads[due.distribution_id] = self._head(due.distribution_id)
        return {
            "leaf": due.leaf.hex(),
            "index": due.index,
            "path": [sibling.hex() for sibling in head.tree.path(due.index)],
            "signedTreeHead": head.signed,
            "enteredAt": iso(due.entered_at),
        }

    def _head(self, distribution_id: UUID) -> _Head:
        grown = self.grown[distribution_id]
        tree = BatchTree(grown.before, grown.leaves)
        return _Head(tree, self.sign(tree_head_claims(distribution_id, tree.size, tree.root, self.at)))
