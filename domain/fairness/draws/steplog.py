"""The step log of a draw: a chain of hashes, so that no line can be changed, dropped or slipped in unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from pydantic import JsonValue, ValidationError

from domain.fairness.commitment import MAX_SAFE_INTEGER, canonical_json
from domain.fairness.draws.steps import BODIES, AnyBody
from domain.fairness.draws.wrong import told
from domain.fairness.members import instant_of, instant_text, number_of

STEP_TAG: Final = b"drumroll/draw-log/1\x00"
_FRAME: Final = frozenset({"n", "at", "prevHash", "hash"})


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
        return {**_unhashed(self.n, self.at, self.body, self.prev_hash), "hash": self.hash}

    @classmethod
    def from_json(cls, line: Mapping[str, object]) -> "Step":
        """Read a published line. Raises ValueError naming what is wrong; the hashes are for the caller to compare."""
        try:
            body = BODIES.validate_python({name: line[name] for name in line if name not in _FRAME}, by_name=False)
        except ValidationError as error:
            raise ValueError(told(error)) from None
        return cls(
            n=number_of(line.get("n"), "n", MAX_SAFE_INTEGER),
            at=instant_of(line.get("at"), "at"),
            body=body,
            prev_hash=_text(line.get("prevHash"), "prevHash"),
            hash=_text(line.get("hash"), "hash"),
        )


@dataclass(frozen=True, slots=True)
class StepLog:
    """How far a log has come: its number of lines and the hash of the last, or the first link while it is empty."""

    size: int
    head: str

    @classmethod
    def opened(cls, draw_id: UUID, tree_head: bytes) -> "StepLog":
        """Return the empty log of a draw that was frozen under this tree head."""
        return cls(0, first_link(draw_id, tree_head))

    def append(self, at: int, body: AnyBody) -> tuple["StepLog", Step]:
        """Return the log after one more line, and that line. `at` is in microseconds since 1970."""
        unhashed = _unhashed(self.size, at, body, self.head)
        step = Step(self.size, at, body, self.head, step_hash(unhashed))
        return StepLog(self.size + 1, step.hash), step


def first_link(draw_id: UUID, tree_head: bytes) -> str:
    """Return what the first line names as the hash before it, in hex: it ties the log to the frozen entries."""
    return sha256(STEP_TAG + draw_id.bytes + tree_head).hexdigest()


def step_hash(line: Mapping[str, object]) -> str:
    """Hash a line, without its own `hash`: SHA-256 over the tag and its RFC 8785 form, in hex.

    Raises ValueError for what `canonical_json` refuses.
    """
    unhashed = {name: line[name] for name in line if name != "hash"}
    return sha256(STEP_TAG + canonical_json(unhashed)).hexdigest()


def _unhashed(n: int, at: int, body: AnyBody, prev_hash: str) -> dict[str, JsonValue]:
    return {"n": n, "at": instant_text(at), **body.members(), "prevHash": prev_hash}


def _text(value: object, member: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"its {member} is {value!r}, not a text")  # noqa: TRY004 (malformed as any other line)
    return value
