"""Whether the secret and the rules are those that were committed to, for every kind of proof."""

from collections.abc import Mapping

from domain.fairness.commitment import rules_hash, seed_commitment
from domain.fairness.findings import Finding, fails, holds, still_open


def check_commitment(server_seed: str | None, committed: str) -> Finding:
    """Compare the published secret with the hash that was published before it; both in hex."""
    if server_seed is None:
        return still_open("commitment", "The server seed is not published yet.")
    if seed_commitment(bytes.fromhex(server_seed)).hex() != committed:
        return fails("commitment", "The server seed is NOT the one committed to: its SHA-256 is not seedCommitment.")
    return holds("commitment", "The server seed is the one that was committed to.")


def check_rules(rules: Mapping[str, object], committed: str) -> Finding:
    """Compare the published rules with the hash that was published before anybody entered, in hex."""
    try:
        recomputed = rules_hash(rules).hex()
    except ValueError as error:
        return fails("rules", f"The rules have no canonical form: {error}.")
    if recomputed != committed:
        return fails("rules", "The rules are NOT the ones committed to: their hash is not rulesHash.")
    return holds("rules", "The rules are the ones that were committed to.")
