"""What all settings share: strict members, values that are not available yet, and how a change is merged in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from domain.command import Actor
from domain.values import plain_text


class Settings(BaseModel):
    """Settings as they are asked for and kept: camelCase on the wire, no unknown members, no types bent."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, strict=True)


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(plain_text)
]
Text = Annotated[str, AfterValidator(plain_text)]
Free = dict[str, Any]


def only(*available: object) -> AfterValidator:
    """A setting of which nothing but these values is available yet."""

    def check(value: object) -> object:
        if value not in available:
            raise PydanticCustomError("not_available", "This value is not available yet; leave the member out.")
        return value

    return AfterValidator(check)


NotYet = Annotated[bool, only(False)]  # noqa: FBT003 (what is available)


def bounded(value: Free) -> Free:
    """Free-form settings of at most 16 KiB, as Python prints them."""
    if len(repr(value)) > 16_384:
        raise PydanticCustomError("too_long", "At most 16 KiB in all.")
    return value


def merged(present: Settings, changes: Mapping[str, Any], *, replace: bool) -> Mapping[str, Any]:
    """The settings with `changes` merged in (RFC 7396), or, with `replace`, the changes alone.

    A member set to null returns to its default. Members are named as on the wire; the result is yet to be validated.
    """
    if replace:
        return changes
    known = {field.alias or name for name, field in type(present).model_fields.items()}
    strange = {name: value for name, value in changes.items() if name not in known}
    return {**_patched(present.model_dump(mode="json", by_alias=True), changes), **strange}


def changed(before: Settings, after: Settings) -> tuple[str, ...]:
    """The members that differ, by their names on the wire, in alphabetical order."""
    fields = type(before).model_fields.items()
    return tuple(sorted(one.alias or name for name, one in fields if getattr(before, name) != getattr(after, name)))


def actor_text(actor: Actor) -> str:
    """Who did it, as it is kept."""
    return f"{actor.type}:{actor.id}"


def actor_facts(kept: str) -> dict[str, str]:
    """Who did it, as it is told."""
    kind, _, own_id = kept.partition(":")
    return {"type": kind, "id": own_id}


def _patched(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    after = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = _patched(after.get(name), value)
    return after
