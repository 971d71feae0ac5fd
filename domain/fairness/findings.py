"""What the check of a proof says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What came out of one check."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"
    """It cannot be decided from what is published."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, what came out, a sentence for people, and the first ticket, leaf, step or line concerned."""

    check: str
    verdict: Verdict
    text: str
    ticket: int | None = None
    leaf: int | None = None
    step: int | None = None
    line: int | None = None


def is_proved(findings: Iterable[Finding]) -> bool:
    """Tell whether every check holds; a check that is still open proves nothing."""
    return all(finding.verdict is Verdict.HOLDS for finding in findings)


def holds(check: str, text: str) -> Finding:
    """Report a check that came out right."""
    return Finding(check, Verdict.HOLDS, text)


def fails(
    check: str,
    text: str,
    ticket: int | None = None,
    *,
    leaf: int | None = None,
    step: int | None = None,
    line: int | None = None,
) -> Finding:
    """Report a check that came out wrong, and where."""
    return Finding(check, Verdict.FAILS, text, ticket, leaf, step, line)


def still_open(check: str, text: str) -> Finding:
    """Report a check that what is published cannot decide."""
    return Finding(check, Verdict.OPEN, text)
