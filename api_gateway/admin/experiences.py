"""Experiences, as the organization keeps them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.admin.grant_life import check_grant_life
from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, ADMIN_WRITES, Call, known_id
from api_gateway.http.lists import TIMED_COLUMNS, listing, part_of
from api_gateway.http.partial import changes_of
from api_gateway.http.told import ARCHIVED, IF_MATCH, PAGES, SEARCH, SECRET, query, sorted_by, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.experiences import DuplicateBody, KeptExperience
from api_gateway.views import experience_read, kept_experience
from domain.experiences.commands import (
    ArchiveExperience,
    DuplicateExperience,
    ExperienceCommand,
    PublishExperience,
    UnpublishExperience,
    UpdateExperience,
)
from domain.experiences.config import ExperienceConfig
from domain.kinds import NewExperience
from store.reads import experiences

MISSING: Final = "EXPERIENCE_NOT_FOUND"
ExperienceChanges = changes_of(ExperienceConfig, "ExperienceChanges")
INCLUDES: Final = ("sequences", "distributions")
Reads = Annotated[Call, ADMIN_READS]
Writes = Annotated[Call, ADMIN_WRITES]
router = APIRouter(tags=["experiences"])
_INCLUDE: Final = query("include", "sequences, distributions: shows the queues too.", type="string")
_LIST = (*PAGES, SEARCH, ARCHIVED, *sorted_by(*TIMED_COLUMNS), _INCLUDE)


@router.get(
    "/experiences", summary="List experiences",
    **told(SECRET, Listing[KeptExperience], "INVALID_SORT", "INVALID_FILTER", parameters=_LIST),
)  # fmt: skip
async def list_experiences(call: Reads) -> Response:
    """The experiences of the organization, the newest first."""
    asked, page, part = part_of(call, TIMED_COLUMNS)
    whole = _whole(call)
    found, total = await experiences.some(call.reader, part)
    return listing(call, asked, page, total, [experience_read(call, one, whole=whole) for one in found])


@router.post(
    "/experiences", summary="Create an experience",
    **told(SECRET, KeptExperience, "INVALID_WINDOW", status=201, body=NewExperience, command=True),
)  # fmt: skip
async def create_experience(call: Writes) -> Response:
    """An experience with the sequences that are named and what they distribute, or with one. It is published later."""
    body = call.body(NewExperience)
    for path_place, path in enumerate(body.sequences):
        for place, one in enumerate(path.distributions):
            within = f"/sequences/{path_place}/distributions/{place}"
            check_grant_life(call, one.admission_expiration_seconds, within)
    return await _asked(call, body.command(call.caller.tenant_id))


@router.post(
    "/experiences/{experience_id}/duplicate", summary="Copy an experience",
    **told(SECRET, KeptExperience, MISSING, "INVALID_WINDOW", status=201, body=DuplicateBody, command=True),
)  # fmt: skip
async def duplicate_experience(experience_id: str, call: Writes) -> Response:
    """An unpublished copy with sequences and distributions, every date moved by so many seconds."""
    own_id, body = known_id(experience_id, MISSING), call.body(DuplicateBody)
    command = DuplicateExperience(
        tenant_id=call.caller.tenant_id, experience_id=own_id, name=body.name, shift_seconds=body.shift_seconds
    )
    return await _asked(call, command)


@router.get(
    "/experiences/{experience_id}", summary="Get an experience",
    **told(SECRET, KeptExperience, MISSING, "INVALID_FILTER", parameters=[_INCLUDE]),
)  # fmt: skip
async def get_experience(experience_id: str, call: Reads) -> Response:
    """One experience with its sequences."""
    whole = _whole(call)
    found = await experiences.one(call.reader, known_id(experience_id, MISSING))
    if found is None:
        raise problem(MISSING)
    return shown(call, experience_read(call, found, whole=whole))


@router.patch(
    "/experiences/{experience_id}", summary="Change an experience",
    **told(
        SECRET, KeptExperience, MISSING, "INVALID_WINDOW", "FIELD_FROZEN", body=ExperienceChanges, parameters=[IF_MATCH],
        command=True,
    ),
)  # fmt: skip
async def change_experience(experience_id: str, call: Writes) -> Response:
    """Some settings."""
    return await _updated(call, experience_id, call.changes(ExperienceChanges))


@router.put(
    "/experiences/{experience_id}", summary="Replace an experience's settings",
    **told(
        SECRET, KeptExperience, MISSING, "INVALID_WINDOW", "FIELD_FROZEN", body=ExperienceConfig, parameters=[IF_MATCH],
        command=True,
    ),
)  # fmt: skip
async def replace_experience(experience_id: str, call: Writes) -> Response:
    """All settings; what is left out returns to its default."""
    return await _updated(call, experience_id, call.changes(ExperienceConfig), replace=True)


@router.delete(
    "/experiences/{experience_id}", summary="Archive an experience",
    **told(SECRET, None, MISSING, status=204, parameters=[IF_MATCH], command=True),
)  # fmt: skip
async def archive_experience(experience_id: str, call: Writes) -> Response:
    """Take an experience out of the lists, with all that belongs to it; not while somebody takes part."""
    own_id, tenant_id = known_id(experience_id, MISSING), call.caller.tenant_id
    command = ArchiveExperience(tenant_id=tenant_id, experience_id=own_id, if_version=call.if_version)
    return await _asked(call, command, empty=True)


@router.post(
    "/experiences/{experience_id}/publish", summary="Publish an experience",
    **told(SECRET, KeptExperience, MISSING, command=True),
)  # fmt: skip
async def publish_experience(experience_id: str, call: Writes) -> Response:
    """Show it to the public; what was only waiting for that opens."""
    own_id = known_id(experience_id, MISSING)
    return await _asked(call, PublishExperience(tenant_id=call.caller.tenant_id, experience_id=own_id))


@router.post(
    "/experiences/{experience_id}/unpublish", summary="Unpublish an experience",
    **told(SECRET, KeptExperience, MISSING, command=True),
)  # fmt: skip
async def unpublish_experience(experience_id: str, call: Writes) -> Response:
    """Hide it from the public; not while somebody takes part."""
    own_id = known_id(experience_id, MISSING)
    return await _asked(call, UnpublishExperience(tenant_id=call.caller.tenant_id, experience_id=own_id))


async def _updated(call: Call, experience_id: str, changes: dict[str, Any], *, replace: bool = False) -> Response:
    command = UpdateExperience(
        tenant_id=call.caller.tenant_id, experience_id=known_id(experience_id, MISSING), changes=changes,
        replace=replace, if_version=call.if_version,
    )  # fmt: skip
    return await _asked(call, command)


async def _asked(call: Call, command: ExperienceCommand, *, empty: bool = False) -> Response:
    answer = await call.ask(command)
    return respond(call, answer, lambda facts, _: kept_experience(call, facts), place="/experiences", empty=empty)


def _whole(call: Call) -> bool:
    """Whether the queues are to be shown with their sequences."""
    return "distributions" in (call.query.any_of("include", INCLUDES) or ())
