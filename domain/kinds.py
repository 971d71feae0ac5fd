"""The kinds of distributions, by the one word that each is called everywhere, and how they are asked for under a sequence."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from domain.draw.config import DrawConfig
from domain.experiences.commands import CreateExperience, Nested
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.problems import TAG
from domain.queue.config import QueueConfig

NOT_YET: Final = frozenset({"auction", "appointment", "timed_release"})
MOST_IN_ALL: Final = 200


def _available(value: Any) -> Any:
    named = value.get("type") if isinstance(value, dict) else None
    if isinstance(named, str) and named in NOT_YET:
        template = "Distributions of the type {named} are not available yet; queues and draws are."
        raise PydanticCustomError("not_available", template, {"named": named})
    return value


class NestedQueue(QueueConfig):
    """A queue as it is asked for under its sequence."""

    type: Literal["queue"]


class NestedDraw(DrawConfig):
    """A draw as it is asked for under its sequence."""

    type: Literal["draw"]


def _tag(value: Any) -> str:
    """By which kind a distribution is read: what names none that there is, is told so by the first."""
    named = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"{TAG}{named}" if named in _KINDS else f"{TAG}queue"


_KINDS: Final = frozenset({"queue", "draw"})
NestedDistribution = Annotated[
    Annotated[NestedQueue, Tag(f"{TAG}queue")] | Annotated[NestedDraw, Tag(f"{TAG}draw")], Discriminator(_tag)
]


class NestedSequence(SequenceConfig):
    """A sequence as it is asked for under its experience, with what it distributes."""

    distributions: list[Annotated[NestedDistribution, BeforeValidator(_available)]] = Field(
        default_factory=list, max_length=50
    )


class NewExperience(ExperienceConfig):
    """An experience as it is asked for, with its sequences and their distributions; without `sequences` it gets one."""

    sequences: list[NestedSequence] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _not_too_many(self) -> NewExperience:
        if sum(len(path.distributions) for path in self.sequences) > MOST_IN_ALL:
            raise PydanticCustomError("too_long", f"At most {MOST_IN_ALL} distributions in all.")
        return self

    def command(self, tenant_id: Any) -> CreateExperience:
        """The one command that makes all of it."""
        paths = [
            SequenceConfig.model_validate(path.model_dump(exclude={"distributions"}, exclude_unset=True))
            for path in self.sequences
        ]
        nested = [
            Nested(sequence=place, type=one.type, settings=one.model_dump(mode="json", by_alias=True, exclude={"type"}))
            for place, path in enumerate(self.sequences)
            for one in path.distributions
        ]
        config = ExperienceConfig.model_validate(self.model_dump(exclude={"sequences"}, exclude_unset=True))
        return CreateExperience(
            tenant_id=tenant_id, config=config, sequences=tuple(paths), distributions=tuple(nested)
        )  # fmt: skip
