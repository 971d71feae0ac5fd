"""An honest proof of an order, and its entries."""

from typing import Any
from uuid import UUID

from domain.fairness import (
    ProofDocument,
    PublishedEntry,
    cohort_order,
    leaf_hash,
    order_seed,
    permutation_name,
    root_of,
    rules_hash,
    seed_commitment,
)

QUEUE = UUID("019a4aff-1111-7222-8333-444444444444")
SECRET = bytes(range(32))
RULES: dict[str, Any] = {"onExpiry": "deny", "requeueLimit": 0}


def entry(ticket: int, rank: int | None = None) -> PublishedEntry:
    """Somebody who entered in this place."""
    participation = UUID(int=(7 << 76) + (2 << 62) + ticket)
    return PublishedEntry(ticket, participation, "enter", 1_763_740_800_000_000 + ticket, rank)


def honest_proof(people: int = 40) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The document and the entries of a cohort, as they are published."""
    head = root_of(leaf_hash(entry(ticket).leaf()) for ticket in range(people))
    seed = order_seed(QUEUE, rules_hash(RULES), head, people, SECRET)
    order = cohort_order(seed, people)
    document = ProofDocument(
        permutation=permutation_name(people),
        distribution_id=QUEUE,
        rules=RULES,
        rules_hash=rules_hash(RULES).hex(),
        seed_commitment=seed_commitment(SECRET).hex(),
        server_seed=SECRET.hex(),
        tree_head=head.hex(),
        count=people,
        seed=seed.hex(),
    )
    lines = [entry(ticket, order.rank_of(ticket)).as_json() for ticket in range(people)]
    return document.model_dump(mode="json", by_alias=True), lines
