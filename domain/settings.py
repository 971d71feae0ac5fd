"""What all settings share: strict members, values that are not available yet, and how a change is merged in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from domain.command import Actor
from domain.values import KEPT, place_of_nul, plain_text


class Settings(BaseModel):
    """Settings as they are asked for and kept: camelCase on the wire, no unknown members, no types bent."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, strict=True)

    @classmethod
    def stored(cls, kept: Mapping[str, Any]) -> Self:
        """Settings as the store kept them; members that this program does not know are passed over, at every depth.

        A newer program may have written them while this one is still running.
        """
        return cls.model_validate(kept, extra="ignore", context=KEPT)


S = TypeVar("S", bound=Settings)
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


@dataclass(frozen=True, slots=True)
class NullMeansOff:
    """Marks a setting in which a null, so many members deep, switches something off instead of returning it to its default."""

    depth: int


def bounded(value: Free) -> Free:
    """Free-form settings of at most 16 KiB, as Python prints them, without a NUL: Postgres keeps none."""
    if place_of_nul(value) is not None:
        raise PydanticCustomError("pattern", "Text must not contain a NUL character.")
    if len(repr(value)) > 16_384:
        raise PydanticCustomError("too_long", "At most 16 KiB in all.")
    return value


def merged(present: Settings, changes: Mapping[str, Any], *, replace: bool) -> Mapping[str, Any]:
    """The settings with `changes` merged in (RFC 7396), or, with `replace`, the changes alone.

    A member set to null returns to its default, unless its setting says that null means something else there. Members
    are named as on the wire; the result is yet to be validated.
    """
    if replace:
        return changes
    off = {field.alias or name: _null_means_off(field) for name, field in type(present).model_fields.items()}
    kept = present.model_dump(mode="json", by_alias=True)
    after = dict(kept)
    for name, value in changes.items():
        if name in off and value is None:
            after.pop(name, None)
        else:
            after[name] = _patched(kept.get(name), value, off[name]) if name in off else value
    return after


def revised(present: S, changes: Mapping[str, Any], *, replace: bool) -> S:
    """The settings as they are after a change. ValidationError for what may not be.

    What is kept and not asked for anew is judged as it was when it was asked for: nobody has to mend it to change another.
    """
    wanted, kind = merged(present, changes, replace=replace), type(present)
    try:
        return kind.model_validate(wanted, by_alias=True, by_name=False)
    except ValidationError as wrong:
        if any(not error["loc"] or error["loc"][0] in changes for error in wrong.errors()):
            raise
        return kind.model_validate(wanted, by_alias=True, by_name=False, context=KEPT)


def changed(before: Settings, after: Settings) -> tuple[str, ...]:
    """The members that differ, by their names on the wire, in alphabetical order.

    As they are written: there a null that switches something off is not the same as silence.
    """
    old, new = (one.model_dump(mode="json", by_alias=True) for one in (before, after))
    return tuple(sorted(name for name, value in new.items() if old[name] != value))


def actor_text(actor: Actor) -> str:
    """Who did it, as it is kept."""
    return f"{actor.type}:{actor.id}"


def actor_facts(kept: str) -> dict[str, str]:
    """Who did it, as it is told: a `key` of the organization, a `consumer`, or the `system`, of which its operator is part."""
    kind, _, own_id = kept.partition(":")
    return {"type": _TOLD.get(kind, kind), "id": own_id}


_TOLD: Final = {"secret": "key", "publishable": "key", "operator": "system"}


def _null_means_off(field: FieldInfo) -> int:
    """How deep in this setting a null is a value; 0: nowhere."""
    return next((rule.depth for rule in field.metadata if isinstance(rule, NullMeansOff)), 0)


def _patched(target: Any, patch: Any, off: int) -> Any:
    """The merge of RFC 7396, but that a null `off` members deep is kept."""
    if not isinstance(patch, dict):
        return patch
    after = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None and off != 1:
            after.pop(name, None)
        else:
            after[name] = _patched(after.get(name), value, off - 1)
    return after
