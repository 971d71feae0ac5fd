"""What the record tells of a draw: one class for each type of line, read and written by the same names.

docs/fairness.md says when each may stand. Nothing here names a person, so that whoever is forgotten leaves no gap.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from domain.fairness.draws.document import StepsHead
from domain.fairness.draws.steps import Body, Reason
from domain.fairness.members import Hash, Number, Participation


class Created(Body):
    """A draw was made; what it promises is fixed. It may say which void draw it repeats."""

    type: Literal["CREATED"] = "CREATED"
    experience_id: Participation
    seed_commitment: Hash
    rules_hash: Hash
    replaces_draw_id: Participation | None = None


class Rules(Body):
    """Other rules are promised, or another draw is repeated; before the first entry only."""

    type: Literal["RULES"] = "RULES"
    rules_hash: Hash
    replaces_draw_id: Participation | None = None


class Sealed(Body):
    """The entries are frozen. `steps` is the draw's own log with this step as its last, here and below."""

    type: Literal["SEALED"] = "SEALED"
    tree_head: Hash
    log_size: Number
    steps: StepsHead


class Drawn(Body):
    """The seed is revealed."""

    type: Literal["DRAWN"] = "DRAWN"
    seed: Hash
    steps: StepsHead


class Completed(Body):
    """Nobody else can win, because every place was used or nobody is left."""

    type: Literal["COMPLETED"] = "COMPLETED"
    steps: StepsHead


class ClaimClosed(Body):
    """Nobody else can win, because claims are closed."""

    type: Literal["CLAIM_CLOSED"] = "CLAIM_CLOSED"
    steps: StepsHead


class Void(Body):
    """The draw does not count. It has steps when its entries were frozen."""

    type: Literal["VOID"] = "VOID"
    reason: Reason
    steps: StepsHead | None = None


class Archived(Body):
    """The draw left the lists. It stays in the record."""

    type: Literal["ARCHIVED"] = "ARCHIVED"


AnyRecordBody: TypeAlias = Created | Rules | Sealed | Drawn | Completed | ClaimClosed | Void | Archived

BODIES: TypeAdapter[AnyRecordBody] = TypeAdapter(Annotated[AnyRecordBody, Field(discriminator="type")])
"""Reads the members of a line. Raises pydantic's ValidationError."""
