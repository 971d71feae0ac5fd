"""Somebody at work on the proof file of a draw, with and without the skill to hide it."""

from collections.abc import Callable
from copy import deepcopy

from domain.fairness import Finding, Verdict
from domain.fairness.draws import check_draw, first_link, step_hash
from tests.support.draw_proofs import DRAW, Lines, played_draw, prized_draw

HONEST = played_draw().lines()
PRIZED = prized_draw().lines()
Tamper = Callable[[Lines], object]


def failing(lines: Lines) -> dict[str, Finding]:
    """The checks that fail."""
    return {finding.check: finding for finding in check_draw(lines).findings if finding.verdict is Verdict.FAILS}


def tampered(tamper: Tamper, honest: Lines = HONEST) -> Lines:
    """The honest file after somebody was at it."""
    lines = deepcopy(honest)
    tamper(lines)
    return lines


def first_of(kind: str, lines: Lines, skip: int = 0) -> int:
    """Where a type of step stands among the lines."""
    return [at for at, line in enumerate(lines) if line.get("step", {}).get("type") == kind][skip]


def forged(tamper: Tamper, honest: Lines = HONEST, *, redated: bool = True) -> Lines:
    """The file of somebody who also mends the log's chain, its instants, and everything that only counts lines."""
    lines = tampered(tamper, honest)
    steps = [line["step"] for line in lines if "step" in line]
    head = first_link(DRAW, bytes.fromhex(lines[0]["treeHead"]))
    if redated:
        _redate(steps)
    for n, step in enumerate(steps):
        step |= {"n": n, "prevHash": head}
        head = step["hash"] = step_hash(step)
    lines[0]["steps"] = {"size": len(steps), "head": head}
    if "end" in lines[-1]:
        lines[-1]["end"]["steps"] = len(steps)
    return lines


def _redate(steps: Lines) -> None:
    """Let no step be dated before the one before it."""
    at = ""
    for step in steps:
        if "at" in step:
            at = step["at"] = max(at, str(step["at"]))
