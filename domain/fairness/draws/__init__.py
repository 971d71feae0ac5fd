"""Draws: what is logged after the freeze, who wins, and the check of a published draw.

docs/fairness.md specifies every byte of it. The classes of single steps are in `domain.fairness.draws.steps`.
"""

from domain.fairness.draws.check import CheckedDraw, VerifyBeacon, check_draw
from domain.fairness.draws.document import (
    DRAW_ALGORITHM,
    BeaconChain,
    BeaconRound,
    DrawDocument,
    DrawRules,
    PublishedPrize,
    StepsHead,
    is_draw_proof,
)
from domain.fairness.draws.published import PublishedDrawEntry, PublishedExit, leaf_of
from domain.fairness.draws.receipt import Receipt, TreeHead, check_receipt
from domain.fairness.draws.selection import (
    UNNAMED,
    Candidate,
    Fate,
    Lot,
    Standing,
    Turn,
    consider,
    first_that_fits,
    next_turn,
    win,
)
from domain.fairness.draws.statement import Statement
from domain.fairness.draws.steplog import Step, StepLog, first_link, step_hash
from domain.fairness.draws.wrong import UnreadableProofError

__all__ = [
    "DRAW_ALGORITHM",
    "UNNAMED",
    "BeaconChain",
    "BeaconRound",
    "Candidate",
    "CheckedDraw",
    "DrawDocument",
    "DrawRules",
    "Fate",
    "Lot",
    "PublishedDrawEntry",
    "PublishedExit",
    "PublishedPrize",
    "Receipt",
    "Standing",
    "Statement",
    "Step",
    "StepLog",
    "StepsHead",
    "TreeHead",
    "Turn",
    "UnreadableProofError",
    "VerifyBeacon",
    "check_draw",
    "check_receipt",
    "consider",
    "first_link",
    "first_that_fits",
    "is_draw_proof",
    "leaf_of",
    "next_turn",
    "step_hash",
    "win",
]
