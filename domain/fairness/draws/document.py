"""The proof document of a draw, and its rules. The same classes write them and read them back."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel

from domain.fairness.cohort import MAX_COUNT
from domain.fairness.commitment import MAX_SAFE_INTEGER, order_seed
from domain.fairness.draws.selection import UNNAMED
from domain.fairness.leaves import MAX_PEOPLE, MAX_TICKETS
from domain.fairness.members import Hash, Instant, Number, Participation, Round
from domain.fairness.prizes import MAX_PRIZES, PrizeName, why_not_preferred, why_not_prizes

DRAW_ALGORITHM: Final = "drumroll-draw/1"
_OF_DRAWS_ALONE: Final = frozenset({"drawStatus", "logSize", "sealedAt"})
DrawStatus = Literal["pending", "sealed", "drawn", "completed", "void"]


class Published(BaseModel):
    """What is published with exactly its members: one more or one less is an error, because nothing may hide."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def as_json(self) -> dict[str, JsonValue]:
        """Write it as it is published."""
        return self.model_dump(mode="json", by_alias=True)


class BeaconChain(Published):
    """The public beacon that is mixed in, by the hash of its chain."""

    chain_hash: Hash


class PublishedPrize(Published):
    """A prize by its name, and how many places it has."""

    name: PrizeName
    places: Annotated[int, Field(strict=True, ge=1, le=MAX_SAFE_INTEGER)]


class DrawRules(Published):
    """What decides who wins, committed to before anybody enters; no times, so that a draw can be postponed."""

    kind: Literal["draw"]
    winner_count: Number
    alternate_count: Number | None
    backfill: Annotated[bool, Field(strict=True)]
    on_expiry: Literal["deny", "requeue"]
    requeue_limit: Number
    max_tickets_per_entry: Annotated[int, Field(strict=True, ge=1, le=MAX_TICKETS)]
    max_people_per_entry: Annotated[int, Field(strict=True, ge=1, le=MAX_PEOPLE)]
    prizes: Annotated[tuple[PublishedPrize, ...], Field(min_length=1, max_length=MAX_PRIZES)] | None
    beacon: BeaconChain | None

    @model_validator(mode="after")
    def _prizes_agree(self) -> "DrawRules":
        if self.prizes is not None:
            named = [(prize.name, prize.places) for prize in self.prizes]
            why_not = why_not_prizes(named, self.winner_count, self.alternate_count)
            if why_not is not None:
                raise ValueError(why_not)
        return self

    @property
    def places(self) -> dict[str, int]:
        """The places of each prize; without prizes those of the one that has no name."""
        if self.prizes is None:
            return {UNNAMED: self.winner_count}
        return {prize.name: prize.places for prize in self.prizes}

    def why_not_preferred(self, preferences: Sequence[str] | None) -> str | None:
        """Why an entry may not prefer these prizes, best first; None when it may."""
        return why_not_preferred(preferences, None if self.prizes is None else self.places)


class BeaconRound(Published):
    """A round of the beacon: its 32 bytes of randomness, and the signature that proves them."""

    chain_hash: Hash
    round: Round
    randomness: Hash
    signature: Annotated[str, Field(pattern=r"^([0-9a-f]{96}|[0-9a-f]{192})$")]


class StepsHead(Published):
    """How many lines the step log has, and the hash of the last."""

    size: Annotated[int, Field(strict=True, ge=1)]
    head: Hash


class DrawDocument(Published):
    """The proof of a draw; what is not settled yet is null."""

    algorithm: Literal["drumroll-draw/1"]
    order: Literal["drumroll-rank/1"]
    distribution_id: Participation
    rules: DrawRules
    rules_hash: Hash
    seed_commitment: Hash
    server_seed: Hash | None
    tree_head: Hash | None
    log_size: Number | None
    count: Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT)] | None
    tickets: Number | None
    seed: Hash | None
    beacon: BeaconRound | None
    assurance: Literal["commit_reveal", "beacon"]
    sealed_at: Instant | None
    drawn_at: Instant | None
    draw_status: DrawStatus
    steps: StepsHead | None

    @property
    def is_sealed(self) -> bool:
        """Whether the entries are frozen."""
        return self.tree_head is not None

    @model_validator(mode="after")
    def _settled_together(self) -> "DrawDocument":
        frozen = (self.tree_head, self.log_size, self.count, self.tickets, self.sealed_at, self.steps)
        drawn = (self.server_seed, self.seed, self.drawn_at)
        for together in (frozen, drawn):
            if len({member is None for member in together}) > 1:
                raise ValueError("members that are settled together are not all set")
        return self

    def derived_seed(self) -> bytes | None:
        """Derive the seed from the other members; none before it can be derived.

        A beacon is mixed in when the rules name one, and only then.
        """
        mixed = None if self.rules.beacon is None else self.beacon
        if self.server_seed is None or self.tree_head is None or self.log_size is None:
            return None
        if self.rules.beacon is not None and mixed is None:
            return None
        return order_seed(
            self.distribution_id,
            bytes.fromhex(self.rules_hash),
            bytes.fromhex(self.tree_head),
            self.log_size,
            bytes.fromhex(self.server_seed),
            b"" if mixed is None else bytes.fromhex(mixed.randomness),
        )


def is_draw_proof(document: Mapping[str, object]) -> bool:
    """Whether a proof document is that of a draw: it says so, or has what no other has (docs/fairness.md, section 18)."""
    return document.get("algorithm") == DRAW_ALGORITHM or not _OF_DRAWS_ALONE.isdisjoint(document)
