"""The published files that prove an order: one document, and one line per entry of the cohort.

The same classes write them and read them back, so that what is published is what is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from domain.fairness.cohort import MAX_COUNT, OrderName
from domain.fairness.commitment import MAX_SAFE_INTEGER
from domain.fairness.leaves import ENTRY_KINDS, entry_leaf
from domain.fairness.members import Hash, Participation, instant_of, instant_text, number_of, participation_of


class ProofDocument(BaseModel):
    """The proof of a queue's order; what is not settled yet is null.

    Before the opening only the rules and the two hashes that commit to them and to the secret are set.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)

    algorithm: Literal["drumroll-order/1"] = "drumroll-order/1"
    permutation: OrderName | None = None
    distribution_id: Participation
    rules: dict[str, JsonValue]
    rules_hash: Hash
    seed_commitment: Hash
    server_seed: Hash | None = None
    tree_head: Hash | None = None
    count: Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)] | None = None
    seed: Hash | None = None
    assurance: Literal["commit_reveal"] = "commit_reveal"
    order_fixed_at: str | None = None

    @classmethod
    def missing_from(cls, proof: Mapping[str, object]) -> list[str]:
        """Which members a published document lacks: unsettled ones are null there. The instant is for information."""
        members = [field.alias or name for name, field in cls.model_fields.items() if name != "order_fixed_at"]
        return [member for member in members if member not in proof]


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
        return cls(
            ticket=number_of(line.get("ticket"), "ticket", MAX_SAFE_INTEGER),
            participation_id=participation_of(line.get("participationId")),
            kind=kind,
            received_at=instant_of(line.get("receivedAt")),
            rank=number_of(line.get("rank"), "rank", MAX_SAFE_INTEGER),
        )
