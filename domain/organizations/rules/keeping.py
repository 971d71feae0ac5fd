"""How keys are made, replaced and ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.command import Actor
from domain.decision import Decision, Event, Refused, Reply, refuse
from domain.organizations import events
from domain.organizations.commands import CreateKey, Imprint, NoteKeyUse, RevokeKey, RotateKey
from domain.organizations.state import ApiKey, KeyKind, KeyStatus
from domain.organizations.view import key_facts
from domain.tenant import TenantFacts
from domain.times import Times

MOST_SECRETS = 2
USED_AGAIN = timedelta(minutes=4)
NOT_FOUND = Refused("KEY_NOT_FOUND", "There is no such key.")
FULL = Refused("KEY_LIMIT_REACHED", "Two secret keys are usable already; revoke one first.")


def create_key(
    tenant: TenantFacts, keys: Sequence[ApiKey], key_id: UUID, command: CreateKey, by: Actor, times: Times
) -> Decision:
    """Make a key; `keys` are all of the tenant. A second copy of the command finds what it made."""
    made = _of(keys, key_id)
    if made is not None:
        return Decision(Reply(key_facts(made, tenant.mode, times.now), created=True))
    scopes = command.scopes if command.kind is KeyKind.SECRET else ()
    refused = _why_not(tenant, keys, scopes, command, by, times)
    if refused is not None:
        return Decision(refused)
    imprint = command.imprint
    key = ApiKey(
        tenant.tenant_id, key_id, tenant.organization_id, command.kind, command.name, imprint.hash, imprint.prefix,
        imprint.last4, scopes, times.now, expires_at=command.expires_at,
    )  # fmt: skip
    happened = events.KeyChanged(key.id, "created", times.now, key.expires_at)
    return Decision(Reply(key_facts(key, tenant.mode, times.now), created=True), saves=(key,), events=(happened,))


def rotate_key(
    tenant: TenantFacts, keys: Sequence[ApiKey], key_id: UUID, command: RotateKey, by: Actor, times: Times
) -> Decision:
    """Replace a key by a successor with the same name, kind, scopes and length of life; the old one retires."""
    old, made = _of(keys, command.key_id), _of(keys, key_id)
    if old is not None and made is not None:
        return Decision(_succession(tenant, old, made, times))
    if old is None or not old.usable(times.now):
        return Decision(NOT_FOUND)
    if not _may_give(keys, old.scopes, by):
        return refuse("INSUFFICIENT_SCOPE", "A key can only replace one that may no more than itself.")
    successor, retired = _successor(old, key_id, command.imprint, times), _retired(old, command.overlap_seconds, times)
    others = (key for key in keys if key.id != old.id)
    if _secrets((*others, retired, successor), times) > MOST_SECRETS:
        return Decision(FULL)
    happened: tuple[Event, ...] = (
        events.KeyChanged(successor.id, "created", times.now, successor.expires_at),
        events.KeyChanged(old.id, "retiring", times.now, retired.expires_at),
    )
    return Decision(_succession(tenant, retired, successor, times), saves=(successor, retired), events=happened)


def revoke_key(tenant: TenantFacts, key: ApiKey | None, command: RevokeKey, times: Times) -> Decision:
    """End a key at once; ending twice is ending once."""
    if key is None:
        return Decision(NOT_FOUND)
    if key.status is KeyStatus.REVOKED:
        return Decision(Reply(key_facts(key, tenant.mode, times.now)))
    gone = replace(key, status=KeyStatus.REVOKED, revoked_at=times.now)
    happened = events.KeyChanged(gone.id, "revoked", times.now)
    return Decision(Reply(key_facts(gone, tenant.mode, times.now)), saves=(gone,), events=(happened,))


def note_use(keys: Iterable[ApiKey], command: NoteKeyUse, times: Times) -> Decision:
    """Keep when keys were last used, each at most once in some minutes, however many gateways have seen it."""
    seen = {use.key_id: min(use.at, times.now) for use in command.uses}
    used = (replace(key, last_used_at=seen[key.id]) for key in keys if _is_news(key, seen[key.id]))
    return Decision(Reply(), saves=tuple(used))


def _is_news(key: ApiKey, at: datetime) -> bool:
    return key.last_used_at is None or at - key.last_used_at >= USED_AGAIN


def _of(keys: Iterable[ApiKey], key_id: UUID) -> ApiKey | None:
    return next((key for key in keys if key.id == key_id), None)


def _why_not(
    tenant: TenantFacts, keys: Sequence[ApiKey], scopes: Sequence[str], command: CreateKey, by: Actor, times: Times
) -> Refused | None:
    if command.mode.value != tenant.mode:
        return Refused("VALIDATION_ERROR", f"A {tenant.mode} key makes {tenant.mode} keys.", field="/mode")
    if command.expires_at is not None and command.expires_at <= times.received_at:
        return Refused("VALIDATION_ERROR", "expiresAt must lie ahead.", field="/expiresAt")
    if not _may_give(keys, scopes, by):
        return Refused("INSUFFICIENT_SCOPE", "A key can only give scopes that it has.", field="/scopes")
    if command.kind is KeyKind.SECRET and _secrets(keys, times) >= MOST_SECRETS:
        return FULL
    return None


def _may_give(keys: Iterable[ApiKey], scopes: Sequence[str], by: Actor) -> bool:
    """A key cannot give what it has not: otherwise the scope `keys` would be all of them."""
    own = _of(keys, by.id)
    return own is None or set(scopes) <= set(own.scopes)


def _secrets(keys: Iterable[ApiKey], times: Times) -> int:
    return sum(key.kind is KeyKind.SECRET and key.usable(times.now) for key in keys)


def _successor(old: ApiKey, key_id: UUID, imprint: Imprint, times: Times) -> ApiKey:
    ends = old.expires_at and times.now + (old.expires_at - old.created_at)
    return replace(
        old, id=key_id, hash=imprint.hash, prefix=imprint.prefix, last4=imprint.last4, created_at=times.now,
        expires_at=ends, status=KeyStatus.ACTIVE, last_used_at=None,
    )  # fmt: skip


def _retired(old: ApiKey, overlap_seconds: int, times: Times) -> ApiKey:
    ends = times.now + timedelta(seconds=overlap_seconds)
    ends = ends if old.expires_at is None else min(ends, old.expires_at)
    return replace(old, status=KeyStatus.RETIRING, expires_at=ends)


def _succession(tenant: TenantFacts, old: ApiKey, successor: ApiKey, times: Times) -> Reply:
    predecessor = {"id": str(old.id), **_end(tenant, old, times)}
    return Reply(key_facts(successor, tenant.mode, times.now) | {"predecessor": predecessor}, created=True)


def _end(tenant: TenantFacts, old: ApiKey, times: Times) -> dict[str, object]:
    facts = key_facts(old, tenant.mode, times.now)
    return {"status": facts["status"], "expiresAt": facts["expiresAt"]}
