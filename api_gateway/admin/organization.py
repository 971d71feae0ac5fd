"""The organization itself, and its keys."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from api_gateway.http.answers import respond, shown
from api_gateway.http.call import ADMIN_READS, ADMIN_WRITES, KEY_READS, KEY_WRITES, Call, known_id
from api_gateway.http.lists import listing
from api_gateway.http.partial import changes_of
from api_gateway.http.told import IF_MATCH, PAGES, SECRET, query, told
from api_gateway.problems import problem
from api_gateway.shapes.common import Listing
from api_gateway.shapes.organizations import (
    KeptKey,
    KeptOrganization,
    NewKey,
    NewKeyShown,
    RotateBody,
    SdkConfig,
    SlugAvailability,
)
from api_gateway.views import kept_key, kept_organization
from domain.organizations.commands import CreateKey, Imprint, RevokeKey, RotateKey, UpdateOrganization
from domain.organizations.config import OrganizationConfig
from domain.organizations.keys import DrawnKey, drawn_key
from domain.organizations.rules import slug_refused
from domain.organizations.state import SCOPES, ApiKey, KeyKind, Mode
from domain.organizations.view import key_facts, organization_facts
from store.reads import organizations

MISSING: Final = "KEY_NOT_FOUND"
OrganizationChanges = changes_of(OrganizationConfig, "OrganizationChanges")
_CURRENT: Final = "/organizations/current"
_REASONS: Final = {"SLUG_TAKEN": "TAKEN", "SLUG_RESERVED": "RESERVED", "SLUG_INVALID": "INVALID_FORMAT"}
Reads = Annotated[Call, ADMIN_READS]
Writes = Annotated[Call, ADMIN_WRITES]
KeyReads = Annotated[Call, KEY_READS]
KeyWrites = Annotated[Call, KEY_WRITES]
router = APIRouter(tags=["organization"])


@router.get(_CURRENT, summary="Get the organization", **told(SECRET, KeptOrganization, "ORGANIZATION_NOT_FOUND"))
async def get_organization(call: Reads) -> Response:
    """The organization whose key this is."""
    found = await organizations.current(call.reader)
    if found is None:
        raise problem("ORGANIZATION_NOT_FOUND")
    return shown(call, kept_organization(organization_facts(found, call.caller.tenant_id)))


@router.patch(
    _CURRENT, summary="Change the organization",
    **told(SECRET, KeptOrganization, "SLUG_INVALID", "FIELD_FROZEN", body=OrganizationChanges, parameters=[IF_MATCH],
           command=True),
)  # fmt: skip
async def change_organization(call: Writes) -> Response:
    """Some settings, for both modes."""
    return await _updated(call, call.changes(OrganizationChanges))


@router.put(
    _CURRENT, summary="Replace the organization's settings",
    **told(SECRET, KeptOrganization, "SLUG_INVALID", "FIELD_FROZEN", body=OrganizationConfig, parameters=[IF_MATCH],
           command=True),
)  # fmt: skip
async def replace_organization(call: Writes) -> Response:
    """All settings, for both modes; what is left out returns to its default."""
    return await _updated(call, call.changes(OrganizationConfig), replace=True)


@router.get(f"{_CURRENT}/sdk-config", summary="Get what a page needs", **told(SECRET, SdkConfig))
async def get_sdk_config(call: Reads) -> Response:
    """Where pages find the Consumer API. Keys are stored hashed, so they are named, not shown."""
    keys, now = await organizations.keys(call.reader)
    public = [key for key in keys if key.kind is KeyKind.PUBLISHABLE and key.usable(now)]
    base = call.gateway.settings.issuer.rstrip("/")
    body = {
        "organizationId": call.caller.organization_id, "publishableKey": None,
        "publishableKeys": [f"{key.prefix}…{key.last4}" for key in public],
        "consumerUrl": f"{base}/api/v1", "jwksUrl": f"{base}/.well-known/jwks.json",
    }  # fmt: skip
    return shown(call, body)


@router.get(
    "/organizations/slug/availability", summary="Ask whether a slug can be had",
    **told(SECRET, SlugAvailability, parameters=[query("slug", "The slug wanted.", type="string")]),
)  # fmt: skip
async def get_slug_availability(call: Reads) -> Response:
    """Whether the organization could have this slug."""
    slug = call.query.text("slug")
    if slug is None:
        error = {"path": "query:slug", "code": "REQUIRED", "message": "Name the slug."}
        raise problem("INVALID_REQUEST", "Name the slug.", errors=(error,))
    holder = await organizations.slug_holder(call.reader, slug)
    refused = slug_refused(slug, holder, call.caller.organization_id)
    reason = None if refused is None else _REASONS[refused.code]
    return shown(call, {"slug": slug, "available": reason is None, "reason": reason})


@router.get(f"{_CURRENT}/keys", summary="List keys", **told(SECRET, Listing[KeptKey], parameters=PAGES))
async def list_keys(call: KeyReads) -> Response:
    """The keys of this mode, the newest first."""
    asked = call.query
    page = asked.page()
    keys, now = await organizations.keys(call.reader)
    part = keys[page.offset : page.offset + page.size]
    shown_keys = [kept_key(key_facts(key, call.caller.mode, now)) for key in part]
    return listing(call, asked, page, len(keys), shown_keys)


@router.get(f"{_CURRENT}/keys/{{key_id}}", summary="Get a key", **told(SECRET, KeptKey, MISSING))
async def get_key(key_id: str, call: KeyReads) -> Response:
    """One key."""
    keys, now = await organizations.keys(call.reader)
    return shown(call, kept_key(key_facts(_of(keys, known_id(key_id, MISSING)), call.caller.mode, now)))


@router.post(
    f"{_CURRENT}/keys", summary="Create a key", **told(SECRET, NewKeyShown, status=201, body=NewKey, command=True)
)
async def create_key(call: KeyWrites) -> Response:
    """A new key. Its text is shown in this answer and never again."""
    body = call.body(NewKey)
    asking = call.asking(call.caller.tenant_id)
    key = _drawn(call, asking.command_id, body.kind, body.mode)
    scopes = tuple(SCOPES if body.scopes is None else body.scopes)
    command = CreateKey(
        tenant_id=call.caller.tenant_id, name=body.name, kind=body.kind, mode=body.mode, scopes=scopes,
        expires_at=body.expires_at, imprint=_imprint(key),
    )  # fmt: skip
    return respond(
        call, await call.ask(command, asking), lambda facts, _: kept_key(facts) | {"key": key.text},
        place=f"{_CURRENT}/keys", shown_once={"key": key.text},
    )  # fmt: skip


@router.post(
    f"{_CURRENT}/keys/{{key_id}}/rotate", summary="Rotate a key",
    **told(SECRET, NewKeyShown, MISSING, status=201, body=RotateBody, command=True),
)  # fmt: skip
async def rotate_key(key_id: str, call: KeyWrites) -> Response:
    """A successor, shown this once. The old key works on for a while."""
    body = call.body(RotateBody)
    keys, _ = await organizations.keys(call.reader)
    old = _of(keys, known_id(key_id, MISSING))
    asking = call.asking(call.caller.tenant_id)
    key = _drawn(call, asking.command_id, old.kind, Mode(call.caller.mode))
    command = RotateKey(
        tenant_id=call.caller.tenant_id, key_id=old.id, imprint=_imprint(key), overlap_seconds=body.overlap_seconds
    )
    return respond(
        call, await call.ask(command, asking), lambda facts, _: kept_key(facts) | {"key": key.text},
        place=f"{_CURRENT}/keys", shown_once={"key": key.text},
    )  # fmt: skip


@router.delete(
    f"{_CURRENT}/keys/{{key_id}}", summary="Revoke a key", **told(SECRET, None, MISSING, status=204, command=True)
)
async def revoke_key(key_id: str, call: KeyWrites) -> Response:
    """End a key within a second."""
    command = RevokeKey(tenant_id=call.caller.tenant_id, key_id=known_id(key_id, MISSING))
    return respond(call, await call.ask(command), lambda facts, _: facts, empty=True)


async def _updated(call: Call, changes: dict[str, Any], *, replace: bool = False) -> Response:
    command = UpdateOrganization(changes=changes, replace=replace, if_version=call.if_version)
    asking = call.asking(call.caller.tenant_id)
    return respond(call, await call.ask(command, asking), lambda facts, _: kept_organization(facts))


def _drawn(call: Call, command_id: UUID, kind: KeyKind, mode: Mode) -> DrawnKey:
    """The key that a command makes: asked for twice with the same Idempotency-Key, it is the same key."""
    entropy = hmac.digest(call.gateway.secret, b"drumroll/api-key/1\x00" + command_id.bytes, hashlib.sha256)
    return drawn_key(kind, mode, entropy)


def _imprint(key: DrawnKey) -> Imprint:
    return Imprint(hash=key.hash, prefix=key.prefix, last4=key.last4)


def _of(keys: list[ApiKey], key_id: UUID) -> ApiKey:
    found = next((key for key in keys if key.id == key_id), None)
    if found is None:
        raise problem(MISSING)
    return found
