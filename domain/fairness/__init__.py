"""Fair, and provably so: one log, one commitment, one order, one proof, for every kind.

docs/fairness.md specifies every byte of it.
"""

from domain.fairness.cohort import MAX_COUNT, CohortOrder
from domain.fairness.commitment import canonical_json, order_seed, rules_hash, seed_commitment
from domain.fairness.document import ProofDocument, PublishedEntry, instant_of, instant_text
from domain.fairness.findings import Finding, Verdict, is_proved
from domain.fairness.leaves import ENTER, ENTRY_KINDS, REQUEUE, entry_leaf
from domain.fairness.merkle import Frontier, inclusion_path, leaf_hash, root_of, verify_inclusion
from domain.fairness.order import RANKED_LIMIT, cohort_order, permutation_name, ranked_order
from domain.fairness.permutation import permuted_order
from domain.fairness.proof import check_order

__all__ = [
    "ENTER",
    "ENTRY_KINDS",
    "MAX_COUNT",
    "RANKED_LIMIT",
    "REQUEUE",
    "CohortOrder",
    "Finding",
    "Frontier",
    "ProofDocument",
    "PublishedEntry",
    "Verdict",
    "canonical_json",
    "check_order",
    "cohort_order",
    "entry_leaf",
    "inclusion_path",
    "instant_of",
    "instant_text",
    "is_proved",
    "leaf_hash",
    "order_seed",
    "permutation_name",
    "permuted_order",
    "ranked_order",
    "root_of",
    "rules_hash",
    "seed_commitment",
    "verify_inclusion",
]
