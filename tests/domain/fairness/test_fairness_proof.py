"""Whoever touches a published order is found out, and told where."""

from collections.abc import Callable
from itertools import count as numbers
from typing import Any
from uuid import UUID

import pytest

from domain.fairness import (
    Finding,
    ProofDocument,
    PublishedEntry,
    Verdict,
    check_order,
    cohort_order,
    is_proved,
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
OPENED = 1_763_740_800_000_000

Proof = dict[str, Any]
Lines = list[dict[str, Any]]


def make_entry(ticket: int, rank: int | None = None) -> PublishedEntry:
    """Somebody who entered in the given place."""
    return PublishedEntry(ticket, UUID(int=(7 << 76) + (2 << 62) + ticket), "enter", OPENED + ticket * 977, rank)


def make_proof(people: int = 40, secret: bytes = SECRET, /, **changes: object) -> tuple[Proof, Lines]:
    """An honest proof and its entries."""
    head = root_of(leaf_hash(make_entry(ticket).leaf()) for ticket in range(people))
    seed = order_seed(QUEUE, rules_hash(RULES), head, people, secret)
    order = cohort_order(seed, people)
    document = ProofDocument(
        permutation=permutation_name(people),
        distribution_id=QUEUE,
        rules=dict(RULES),
        rules_hash=rules_hash(RULES).hex(),
        seed_commitment=seed_commitment(secret).hex(),
        server_seed=secret.hex(),
        tree_head=head.hex(),
        count=people,
        seed=seed.hex(),
        order_fixed_at="2025-11-21T17:00:00.000Z",
    )
    lines = [make_entry(ticket, order.rank_of(ticket)).as_json() for ticket in range(people)]
    return {**document.model_dump(mode="json", by_alias=True), **changes}, [dict(line) for line in lines]


def failing(findings: list[Finding]) -> dict[str, Finding]:
    """The checks that came out wrong, by name."""
    return {finding.check: finding for finding in findings if finding.verdict is Verdict.FAILS}


def flip(text: str) -> str:
    """The same digits but for the last."""
    return text[:-1] + ("1" if text[-1] == "0" else "0")


@pytest.mark.parametrize("people", [0, 1, 2, 40, 1000])
def test_an_honest_order_is_proved(people: int) -> None:
    findings = check_order(*make_proof(people))
    assert is_proved(findings), findings
    assert "trusted" in findings[-1].text


def test_an_honest_order_of_a_large_cohort_is_proved_from_a_stream() -> None:
    proof, lines = make_proof(65_537)
    assert proof["permutation"] == "drumroll-permutation/1"
    assert is_proved(check_order(proof, iter(lines)))


@pytest.mark.parametrize(
    ("member", "found"),
    [
        ("serverSeed", {"commitment", "seed", "ranks"}),
        ("seedCommitment", {"commitment"}),
        ("rulesHash", {"rules", "seed", "ranks"}),
        ("treeHead", {"treeHead", "seed", "ranks"}),
        ("seed", {"seed"}),
        ("distributionId", {"seed", "ranks"}),
    ],
)
def test_a_changed_value_is_named(member: str, found: set[str]) -> None:
    proof, lines = make_proof()
    proof[member] = flip(proof[member])
    assert set(failing(check_order(proof, lines))) == found


def test_changed_rules_are_named() -> None:
    proof, lines = make_proof(rules={**RULES, "requeueLimit": 1})
    assert set(failing(check_order(proof, lines))) == {"rules"}
    proof["rulesHash"] = rules_hash(proof["rules"]).hex()
    assert set(failing(check_order(proof, lines))) == {"seed", "ranks"}


def test_rules_with_a_fraction_are_named() -> None:
    proof, lines = make_proof(rules={"share": 0.5})
    assert "canonical" in failing(check_order(proof, lines))["rules"].text


def test_another_kind_of_order_than_the_size_asks_for_is_named() -> None:
    proof, lines = make_proof(permutation="drumroll-permutation/1")
    assert set(failing(check_order(proof, lines))) == {"permutation"}


def test_another_secret_that_was_not_committed_to_is_named() -> None:
    committed, _ = make_proof()
    proof, lines = make_proof(40, b"x" * 32, seedCommitment=committed["seedCommitment"])
    assert set(failing(check_order(proof, lines))) == {"commitment"}


def drop(lines: Lines) -> None:
    """Leave one entry out."""
    del lines[17]


def drop_the_last(lines: Lines) -> None:
    """Leave the last entry out."""
    del lines[-1]


def slip_in(lines: Lines) -> None:
    """Add an entry behind the last."""
    lines.append(dict(make_entry(40, 40).as_json()))


def repeat(lines: Lines) -> None:
    """Write an entry twice."""
    lines.insert(18, dict(lines[17]))


def exchange_lines(lines: Lines) -> None:
    """Write two entries in the other order."""
    lines[17], lines[23] = lines[23], lines[17]


def exchange_people(lines: Lines) -> None:
    """Give two people each other's ticket."""
    one, other = lines[17]["participationId"], lines[23]["participationId"]
    lines[17]["participationId"], lines[23]["participationId"] = other, one


def come_earlier(lines: Lines) -> None:
    """Move an entry's instant by a microsecond."""
    lines[17]["receivedAt"] = flip(lines[17]["receivedAt"][:-1]) + "Z"


def call_it_a_requeue(lines: Lines) -> None:
    """Say that something else happened."""
    lines[17]["kind"] = "requeue"


@pytest.mark.parametrize(
    ("tamper", "found", "ticket"),
    [
        (drop, {"entries", "count", "treeHead"}, 17),
        (drop_the_last, {"count", "treeHead"}, None),
        (slip_in, {"count", "treeHead", "ranks"}, None),
        (repeat, {"entries", "count", "treeHead"}, 18),
        (exchange_lines, {"entries", "treeHead"}, 17),
        (exchange_people, {"treeHead"}, None),
        (come_earlier, {"treeHead"}, None),
        (call_it_a_requeue, {"treeHead"}, None),
    ],
)
def test_changed_entries_are_named(tamper: Callable[[Lines], None], found: set[str], ticket: int | None) -> None:
    proof, lines = make_proof()
    tamper(lines)
    faults = failing(check_order(proof, lines))
    assert set(faults) == found
    assert ticket is None or faults["entries"].ticket == ticket


def test_the_first_changed_rank_is_named() -> None:
    proof, lines = make_proof()
    lines[11]["rank"], lines[29]["rank"] = lines[29]["rank"], lines[11]["rank"]
    faults = failing(check_order(proof, lines))
    assert set(faults) == {"ranks"}
    assert faults["ranks"].ticket == 11
    drew, published = lines[29]["rank"], lines[11]["rank"]
    assert f"Ticket 11 drew rank {drew}, but rank {published} is published" in faults["ranks"].text
    assert "2 differ" in faults["ranks"].text


def test_a_rank_that_is_missing_is_named() -> None:
    proof, lines = make_proof()
    lines[3]["rank"] = None
    assert failing(check_order(proof, lines))["entries"].ticket == 3


def test_entries_changed_together_with_their_tree_head_give_another_order() -> None:
    proof, lines = make_proof()
    exchange_people(lines)
    proof["treeHead"] = root_of(leaf_hash(PublishedEntry.from_json(line).leaf()) for line in lines).hex()
    assert set(failing(check_order(proof, lines))) == {"seed", "ranks"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ticket", "5"),
        ("ticket", True),
        ("ticket", -1),
        ("ticket", 2**64),
        ("ticket", None),
        ("rank", 1.0),
        ("kind", "leave"),
        ("kind", ["enter"]),
        ("participationId", "nobody"),
        ("participationId", "019A4B00-0000-7000-8000-000000000001"),
        ("participationId", None),
        ("receivedAt", "2025-11-21T17:00:00Z"),
        ("receivedAt", "2025-11-21 17:00:00.000000Z"),
        ("receivedAt", "2025-W47-5T17:00:00.000000Z"),
        ("receivedAt", "2025-13-21T17:00:00.000000Z"),
        ("receivedAt", "1969-12-31T23:59:59.999999Z"),
        ("receivedAt", 1),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(member: str, value: object) -> None:
    proof, lines = make_proof()
    lines[5][member] = value
    findings = check_order(proof, lines)
    faults = failing(findings)
    assert set(faults) == {"entries"}
    assert faults["entries"].ticket == 5
    assert "Line 6" in faults["entries"].text
    assert {finding.check for finding in findings if finding.verdict is Verdict.OPEN} == {
        *("count", "treeHead", "ranks", "assurance")
    }


def test_a_line_that_is_no_object_is_named() -> None:
    proof, lines = make_proof()
    entries: list[Any] = [*lines[:5], 5, *lines[6:]]
    assert failing(check_order(proof, entries))["entries"].ticket == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "drumroll-order/2"},
        {"assurance": "beacon"},
        {"seed": "xyz"},
        {"treeHead": "AB" * 32},
        {"count": -1},
        {"count": "40"},
        {"count": 2**33},
        {"rules": []},
        {"distributionId": None},
    ],
)
def test_a_document_that_cannot_be_read_is_named(changes: dict[str, object]) -> None:
    proof, lines = make_proof(**changes)
    (finding,) = check_order(proof, lines)
    assert finding.verdict is Verdict.FAILS
    assert next(iter(changes)) in finding.text


def test_before_the_opening_there_is_a_commitment_and_nothing_to_prove() -> None:
    later = ("permutation", "serverSeed", "treeHead", "count", "seed", "orderFixedAt")
    proof, _ = make_proof(**dict.fromkeys(later))
    findings = check_order(proof, [])
    assert not is_proved(findings)
    assert [finding.check for finding in findings if finding.verdict is Verdict.HOLDS] == ["document", "rules"]
    assert not failing(findings)


def test_frozen_entries_can_be_checked_before_the_secret_is_published() -> None:
    proof, lines = make_proof(serverSeed=None, seed=None)
    held = {finding.check for finding in check_order(proof, lines) if finding.verdict is Verdict.HOLDS}
    assert held == {"document", "rules", "permutation", "entries", "count", "treeHead"}


def test_entries_are_read_once_and_in_order() -> None:
    proof, lines = make_proof()
    seen = numbers()
    assert is_proved(check_order(proof, (line for line in lines if next(seen) >= 0)))
    assert next(seen) == len(lines)
