"""The check of a published draw, from its proof file alone.

Pure: the caller reads the file. What is checked and what cannot be is said in docs/fairness.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from domain.fairness.committed import check_commitment, check_rules
from domain.fairness.draws.audit import LeafAudit
from domain.fairness.draws.chain import StepAudit
from domain.fairness.draws.document import BeaconRound, DrawDocument
from domain.fairness.draws.outcome import Outcome
from domain.fairness.draws.reading import End, ProofReader
from domain.fairness.draws.statement import Statement
from domain.fairness.findings import Finding, fails, holds, is_proved, still_open

VerifyBeacon: TypeAlias = Callable[[str, int, bytes], bytes | None]
"""From the hash of a chain in hex, a round and its signature to its 32 bytes; none when the signature is wrong.

LookupError: signatures of this chain cannot be checked.
"""

_PUBLIC: Final = "Given that seedCommitment and rulesHash were public before anybody could enter, "
ASSURED: Final = {
    "commit_reveal": (
        f"{_PUBLIC}the outcome could not be changed once the entries were frozen. No public beacon was mixed in: the "
        "operator knew the server seed and could have tried entries of their own before the freeze, so for that the "
        "operator is trusted."
    ),
    "beacon": (
        f"{_PUBLIC}nobody could choose the outcome: the seed also follows from a round of a public beacon, which "
        "nobody, the operator included, can have known when it was fixed. By whose clock it was fixed in time is the "
        "operator's: compare the instants of the steps with what you saw."
    ),
}


@dataclass(frozen=True, slots=True)
class CheckedDraw:
    """What the check of a draw says: one finding for each check, and what came of the draw."""

    findings: tuple[Finding, ...]
    statement: Statement

    @property
    def is_proved(self) -> bool:
        """Whether every check holds."""
        return is_proved(self.findings)


def check_draw(lines: Iterable[object], verify_beacon: VerifyBeacon | None = None) -> CheckedDraw:
    """Check the proof file of a draw, given as its decoded lines, which are read once, as a stream.

    The findings come in the order document, commitment, rules, seed, beacon, leaves, count, tickets, log size, tree
    head, steps, outcome, status, end, assurance. Without `verify_beacon` a beacon's signature stays open.
    Raises UnreadableProofError when the file is malformed or cut off.
    """
    reader = ProofReader(lines)
    document = reader.document()
    leaves = LeafAudit(reader.leaves(), document.rules)
    outcome = Outcome(document, leaves.roll, document.derived_seed())
    log = StepAudit(reader.steps(), document, outcome, follows=leaves.is_sound)
    findings = [
        *_promises(document, verify_beacon),
        *leaves.findings(document),
        *log.findings(),
        _end(reader.end(), leaves.size, log.size),
    ]
    return CheckedDraw((*findings, _assurance(document, findings)), outcome.statement())


def _promises(document: DrawDocument, verify_beacon: VerifyBeacon | None) -> Iterator[Finding]:
    yield holds("document", "The proof document has every member in its form.")
    yield check_commitment(document.server_seed, document.seed_commitment)
    yield check_rules(document.rules.as_json(), document.rules_hash)
    yield _seed(document)
    yield _beacon(document, verify_beacon)


def _seed(document: DrawDocument) -> Finding:
    seed = document.derived_seed()
    if seed is None or document.seed is None:
        return still_open("seed", "The seed, or what it is derived from, is not published yet.")
    if seed.hex() != document.seed:
        text = "distributionId, rulesHash, treeHead, logSize, serverSeed and the beacon"
        return fails("seed", f"The seed does NOT follow from {text}.")
    return holds("seed", "The seed follows from the rules, the frozen entries, the server seed and the beacon.")


def _beacon(document: DrawDocument, verify_beacon: VerifyBeacon | None) -> Finding:
    promised, mixed = document.rules.beacon, document.beacon
    if promised is None:
        if mixed is not None:
            return fails("beacon", "A beacon was mixed in, but the rules name none.")
        return holds("beacon", "The rules name no beacon, and none was mixed in.")
    if mixed is None:
        if document.seed is not None:
            return fails("beacon", "The rules name a beacon, but none was mixed in.")
        return still_open("beacon", "The round of the beacon is not mixed in yet.")
    if mixed.chain_hash != promised.chain_hash:
        return fails("beacon", "The beacon is NOT the one that the rules name.")
    return _signed(mixed, verify_beacon)


def _signed(mixed: BeaconRound, verify_beacon: VerifyBeacon | None) -> Finding:
    signature = bytes.fromhex(mixed.signature)
    if sha256(signature).hexdigest() != mixed.randomness:
        return fails("beacon", f"The randomness of round {mixed.round} is NOT the SHA-256 of its signature.")
    if verify_beacon is None:
        return still_open("beacon", f"The signature of round {mixed.round} was not checked here.")
    try:
        randomness = verify_beacon(mixed.chain_hash, mixed.round, signature)
    except LookupError:
        return still_open("beacon", "The rules name a beacon whose signatures cannot be checked here.")
    if randomness is None or randomness.hex() != mixed.randomness:
        return fails("beacon", f"The beacon did NOT sign round {mixed.round} so.")
    return holds("beacon", f"Round {mixed.round} of the beacon is signed by it, and the rules name this beacon.")


def _end(end: End, leaves: int, steps: int) -> Finding:
    if (end.leaves, end.steps) != (leaves, steps):
        said = f"{end.leaves} leaves and {end.steps} steps"
        return fails("end", f"The last line says {said}, but there are {leaves} and {steps}.")
    return holds("end", "The file is whole: it has as many lines as its last one says.")


def _assurance(document: DrawDocument, findings: Iterable[Finding]) -> Finding:
    """Say what all checks together are worth, in words that do not promise more than they show."""
    expected = "commit_reveal" if document.rules.beacon is None else "beacon"
    if document.assurance != expected:
        return fails("assurance", f"By its rules the draw has the assurance {expected}, not {document.assurance}.")
    if not is_proved(findings):
        return still_open("assurance", "Nothing is assured while a check fails or is open.")
    return holds("assurance", ASSURED[expected])
