"""The check of a published order, from the published files alone.

Pure: the caller reads the files. What is checked and what cannot be is said in docs/fairness.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pydantic import ValidationError

from domain.fairness.audit import Audit
from domain.fairness.commitment import order_seed
from domain.fairness.committed import check_commitment, check_rules
from domain.fairness.document import ProofDocument
from domain.fairness.findings import Finding, fails, holds, is_proved, still_open
from domain.fairness.order import cohort_order, permutation_name

COMMIT_REVEAL: Final = (
    "Given that seedCommitment and rulesHash were public before the line could be entered, the order could not be "
    "changed once the entries were frozen. No public beacon was mixed in: the operator knew the server seed and "
    "could have tried entries of their own before the freeze, so for that the operator is trusted."
)


def check_order(proof: Mapping[str, object], entries: Iterable[Mapping[str, object]]) -> list[Finding]:
    """Check a published proof against the entries of its cohort, which are read once, as a stream.

    Returns one finding per check, in the order document, commitment, rules, permutation, seed, entries, count,
    tree head, ranks, assurance; only "document" when that cannot be read. Never raises for what the files say.
    """
    if missing := ProofDocument.missing_from(proof):
        return [fails("document", f"The proof document cannot be read: it has no {', '.join(missing)}.")]
    try:
        document = ProofDocument.model_validate(proof, by_name=False)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        return [fails("document", f"The proof document cannot be read: {wrong}.")]
    findings = list(_findings(document, entries))
    return [*findings, _assurance(findings)]


def _findings(document: ProofDocument, entries: Iterable[Mapping[str, object]]) -> Iterator[Finding]:
    seed = _recomputed_seed(document)
    yield holds("document", "The proof document has every field in its form.")
    yield check_commitment(document.server_seed, document.seed_commitment)
    yield check_rules(document.rules, document.rules_hash)
    yield _permutation(document)
    yield _seed(document, seed)
    yield from _cohort(document, seed, entries)


def _permutation(document: ProofDocument) -> Finding:
    if document.permutation is None or document.count is None:
        return still_open("permutation", "The kind of order or the number of entries is not published yet.")
    expected = permutation_name(document.count)
    if document.permutation != expected:
        text = f"{document.count} entries must be ordered by {expected}, the proof says {document.permutation}."
        return fails("permutation", text)
    return holds("permutation", f"{document.count} entries are ordered by {expected}, as they must be.")


def _recomputed_seed(document: ProofDocument) -> bytes | None:
    if document.server_seed is None or document.tree_head is None or document.count is None:
        return None
    return order_seed(
        document.distribution_id,
        bytes.fromhex(document.rules_hash),
        bytes.fromhex(document.tree_head),
        document.count,
        bytes.fromhex(document.server_seed),
    )


def _seed(document: ProofDocument, seed: bytes | None) -> Finding:
    if seed is None or document.seed is None:
        return still_open("seed", "The seed, or what it is derived from, is not published yet.")
    if seed.hex() != document.seed:
        return fails("seed", "The seed does NOT follow from distributionId, rulesHash, treeHead, count and serverSeed.")
    return holds("seed", "The seed follows from the rules, the frozen entries and the server seed.")


def _cohort(document: ProofDocument, seed: bytes | None, entries: Iterable[Mapping[str, object]]) -> Iterator[Finding]:
    if document.tree_head is None or document.count is None:
        for check in ("entries", "count", "treeHead", "ranks"):
            yield still_open(check, "The entries are not frozen yet.")
        return
    audit = Audit(entries, None if seed is None else cohort_order(seed, document.count))
    yield audit.numbering()
    yield audit.count(document.count)
    yield audit.tree_head(document.tree_head)
    yield audit.ranks()


def _assurance(findings: Iterable[Finding]) -> Finding:
    """Say what all checks together are worth, in words that do not promise more than they show."""
    if not is_proved(findings):
        return still_open("assurance", "Nothing is assured while a check fails or is open.")
    return holds("assurance", COMMIT_REVEAL)
