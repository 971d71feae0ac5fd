"""The published files that prove an order: one document, and one line per entry of the cohort.

The same classes write them and read them back, so that what is published is what is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from domain.fairness.cohort import MAX_COUNT, OrderName
from domain.fairness.leaves import ENTRY_KINDS, MAX_TICKET, entry_leaf

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="32 bytes as 64 lower-case hex digits")]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT_LENGTH = len("2026-11-21T17:00:00.000000Z")
_MICROSECOND = timedelta(microseconds=1)


class ProofDocument(BaseModel):
    """The proof of a queue's order; what is not settled yet is null.

    Before the opening only the rules and the two hashes that commit to them and to the secret are set.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)

    algorithm: Literal["drumroll-order/1"] = "drumroll-order/1"
    permutation: OrderName | None = None
    distribution_id: UUID
    rules: dict[str, JsonValue]
    rules_hash: Hash
    seed_commitment: Hash
    server_seed: Hash | None = None
    tree_head: Hash | None = None
    count: Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)] | None = None
    seed: Hash | None = None
    assurance: Literal["commit_reveal"] = "commit_reveal"
    order_fixed_at: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedEntry:
    """One line of the entries file: an entry of the cohort, its leaf, and the rank it drew.

    `kind` is "enter" or "requeue", `received_at` in microseconds since 1970-01-01T00:00:00Z, `rank` null
    while the order is not open.
    """

    ticket: int
    participation_id: UUID
    kind: str
    received_at: int
    rank: int | None

    def leaf(self) -> bytes:
        """Return the content of this entry's leaf in the log."""
        return entry_leaf(ENTRY_KINDS[self.kind], self.ticket, self.participation_id, self.received_at)

    def as_json(self) -> dict[str, str | int | None]:
        """Write the published line."""
        return {
            "ticket": self.ticket,
            "participationId": str(self.participation_id),
            "kind": self.kind,
            "receivedAt": instant_text(self.received_at),
            "rank": self.rank,
        }

    @classmethod
    def from_json(cls, line: Mapping[str, object]) -> "PublishedEntry":
        """Read a published line; unknown members are ignored. Raises ValueError naming the member that is wrong."""
        kind = line.get("kind")
        if not isinstance(kind, str) or kind not in ENTRY_KINDS:
            raise ValueError(f"its kind is {kind!r}, not one of {', '.join(ENTRY_KINDS)}")
        rank = line.get("rank")
        return cls(
            ticket=_number(line.get("ticket"), "ticket"),
            participation_id=_participation(line.get("participationId")),
            kind=kind,
            received_at=instant_of(line.get("receivedAt")),
            rank=None if rank is None else _number(rank, "rank"),
        )


def instant_text(microseconds: int) -> str:
    """Write an instant in microseconds since 1970 as `2026-11-21T17:00:00.000000Z`."""
    at = _EPOCH + timedelta(microseconds=microseconds)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"


def instant_of(text: object) -> int:
    """Read the microseconds since 1970 from what `instant_text` wrote. Raises ValueError for any other form."""
    if (
        not isinstance(text, str)
        or len(text) != _INSTANT_LENGTH
        or [text[at] for at in (7, 10, 19, 26)] != list("-T.Z")
    ):
        raise ValueError(f"its receivedAt is {text!r}, not an instant like 2026-11-21T17:00:00.000000Z")
    since = (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    if since < 0:
        raise ValueError(f"its receivedAt {text} lies before 1970")
    return since


def _number(value: object, member: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_TICKET:
        raise ValueError(f"its {member} is {value!r}, not a number from 0")
    return value


def _participation(text: object) -> UUID:
    try:
        participation_id = UUID(text) if isinstance(text, str) else None
    except ValueError:
        participation_id = None
    if participation_id is None or str(participation_id) != text:
        raise ValueError(f"its participationId is {text!r}, not a UUID in lower case with dashes")
    return participation_id
