"""The log of all draws as it is published, written by hand: honest, or with the skill to hide what was done to it."""

from typing import Any
from uuid import UUID

from domain.fairness import Finding, Verdict
from domain.fairness.chain import line_hash
from domain.fairness.draws import StepsHead
from domain.fairness.record import bodies, check_record, lines, opened
from domain.fairness.record.bodies import AnyRecordBody
from tests.support.draw_proofs import DRAW, OPENED, Lines, PlayedDraw, played_draw

ORGANIZATION = UUID("019a4aff-9999-7aaa-8bbb-cccccccccccc")
EXPERIENCE = UUID("019a4aff-7777-7666-8777-888888888888")
SPOILED, MORE = (UUID(f"019a4aff-5555-7666-8777-88888888888{digit}") for digit in "9a")
"""A draw that ended void before the freeze, and one that is frozen."""
Told = list[tuple[UUID, AnyRecordBody]]
A, B, C = ("aa" * 32, "bb" * 32, "cc" * 32)


def head(size: int, of: str = A) -> StepsHead:
    """Some head of a draw's own log."""
    return StepsHead(size=size, head=of)


def created(commitment: str = A, rules: str = B, **more: Any) -> bodies.Created:
    """A draw is made."""
    return bodies.Created(experience_id=EXPERIENCE, seed_commitment=commitment, rules_hash=rules, **more)


def whole_draw() -> PlayedDraw:
    """A draw with everything in it, to its end."""
    draw = played_draw()
    draw.close()
    return draw


def told_of(draw: PlayedDraw, **more: Any) -> Told:
    """What the log tells of a draw that was played through."""
    document = draw.document()
    at = {step["type"]: StepsHead(size=step["n"] + 1, head=step["hash"]) for step in draw.steps}
    made: list[AnyRecordBody] = [
        created(document["seedCommitment"], document["rulesHash"], **more),
        bodies.Sealed(tree_head=document["treeHead"], log_size=document["logSize"], steps=at["SEALED"]),
        bodies.Drawn(seed=document["seed"], steps=at["DRAWN"]),
    ]
    ended = [bodies.ClaimClosed(steps=at["CLAIM_CLOSED"])] if "CLAIM_CLOSED" in at else []
    return [(DRAW, body) for body in (*made, *ended)]


def around(told: Told) -> Told:
    """These lines among those of two other draws: one is spoiled before the first of them, one is frozen after the last."""
    before: Told = [
        (SPOILED, created()),
        (SPOILED, bodies.Rules(rules_hash=C)),
        (SPOILED, bodies.Void(reason="the wrong date")),
        (SPOILED, bodies.Archived()),
    ]
    sealed = bodies.Sealed(tree_head=C, log_size=0, steps=head(1))
    return [*before, *told, (MORE, created()), (MORE, sealed)]


def file_of(told: Told, instants: dict[int, int] | None = None) -> Lines:
    """The decoded lines of the file that tells this, one second after the other unless told otherwise."""
    chain, written = opened(ORGANIZATION, "live"), list[Any]()
    for n, (draw_id, body) in enumerate(told):
        at = (instants or {}).get(n, OPENED + n * 1_000_000)
        chain, line = lines.append(chain, at, draw_id, body)
        written.append({"line": line})
    document = {
        "algorithm": "drumroll-draws/1", "organizationId": str(ORGANIZATION), "mode": "live", "size": chain.size,
        "head": chain.head,
    }  # fmt: skip
    return [document, *written, {"end": {"lines": chain.size}}]


def record_of(draw: PlayedDraw) -> Lines:
    """The log that tells of a draw, each of its steps at its own time, among others."""
    told = around(told_of(draw, replaces_draw_id=SPOILED))
    at = {step["type"]: step["at"] for step in draw.steps}
    written = file_of(told)
    found = [n for n, (draw_id, _) in enumerate(told) if draw_id == DRAW]
    instants = {n: at[written[1 + n]["line"]["type"]] for n in found[1:]}
    return rechained(written, instants)


def rechained(file: Lines, instants: dict[int, str] | None = None) -> Lines:
    """The file with its chain and its counts mended, after somebody was at its lines."""
    told = [line["line"] for line in file if "line" in line]
    chain, written = opened(ORGANIZATION, "live"), list[Any]()
    for n, line in enumerate(told):
        unhashed = {name: value for name, value in line.items() if name != "hash"}
        unhashed |= {"n": n, "prevHash": chain.head}
        if instants and n in instants:
            unhashed["at"] = instants[n]
        own = line_hash(lines.RECORD_TAG, unhashed)
        chain = chain.after(own)
        written.append({"line": {**unhashed, "hash": own}})
    document = {**file[0], "size": chain.size, "head": chain.head}
    return [document, *written, {"end": {"lines": chain.size}}]


def failing(file: Lines) -> dict[str, Finding]:
    """The checks that fail."""
    return {finding.check: finding for finding in check_record(file).findings if finding.verdict is Verdict.FAILS}
