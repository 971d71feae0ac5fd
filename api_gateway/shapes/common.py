"""Shapes that all answers share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Item = TypeVar("Item")
_ONCE = "In a 202 alone, this once: {}. It is good once the operation has SUCCEEDED."


class Shape(BaseModel):
    """An answer. Clients ignore members that they do not know."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Link(Shape):
    """What may be done next."""

    href: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    title: str


class Linked(Shape):
    """An object with its links: exactly what this caller may do with it now."""

    links: dict[str, Link] = Field(alias="_links")


class Pagination(Shape):
    """Where the neighbouring parts of a list are; all four are null or numbers as the list can tell."""

    next: str | None
    prev: str | None
    pages: int | None
    total: int | None


class Listing(Shape, Generic[Item]):
    """A part of a list."""

    data: list[Item]
    pagination: Pagination


class FieldProblem(Shape):
    """What is wrong with one member: `path` is a JSON Pointer, `query:name` or `header:Name`."""

    path: str
    code: str
    message: str


class Problem(Shape):
    """An error (RFC 9457). Clients branch on `code` alone."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(pattern=r"^[A-Z_]+$")]
    errors: list[FieldProblem] = Field(default_factory=list)
    request_id: UUID
    retry_after: int | None = None


class Receipt(Shape):
    """What proves that an entry stands in the log (RFC 9162): kept by whoever entered, checked by `drumroll verify`."""

    leaf: str = Field(description="The hash of the entry's leaf, in hex.")
    index: int
    path: list[str] = Field(description="The audit path up to the tree head, the nearest sibling first, in hex.")
    signed_tree_head: str = Field(description="A JWS (typ tree-head+jwt, a published key) of the tree's size and root.")
    entered_at: datetime


class Operation(Linked):
    """A command on its way; once decided, `resultStatus` and `result` or `problem` are what the direct call says.

    It goes from PENDING to its end in one commit, and nothing can be seen of it in between: RUNNING is for operations
    that take more than one commit, of which there are none yet.
    """

    id: UUID
    type: str
    status: Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED"]
    created_at: datetime
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    result_status: int | None = None
    result: dict[str, Any] | None = None
    problem: Problem | None = None
    refresh_token: str | None = Field(None, description=_ONCE.format("the refresh token that the call issues"))
    key: str | None = Field(None, description=_ONCE.format("the text of the key that the call makes"))
