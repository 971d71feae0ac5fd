"""What an organization does with any distribution: make, look at, change, put away, hold, go on, end. The same for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Protocol
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import Response

from api_gateway.admin.grant_life import check_grant_life
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, ADMIN_WRITES, Call, known_id
from api_gateway.http.lists import TIMED_COLUMNS, listing, part_of
from api_gateway.http.told import ARCHIVED, IF_MATCH, PAGES, SEARCH, SECRET, query, sorted_by, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Linked, Listing
from api_gateway.shapes.queues import KillBody, PauseBody
from domain.command import Command
from domain.distribution.config import DistributionConfig
from store.reads.base import Reader, Slice

Reads = Annotated[Call, ADMIN_READS]
Writes = Annotated[Call, ADMIN_WRITES]
_LIST = (
    *PAGES, SEARCH, ARCHIVED, *sorted_by(*TIMED_COLUMNS), query("sequenceId", "Those of one sequence."),
    query("experienceId", "Those of one experience."),
)  # fmt: skip


class Kept(Protocol):
    """Where distributions of one kind are read."""

    async def one(self, reader: Reader, own_id: UUID, /) -> tuple[Any, datetime] | None:
        """One with the ledger's time."""

    async def some(
        self, reader: Reader, part: Slice, *, sequence: UUID | None, experience: UUID | None
    ) -> tuple[list[Any], int, datetime]:
        """A part of them, how many there are in all, and the ledger's time."""


class Asked(NamedTuple):
    """How each change of one kind is asked for; the first argument is the id of the distribution."""

    create: Callable[[UUID, UUID, Any], Command]
    update: Callable[..., Command]
    archive: Callable[..., Command]
    pause: Callable[..., Command]
    resume: Callable[..., Command]
    kill: Callable[..., Command]


class Words(NamedTuple):
    """What the documentation says where kinds differ."""

    create: str
    update: str
    archive: str
    pause: str
    kill: str


class Running(NamedTuple):
    """A kind of distribution: its words, its settings, how it is read, asked and shown."""

    name: str
    plural: str
    missing: str
    shape: type[Linked]
    listing: type[Listing[Any]]
    config: type[DistributionConfig]
    new: type[DistributionConfig]
    changes: type[Any]
    resume_body: type[Any]
    kept: Kept
    asked: Asked
    words: Words
    read: Callable[[Call, Any, datetime], dict[str, Any]]
    shown: Callable[[Call, Mapping[str, Any]], dict[str, Any]]

    @property
    def place(self) -> str:
        """The path of one."""
        return f"/{self.plural}/{{{self.name}_id}}"

    @property
    def named(self) -> Any:
        """The id in the path of one, under the name that the path gives it."""
        return Path(alias=f"{self.name}_id")


def running_router(kind: Running) -> APIRouter:
    """Everything that an organization does with one kind."""
    own = APIRouter(tags=[kind.plural])
    for routes in (_looking, _making, _changing, _putting_away, _holding, _ending):
        routes(own, kind)
    return own


def asked(call: Call, kind: Running, answer: Any, *, empty: bool = False) -> Response:
    """The answer to whoever asked for a change."""
    return respond(call, answer, lambda facts, _: kind.shown(call, facts), place=f"/{kind.plural}", empty=empty)


def _looking(own: APIRouter, kind: Running) -> None:
    @own.get(
        f"/{kind.plural}", summary=f"List {kind.plural}", description=f"The {kind.plural} of the organization, the newest first.",
        **told(SECRET, kind.listing, "INVALID_SORT", "INVALID_FILTER", parameters=_LIST),
    )  # fmt: skip
    async def several(call: Reads) -> Response:
        wanted, page, part = part_of(call, TIMED_COLUMNS)
        sequence, experience = wanted.id("sequenceId"), wanted.id("experienceId")
        found, total, now = await kind.kept.some(call.reader, part, sequence=sequence, experience=experience)
        return listing(call, wanted, page, total, [kind.read(call, one, now) for one in found])

    @own.get(
        kind.place, summary=f"Get a {kind.name}", description=f"One {kind.name} with its counts.",
        **told(SECRET, kind.shape, kind.missing),
    )  # fmt: skip
    async def single(call: Reads, own_id: str = kind.named) -> Response:
        found = await kind.kept.one(call.reader, known_id(own_id, kind.missing))
        if found is None:
            raise problem(kind.missing)
        return shown(call, kind.read(call, *found))


