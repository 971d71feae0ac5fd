"""docs/fairness.md against the code, and against a second implementation written from its text alone."""

import hmac
import json
import re
from hashlib import sha256
from math import ceil, isqrt
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.fairness import (
    ENTRY_KINDS,
    CohortOrder,
    Frontier,
    ProofDocument,
    PublishedEntry,
    canonical_json,
    check_order,
    cohort_order,
    entry_leaf,
    inclusion_path,
    instant_of,
    instant_text,
    is_proved,
    leaf_hash,
    order_seed,
    permuted_order,
    root_of,
    rules_hash,
    seed_commitment,
)

TEXT = Path(__file__).parents[3].joinpath("docs", "fairness.md").read_text(encoding="utf-8")


def vectors() -> dict[str, Any]:
    """The test vectors that the document publishes."""
    found = re.search(r"^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert found
    return dict(json.loads(found[1]))


VECTORS = vectors()
SEED = bytes.fromhex(VECTORS["seed"]["seed"])


def plain_head(hashes: list[bytes]) -> bytes:
    """A tree head, level by level, as sections 2 and 3 describe it."""
    while len(hashes) > 1:
        pairs = [hashes[at : at + 2] for at in range(0, len(hashes), 2)]
        hashes = [sha256(b"\x01" + b"".join(pair)).digest() if len(pair) > 1 else pair[0] for pair in pairs]
    return hashes[0] if hashes else sha256(b"").digest()


def plain_rank(seed: bytes, count: int, ticket: int) -> int:
    """The rank of a ticket, as section 7.2 describes it."""
    a = isqrt(count) + (isqrt(count) ** 2 < count)
    b = ceil(count / a)

    def turn(number: int, half: int) -> int:
        message = b"drumroll-permutation/1\x00" + bytes([number]) + half.to_bytes(8, "big")
        return int(hmac.new(seed, message, "sha256").hexdigest(), 16)

    place = ticket
    while True:
        left, right = place // b, place % b
        for number in range(12):
            if number % 2:
                right = (right + turn(number, left)) % b
            else:
                left = (left + turn(number, right)) % a
        place = left * b + right
        if place < count:
            return place


@pytest.mark.parametrize("vector", VECTORS["leaves"], ids=lambda vector: vector["kind"])
def test_the_leaves_of_the_document(vector: dict[str, Any]) -> None:
    person, at = UUID(vector["participationId"]), instant_of(vector["receivedAt"])
    content = entry_leaf(ENTRY_KINDS[vector["kind"]], vector["ticket"], person, at)
    assert content.hex() == vector["content"]
    assert leaf_hash(content).hex() == vector["leafHash"]
    assert sha256(b"\x00drumroll/leaf/1\x00" + content).hexdigest() == vector["leafHash"]
    assert instant_text(at) == vector["receivedAt"]


def test_the_logs_of_the_document() -> None:
    vector = VECTORS["merkle"]
    leaves = [leaf_hash(bytes.fromhex(content)) for content in vector["contents"]]
    heads = [root_of(leaves[:size]).hex() for size in range(8)]
    assert heads == vector["treeHeads"] == [plain_head(leaves[:size]).hex() for size in range(8)]
    path = inclusion_path(leaves[: vector["path"]["size"]], vector["path"]["index"])
    assert [sibling.hex() for sibling in path] == vector["path"]["hashes"]
    assert Frontier().extend(leaves).to_bytes().hex() == vector["frontier"]


@pytest.mark.parametrize("vector", VECTORS["rules"])
def test_the_rules_of_the_document(vector: dict[str, Any]) -> None:
    assert canonical_json(vector["rules"]).hex() == vector["canonical"]
    assert rules_hash(vector["rules"]).hex() == vector["rulesHash"]
    assert sha256(bytes.fromhex(vector["canonical"])).hexdigest() == vector["rulesHash"]
    assert json.loads(bytes.fromhex(vector["canonical"])) == vector["rules"]


def test_the_seeds_of_the_document() -> None:
    vector = VECTORS["seed"]
    secret, rules, head = (bytes.fromhex(vector[name]) for name in ("serverSeed", "rulesHash", "treeHead"))
    queue, beacon = UUID(vector["distributionId"]), bytes.fromhex(vector["beacon"])
    assert seed_commitment(secret).hex() == vector["seedCommitment"]
    assert order_seed(queue, rules, head, vector["count"], secret).hex() == vector["seed"]
    assert order_seed(queue, rules, head, vector["count"], secret, beacon=beacon).hex() == vector["seedWithBeacon"]


@pytest.mark.parametrize("vector", VECTORS["rank"], ids=lambda vector: str(vector["count"]))
def test_the_ranked_orders_of_the_document(vector: dict[str, Any]) -> None:
    order = cohort_order(SEED, vector["count"])
    assert [order.ticket_at(rank) for rank in vector["ranks"]] == vector["tickets"]
    tickets = range(vector["count"])
    plain = sorted(tickets, key=lambda ticket: (hmac.digest(SEED, ticket.to_bytes(8, "big"), "sha256"), ticket))
    assert [plain[rank] for rank in vector["ranks"]] == vector["tickets"]


@pytest.mark.parametrize("vector", VECTORS["permutation"], ids=lambda vector: str(vector["count"]))
def test_the_permutations_of_the_document(vector: dict[str, Any]) -> None:
    orders: list[CohortOrder] = [permuted_order(SEED, vector["count"])]
    if vector["count"] > 65_536:
        orders.append(cohort_order(SEED, vector["count"]))
    for order in orders:
        assert [order.rank_of(ticket) for ticket in vector["tickets"]] == vector["ranks"]
        assert [order.ticket_at(rank) for rank in vector["ranks"]] == vector["tickets"]
    assert [plain_rank(SEED, vector["count"], ticket) for ticket in vector["tickets"]] == vector["ranks"]
    a, b, count = vector["a"], vector["b"], vector["count"]
    assert (a - 1) ** 2 < count <= a * a
    assert a * (b - 1) < count <= a * b


def test_the_published_example_of_the_document_is_proved() -> None:
    assert is_proved(check_order(VECTORS["proof"], VECTORS["entries"]))
    assert ProofDocument.model_validate(VECTORS["proof"]).model_dump(mode="json", by_alias=True) == VECTORS["proof"]
    assert [PublishedEntry.from_json(line).as_json() for line in VECTORS["entries"]] == VECTORS["entries"]


def test_the_document_names_every_check_in_order() -> None:
    table = TEXT[TEXT.index("## 9.") : TEXT.index("## 10.")]
    named = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)[1:]
    assert named == [finding.check for finding in check_order(VECTORS["proof"], VECTORS["entries"])]


def test_the_document_names_every_member_that_is_published() -> None:
    section = TEXT[TEXT.index("## 8.") : TEXT.index("## 9.")]
    for member in [*VECTORS["proof"], *VECTORS["entries"][0]]:
        assert re.search(rf"^\|.*\b{member}\b.*\|", section, re.MULTILINE), member
