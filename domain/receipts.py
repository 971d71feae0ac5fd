"""Receipts: what proves to somebody who entered that the entry stands in the log, so that it cannot be dropped unseen.

A receipt is due when the decision is taken, and made once it is committed: all entries of a drain share one signed tree head.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.claims import Claims
from domain.fairness import Frontier
from domain.times import iso

TREE_HEAD = "tree-head+jwt"
"""The `typ` of a signed tree head: no other token passes for one."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A leaf that a decision appends to the log of its aggregate; `before` is the log without it."""

    before: Frontier
    leaf: bytes


@dataclass(frozen=True, slots=True)
class ReceiptDue:
    """What somebody is to get who entered: the leaf hash, its index in the log of the distribution, and when."""

    distribution_id: UUID
    leaf: bytes
    index: int
    entered_at: datetime


def tree_head_claims(distribution_id: UUID, size: int, root: bytes, at: datetime) -> Claims:
    """What is signed of a log: so many leaves, under this root, at this moment."""
    payload = {"distributionId": str(distribution_id), "size": size, "root": root.hex(), "at": iso(at)}
    return Claims("grant", TREE_HEAD, payload)
