"""Fair, and provably so: one log, one commitment, one order, one proof, for every kind.

docs/fairness.md specifies every byte of it.
"""

from domain.fairness.batch import BatchTree
from domain.fairness.cohort import MAX_COUNT, CohortOrder
from domain.fairness.commitment import canonical_json, order_seed, rules_hash, seed_commitment
from domain.fairness.document import ProofDocument, PublishedEntry
from domain.fairness.findings import Finding, Verdict, is_proved
from domain.fairness.leaves import (
    DRAW_DENY,
    DRAW_ENTER,
    DRAW_LEAVE,
    ENTER,
    ENTRY_KINDS,
    EXIT_KINDS,
    NO_HASH,
    REQUEUE,
    DrawEntry,
    draw_entry_leaf,
    draw_exit_leaf,
    entry_leaf,
    preferences_hash,
)
from domain.fairness.members import instant_of, instant_text
from domain.fairness.merkle import Frontier, inclusion_path, leaf_hash, root_of, verify_inclusion
from domain.fairness.order import RANKED_LIMIT, cohort_order, permutation_name, ranked_order
from domain.fairness.permutation import permuted_order
from domain.fairness.proof import check_order
from domain.fairness.slices import Chunk, bucket_of, buckets_for, entry_key, merged, ranked_runs

__all__ = [
    "DRAW_DENY",
    "DRAW_ENTER",
    "DRAW_LEAVE",
    "ENTER",
    "ENTRY_KINDS",
    "EXIT_KINDS",
    "MAX_COUNT",
    "NO_HASH",
    "RANKED_LIMIT",
    "REQUEUE",
    "BatchTree",
    "Chunk",
    "CohortOrder",
    "DrawEntry",
    "Finding",
    "Frontier",
    "ProofDocument",
    "PublishedEntry",
    "Verdict",
    "bucket_of",
    "buckets_for",
    "canonical_json",
    "check_order",
    "cohort_order",
    "draw_entry_leaf",
    "draw_exit_leaf",
    "entry_key",
    "entry_leaf",
    "inclusion_path",
    "instant_of",
    "instant_text",
    "is_proved",
    "leaf_hash",
    "merged",
    "order_seed",
    "permutation_name",
    "permuted_order",
    "preferences_hash",
    "ranked_order",
    "ranked_runs",
    "root_of",
    "rules_hash",
    "seed_commitment",
    "verify_inclusion",
]