def _making(own: APIRouter, kind: Running) -> None:
    @own.post(
        f"/{kind.plural}", summary=f"Create a {kind.name}", description=kind.words.create,
        **told(SECRET, kind.shape, "SEQUENCE_NOT_FOUND", "INVALID_WINDOW", status=201, body=kind.new, command=True),
    )  # fmt: skip
    async def create(call: Writes) -> Response:
        body: Any = call.body(kind.new)
        check_grant_life(call, body.admission_expiration_seconds)
        asking = call.asking(body.sequence_id)
        config = kind.config.model_validate(body.model_dump(exclude={"sequence_id"}))
        return asked(call, kind, await call.ask(kind.asked.create(asking.command_id, body.sequence_id, config), asking))


def _changing(own: APIRouter, kind: Running) -> None:
    @own.patch(
        kind.place, summary=f"Change a {kind.name}", description=kind.words.update,
        **_changed(kind, kind.changes),
    )  # fmt: skip
    async def change(call: Writes, own_id: str = kind.named) -> Response:
        return await _update(call, kind, own_id, kind.changes, replace=False)

    @own.put(
        kind.place, summary=f"Replace a {kind.name}'s settings",
        description="All settings; what is left out returns to its default.", **_changed(kind, kind.config),
    )  # fmt: skip
    async def replace(call: Writes, own_id: str = kind.named) -> Response:
        return await _update(call, kind, own_id, kind.config, replace=True)


def _changed(kind: Running, body: type[BaseModel]) -> dict[str, Any]:
    return told(SECRET, kind.shape, kind.missing, "INVALID_WINDOW", body=body, parameters=[IF_MATCH], command=True)


async def _update(call: Call, kind: Running, own_id: str, body: type[BaseModel], *, replace: bool) -> Response:
    changes = call.changes(body)
    check_grant_life(call, changes.get("admissionExpirationSeconds"))
    meant = known_id(own_id, kind.missing)
    command = kind.asked.update(meant, changes=changes, replace=replace, if_version=call.if_version)
    return asked(call, kind, await call.ask(command))


def _putting_away(own: APIRouter, kind: Running) -> None:
    @own.delete(
        kind.place, summary=f"Archive a {kind.name}", description=kind.words.archive,
        **told(SECRET, None, kind.missing, status=204, parameters=[IF_MATCH], command=True),
    )  # fmt: skip
    async def archive(call: Writes, own_id: str = kind.named) -> Response:
        command = kind.asked.archive(known_id(own_id, kind.missing), if_version=call.if_version)
        return asked(call, kind, await call.ask(command), empty=True)


def _holding(own: APIRouter, kind: Running) -> None:
    @own.post(
        f"{kind.place}/pause", summary=f"Pause a {kind.name}", description=kind.words.pause,
        **told(SECRET, kind.shape, kind.missing, body=PauseBody, command=True),
    )  # fmt: skip
    async def pause(call: Writes, own_id: str = kind.named) -> Response:
        meant, body = known_id(own_id, kind.missing), call.body(PauseBody)
        return asked(call, kind, await call.ask(kind.asked.pause(meant, **body.model_dump())))

    @own.post(
        f"{kind.place}/resume", summary=f"Resume a {kind.name}", description="Go on after a pause.",
        **told(SECRET, kind.shape, kind.missing, body=kind.resume_body, command=True),
    )  # fmt: skip
    async def resume(call: Writes, own_id: str = kind.named) -> Response:
        meant, body = known_id(own_id, kind.missing), call.body(kind.resume_body)
        return asked(call, kind, await call.ask(kind.asked.resume(meant, **body.model_dump())))


def _ending(own: APIRouter, kind: Running) -> None:
    @own.post(
        f"{kind.place}/kill", summary=f"End a {kind.name}", description=kind.words.kill,
        **told(SECRET, kind.shape, kind.missing, body=KillBody, command=True),
    )  # fmt: skip
    async def kill(call: Writes, own_id: str = kind.named) -> Response:
        meant, body = known_id(own_id, kind.missing), call.body(KillBody)
        return asked(call, kind, await call.ask(kind.asked.kill(meant, **body.model_dump())))
