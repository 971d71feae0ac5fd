"""Mischief by name: what somebody did to a published draw, and what every verifier must make of the file.

`CONTRADICTING` are files that can be read, with the checks that fail; `UNREADABLE` have a line of another form.
"""

from collections.abc import Callable
from typing import Any

from tests.support.draw_proofs import Lines, PlayedDraw
from tests.support.draw_tampering import first_of

Json = Any
Tamper = Callable[[Lines], object]


def both(one: Tamper, other: Tamper) -> Tamper:
    """The one thing, and then the other."""
    return lambda lines: (one(lines), other(lines))


def document(**members: Json) -> Tamper:
    """The document says something else."""
    return lambda lines: lines[0].update(members)


def without(name: str) -> Tamper:
    """The document leaves a member out."""
    return lambda lines: lines[0].pop(name)


def rules(**members: Json) -> Tamper:
    """The rules say something else."""
    return lambda lines: lines[0]["rules"].update(members)


def entry(**members: Json) -> Tamper:
    """The first entry says something else."""
    return lambda lines: lines[1].update(members)


def step(kind: str, **members: Json) -> Tamper:
    """The first step of this type says something else."""
    return lambda lines: lines[first_of(kind, lines)]["step"].update(members)


def again(kind: str) -> Tamper:
    """The first step of this type stands there twice."""
    return lambda lines: lines.insert(first_of(kind, lines), {"step": dict(lines[first_of(kind, lines)]["step"])})


def without_leaf(at: int) -> Tamper:
    """A leaf is left out."""
    return lambda lines: lines.pop(at + 1)


def thawed(lines: Lines) -> None:
    """The entries are published, and were never frozen."""
    lines[0] = PlayedDraw().document()
    leaves = [line for line in lines if "leaf" in line]
    lines[1:] = [*leaves, {"end": {"leaves": len(leaves), "steps": 0}}]


UNREADABLE: dict[str, Tamper] = {
    "no algorithm": without("algorithm"),
    "no order": without("order"),
    "no kind of the rules": lambda lines: lines[0]["rules"].pop("kind"),
    "no assurance": without("assurance"),
    "no status": without("drawStatus"),
    "a rule that nobody knows": rules(colour="red"),
    "a count beyond every order": document(count=2**32 + 1),
    "no steps, and yet a head": document(steps={"size": 0, "head": "00" * 32}),
    "an index beyond exact integers": entry(index=2**53),
    "a duplicate key of zeros": entry(duplicateKey="00" * 32),
    "a previous hash that is none": step("SEALED", prevHash="x"),
    "a hash in capitals": step("SEALED", hash="AB" * 32),
    "a hash that is nothing": step("SEALED", hash=None),
    "a round that is nothing": step("SEALED", beaconRound=None),
    "a round 0": step("RESCHEDULED", beaconRound=0),
    "a group of 101": step("PASSED", people=101),
    "a group of none": step("PASSED", people=0),
    "a reason of nothing": step("WAITING", reason=""),
    "a reason that is too long": step("WAITING", reason="x" * 201),
    "an instant before 1970": step("WAITING", at="1969-12-31T23:59:59.999999Z"),
    "a leap second": entry(receivedAt="2016-12-31T23:59:60.000000Z"),
    "a day that never was": entry(receivedAt="2025-02-30T00:00:00.000000Z"),
    "entries of a draw that is not frozen": thawed,
}
"""Each makes the file unreadable, for every verifier."""

CONTRADICTING: dict[str, tuple[Tamper, set[str]]] = {
    "another seed of the document alone": (document(seed="00" * 32), {"seed", "outcome"}),
    "another seed of DRAWN alone": (step("DRAWN", seed="00" * 32), {"outcome"}),
    "another seed of both": (both(document(seed="00" * 32), step("DRAWN", seed="00" * 32)), {"seed", "outcome"}),
    "a beacon that no rule names": (
        document(beacon={"chainHash": "52" * 32, "round": 7, "randomness": "00" * 32, "signature": "ab" * 48}),
        {"beacon", "outcome"},
    ),
    "an assurance that is too good": (document(assurance="beacon"), {"assurance"}),
    "a leaf that is left out": (without_leaf(4), {"leaves", "count", "tickets", "logSize", "treeHead", "end"}),
    "an entry told twice": (
        lambda lines: lines.insert(5, dict(lines[4])),
        {"leaves", "count", "tickets", "logSize", "treeHead", "end"},
    ),
    "sealed twice": (again("SEALED"), {"outcome"}),
    "drawn twice": (again("DRAWN"), {"outcome"}),
    "void, and then something": (
        both(again("WAITING"), step("WAITING", type="VOID")),
        {"outcome", "status"},
    ),
    "another instant of the freeze": (document(sealedAt="2025-11-21T17:00:00.000000Z"), {"status"}),
    "a status of before": (document(drawStatus="sealed"), {"status"}),
}  # fmt: skip
"""Whoever did it mended the chain of steps; the checks that fail all the same."""


def voided_before_the_draw() -> Lines:
    """A draw that was frozen and then given up."""
    draw = PlayedDraw()
    draw.enter()
    draw.seal()
    draw.void()
    return draw.lines()


def given_up_before_the_freeze() -> Lines:
    """A draw that was given up while people could enter."""
    lines = PlayedDraw().lines()
    lines[0]["drawStatus"] = "void"
    return lines


def entries_of(at: int, **members: Json) -> Callable[[Json, Lines], object]:
    """An entry of a queue says something else."""
    return lambda _document, entries: entries[at].update(members)


QUEUES: dict[str, tuple[Callable[[Json, Lines], object], set[str]]] = {
    "nothing": (lambda *_: None, set()),
    "a member that is ignored": (lambda document, _: document.update(more=1), set()),
    "no algorithm": (lambda document, _: document.pop("algorithm"), {"document"}),
    "no assurance": (lambda document, _: document.pop("assurance"), {"document"}),
    "an id in capitals": (lambda document, _: document.update(distributionId=document["distributionId"].upper()), {"document"}),
    "an instant that is a number": (lambda document, _: document.update(orderFixedAt=7), {"document"}),
    "another kind of order": (lambda document, _: document.update(permutation="drumroll-permutation/1"), {"permutation"}),
    "another secret": (lambda document, _: document.update(serverSeed="00" * 32), {"commitment", "seed", "ranks"}),
    "a rank of nothing": (entries_of(3, rank=None), {"entries"}),
    "another rank": (entries_of(3, rank=77), {"ranks"}),
    "another ticket": (entries_of(3, ticket=5), {"entries", "treeHead", "ranks"}),
    "a ticket beyond the cohort": (entries_of(3, ticket=40), {"entries", "treeHead", "ranks"}),
    "an entry that is left out": (lambda _, entries: entries.pop(), {"count", "treeHead"}),
    "another person": (entries_of(3, participationId="019a4b00-0000-7000-8000-000000000000"), {"treeHead"}),
}  # fmt: skip
"""What was done to an opening, and the checks that fail."""
