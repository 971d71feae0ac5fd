"""The settings of experiences and sequences, with their ranges: what may be asked for, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.money import CurrencyCode
from domain.settings import Free, Name, NotYet, Settings, Text, bounded, only
from domain.values import LanguageCode, Metadata, Moment, TimeZoneName

Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Words = dict[Annotated[Text, Field(max_length=100)], Annotated[Text, Field(max_length=2000)]]


def _none_yet(value: list[Any]) -> list[Any]:
    if value:
        raise PydanticCustomError("not_available", "This is not available yet; leave the list out or empty.")
    return value


NoneYet = Annotated[list[Any], AfterValidator(_none_yet)]


class ExperienceConfig(Settings):
    """Every setting of an experience. Dates are aware; a time zone or currency of null is the organization's."""

    name: Name
    slug: Annotated[str, Field(max_length=200)] | None = None
    description: Annotated[Text, Field(max_length=5000)] | None = None
    open_at: Moment | None = None
    close_at: Moment | None = None
    time_zone: TimeZoneName | None = None
    currency_code: CurrencyCode | None = None
    access_code: Annotated[str | None, only(None)] = None
    i18n: dict[LanguageCode, Words] = Field(default_factory=dict, max_length=50, alias="i18n")
    theme: Annotated[Free, AfterValidator(bounded)] = Field(default_factory=dict)
    products: NoneYet = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _window(self) -> ExperienceConfig:
        if self.open_at is not None and self.close_at is not None and self.close_at <= self.open_at:
            raise PydanticCustomError("invalid_window", "closeAt must be later than openAt.")
        return self


class SequenceConfig(Settings):
    """Every setting of a sequence: an access path to its distributions. Gates that do not exist yet are refused."""

    name: Name
    color: Color | None = None
    priority: int = Field(0, ge=0, le=10_000)
    access_code: Annotated[str | None, only(None)] = None
    require_authentication: NotYet = False
    audience_ids: NoneYet = Field(default_factory=list, max_length=20)
    audience_match: Literal["any", "all"] = "any"
    show_when_gated: bool = False
    bot_check: Annotated[Literal["inherit", "on", "off"], only("inherit", "off")] = "inherit"
    product_selection_mode: Annotated[Literal["USER_SELECTED", "SYSTEM_ASSIGNED"], only("USER_SELECTED")] = (
        "USER_SELECTED"
    )
    products: NoneYet = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)


class NewSequence(SequenceConfig):
    """A sequence as it is asked for: its settings and the experience it belongs to."""

    experience_id: Annotated[UUID, Field(strict=False)]

    @property
    def config(self) -> SequenceConfig:
        """Its settings alone."""
        return SequenceConfig.model_validate(self.model_dump(exclude={"experience_id"}))
