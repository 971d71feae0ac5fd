"""The step log of a draw: a chain of hashes, so that no line can be changed, dropped or slipped in unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import JsonValue, ValidationError

from domain.fairness.chain import FRAME, Chain, Link, line_hash
from domain.fairness.draws.steps import BODIES, AnyBody
from domain.fairness.draws.wrong import told
from domain.fairness.members import instant_text

STEP_TAG: Final = b"drumroll/draw-log/1\x00"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the log: its number from 0, when it was written (microseconds since 1970), what happened."""

    n: int
    at: int
    body: AnyBody
    prev_hash: str
    hash: str

    def as_json(self) -> dict[str, JsonValue]:
        """Write the published line."""
        frame: dict[str, JsonValue] = {"n": self.n, "at": instant_text(self.at)}
        return {**frame, **self.body.members(), "prevHash": self.prev_hash, "hash": self.hash}

    @property
    def link(self) -> Link:
        """What makes it a line of a chain."""
        return Link(self.n, self.at, self.prev_hash, self.hash)

    @classmethod
    def from_json(cls, line: Mapping[str, object]) -> "Step":
        """Read a published line. Raises ValueError naming what is wrong; the hashes are for the caller to compare."""
        try:
            body = BODIES.validate_python({name: line[name] for name in line if name not in FRAME}, by_name=False)
        except ValidationError as error:
            raise ValueError(told(error)) from None
        if nulls := [name for name in line if line[name] is None and name not in body.members()]:
            raise ValueError(f"its {nulls[0]} is null")
        link = Link.of(line)
        return cls(link.n, link.at, body, link.prev_hash, link.hash)


@dataclass(frozen=True, slots=True)
class StepLog:
    """How far a log has come: its number of lines and the hash of the last, or the first link while it is empty."""

    size: int
    head: str

    @classmethod
    def opened(cls, draw_id: UUID, tree_head: bytes) -> "StepLog":
        """Return the empty log of a draw that was frozen under this tree head."""
        return cls(0, first_link(draw_id, tree_head))

    @property
    def chain(self) -> Chain:
        """The same as a chain of hashes."""
        return Chain(STEP_TAG, self.size, self.head)

    def append(self, at: int, body: AnyBody) -> tuple["StepLog", Step]:
        """Return the log after one more line, and that line. `at` is in microseconds since 1970."""
        after, _ = self.chain.append(at, body.members())
        return StepLog(after.size, after.head), Step(self.size, at, body, self.head, after.head)


def first_link(draw_id: UUID, tree_head: bytes) -> str:
    """Return what the first line names as the hash before it, in hex: it ties the log to the frozen entries."""
    return Chain.opened(STEP_TAG, draw_id.bytes, tree_head).head


def step_hash(line: Mapping[str, object]) -> str:
    """Hash a line of the log, in hex. Raises ValueError for what `canonical_json` refuses."""
    return line_hash(STEP_TAG, line)
