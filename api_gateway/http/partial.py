"""Changes of settings (RFC 7396): every member may be left out, and null puts it back to its default."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from domain.settings import Settings


def changes_of(config: type[BaseModel], name: str) -> type[BaseModel]:
    """The model of a change: each member as strict as in the whole; what must fit together is checked later.

    A member without a default cannot be put back to it.
    """
    fields: dict[str, Any] = {member: _optional(field) for member, field in config.model_fields.items()}
    return create_model(name, __base__=Settings, __doc__="Some members; null puts one back to its default.", **fields)


def _optional(field: FieldInfo) -> tuple[Any, None]:
    kind: Any = field.annotation
    for rule in field.metadata:
        kind = Annotated[kind, rule]
    return kind if field.is_required() else kind | None, None
