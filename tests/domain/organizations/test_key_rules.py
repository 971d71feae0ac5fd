"""Keys: how they look, how many there may be, how they are replaced and end."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.command import SYSTEM_ACTOR, Actor
from domain.decision import Decision, Refused, Reply
from domain.organizations.commands import CreateKey, Imprint, KeyUse, NoteKeyUse, RevokeKey, RotateKey
from domain.organizations.keys import drawn_key
from domain.organizations.rules import create_key, note_use, revoke_key, rotate_key
from domain.organizations.state import SCOPES, ApiKey, KeyKind, KeyStatus, Mode
from domain.tenant import TenantFacts
from domain.times import Times

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = Times(NOON, NOON)
TENANT = TenantFacts(UUID(int=1), UUID(int=2), "live", "harbour", True, 3600, 2_592_000)  # noqa: FBT003
MARK = Imprint(hash="f" * 64, prefix="dr_sk_live_", last4="wxyz")
NEW = UUID(int=99)


def make_key(number: int = 1, **changes: Any) -> ApiKey:
    """A secret key that may do all."""
    facts = {
        "tenant_id": TENANT.tenant_id, "id": UUID(int=100 + number), "organization_id": TENANT.organization_id,
        "kind": KeyKind.SECRET, "name": f"Key {number}", "hash": str(number) * 64, "prefix": "dr_sk_live_",
        "last4": "abcd", "scopes": SCOPES, "created_at": NOON - timedelta(days=10),
    }  # fmt: skip
    return ApiKey(**facts | changes)


def creating(*keys: ApiKey, by: Actor = SYSTEM_ACTOR, **changes: Any) -> Decision:
    """The decision about a new key, where these exist."""
    wanted = {"name": "New", "kind": KeyKind.SECRET, "mode": Mode.LIVE, "imprint": MARK} | changes
    return create_key(TENANT, keys, NEW, CreateKey(tenant_id=TENANT.tenant_id, **wanted), by, AT)


def rotating(*keys: ApiKey, by: Actor = SYSTEM_ACTOR, overlap_seconds: int = 60) -> Decision:
    """The decision about replacing the first of these keys."""
    command = RotateKey(tenant_id=TENANT.tenant_id, key_id=keys[0].id, imprint=MARK, overlap_seconds=overlap_seconds)
    return rotate_key(TENANT, keys, NEW, command, by, AT)


def code_of(decision: Decision) -> str:
    """The code of a refusal, which changes nothing."""
    assert isinstance(decision.outcome, Refused)
    assert decision.saves == ()
    return decision.outcome.code


@pytest.mark.parametrize(
    ("kind", "mode", "form"),
    [
        (KeyKind.PUBLISHABLE, Mode.LIVE, r"dr_pk_live_[0-9A-Za-z]{32}"),
        (KeyKind.PUBLISHABLE, Mode.TEST, r"dr_pk_test_[0-9A-Za-z]{32}"),
        (KeyKind.SECRET, Mode.LIVE, r"dr_sk_live_[0-9A-Za-z]{43}"),
        (KeyKind.SECRET, Mode.TEST, r"dr_sk_test_[0-9A-Za-z]{43}"),
    ],
)
def test_a_key_says_what_it_is_and_is_kept_as_a_hash(kind: KeyKind, mode: Mode, form: str) -> None:
    key = drawn_key(kind, mode, bytes(range(32)))
    assert re.fullmatch(form, key.text)
    assert key.hash == hashlib.sha256(key.text.encode()).hexdigest()
    assert key.text.startswith(key.prefix)
    assert key.text.endswith(key.last4)


def test_keys_of_different_chance_differ() -> None:
    texts = {drawn_key(KeyKind.SECRET, Mode.LIVE, bytes([byte]) * 32).text for byte in range(256)}
    assert len(texts) == 256


def test_a_key_is_made_with_what_may_be_kept_of_it() -> None:
    decision = creating()
    (key,) = decision.saves
    assert isinstance(key, ApiKey)
    assert (key.id, key.hash, key.last4, key.scopes) == (NEW, MARK.hash, "wxyz", SCOPES)
    assert isinstance(decision.outcome, Reply)
    assert MARK.hash not in str(decision.outcome.body)


def test_a_publishable_key_has_no_scopes_and_no_limit() -> None:
    present = [make_key(number, kind=KeyKind.PUBLISHABLE, scopes=()) for number in range(5)]
    (key,) = creating(*present, kind=KeyKind.PUBLISHABLE).saves
    assert isinstance(key, ApiKey)
    assert key.scopes == ()


@pytest.mark.parametrize(
    ("second", "full"),
    [
        (make_key(2), True),
        (make_key(2, status=KeyStatus.RETIRING, expires_at=NOON + timedelta(seconds=1)), True),
        (make_key(2, status=KeyStatus.RETIRING, expires_at=NOON), False),
        (make_key(2, expires_at=NOON), False),
        (make_key(2, status=KeyStatus.REVOKED), False),
        (make_key(2, kind=KeyKind.PUBLISHABLE), False),
    ],
)
def test_two_secret_keys_are_usable_at_most(second: ApiKey, full: bool) -> None:  # noqa: FBT001 (a row of the table)
    decision = creating(make_key(1), second)
    assert isinstance(decision.outcome, Refused) is full


def test_a_key_of_one_mode_makes_none_of_the_other() -> None:
    assert code_of(creating(mode=Mode.TEST)) == "VALIDATION_ERROR"


def test_a_key_does_not_begin_after_its_end() -> None:
    assert code_of(creating(expires_at=NOON)) == "VALIDATION_ERROR"


def test_a_key_gives_no_scope_that_it_has_not() -> None:
    weak = make_key(1, scopes=("read", "keys"))
    by = Actor("key", weak.id)
    assert code_of(creating(weak, by=by)) == "INSUFFICIENT_SCOPE"
    assert creating(weak, by=by, scopes=("read",)).saves
    assert code_of(rotating(make_key(2), weak, by=by, overlap_seconds=0)) == "INSUFFICIENT_SCOPE"


def test_a_copy_of_a_creation_finds_the_key() -> None:
    (key,) = creating().saves
    assert isinstance(key, ApiKey)
    again = creating(key, make_key(2))
    assert again.saves == ()
    assert isinstance(again.outcome, Reply)
    assert again.outcome.body["id"] == str(NEW)


def test_the_old_key_works_on_beside_its_successor() -> None:
    successor, old = rotating(make_key(1), overlap_seconds=60).saves
    assert isinstance(successor, ApiKey)
    assert isinstance(old, ApiKey)
    assert (old.status, old.expires_at) == (KeyStatus.RETIRING, NOON + timedelta(seconds=60))
    assert (successor.status, successor.scopes, successor.expires_at) == (KeyStatus.ACTIVE, SCOPES, None)
    assert (old.usable(NOON), old.usable(NOON + timedelta(seconds=60))) == (True, False)


def test_without_an_overlap_the_old_key_ends_at_once() -> None:
    _, old = rotating(make_key(1), make_key(2), overlap_seconds=0).saves
    assert isinstance(old, ApiKey)
    assert not old.usable(NOON)


def test_a_rotation_that_would_leave_three_usable_is_refused() -> None:
    assert code_of(rotating(make_key(1), make_key(2))) == "KEY_LIMIT_REACHED"


def test_a_successor_lives_as_long_as_the_old_key_was_made_to_and_the_old_one_no_longer() -> None:
    ending = make_key(1, expires_at=NOON + timedelta(seconds=30))
    successor, old = rotating(ending).saves
    assert isinstance(successor, ApiKey)
    assert isinstance(old, ApiKey)
    assert successor.expires_at == NOON + timedelta(days=10, seconds=30)
    assert old.expires_at == NOON + timedelta(seconds=30)


def test_a_copy_of_a_rotation_finds_both() -> None:
    first = rotating(make_key(1))
    successor, old = first.saves
    assert isinstance(successor, ApiKey)
    assert isinstance(old, ApiKey)
    again = rotating(old, successor)
    assert (again.saves, again.outcome) == ((), first.outcome)


@pytest.mark.parametrize("key", [make_key(1, status=KeyStatus.REVOKED), make_key(1, expires_at=NOON)])
def test_a_key_that_has_ended_has_no_successor(key: ApiKey) -> None:
    assert code_of(rotating(key)) == "KEY_NOT_FOUND"


def test_a_revoked_key_is_dead_and_stays_so() -> None:
    command = RevokeKey(tenant_id=TENANT.tenant_id, key_id=make_key().id)
    (gone,) = revoke_key(TENANT, make_key(), command, AT).saves
    assert isinstance(gone, ApiKey)
    assert (gone.status_at(NOON), gone.revoked_at) == (KeyStatus.REVOKED, NOON)
    assert revoke_key(TENANT, replace(gone), command, AT).saves == ()
    assert code_of(revoke_key(TENANT, None, command, AT)) == "KEY_NOT_FOUND"


@pytest.mark.parametrize(
    ("known", "seen", "kept"),
    [
        (None, -30, -30),
        (-600, -30, -30),
        (-240, 0, 0),
        (-239, 0, None),
        (-30, -300, None),
        (None, 60, 0),
    ],
    ids=["for the first time", "again", "just late enough", "too soon", "by a slow gateway", "by a fast clock"],
)
def test_a_use_is_kept_once_in_some_minutes(known: int | None, seen: int, kept: int | None) -> None:
    def at(seconds: int) -> datetime:
        return NOON + timedelta(seconds=seconds)

    key = make_key(last_used_at=None if known is None else at(known))
    command = NoteKeyUse(tenant_id=TENANT.tenant_id, uses=(KeyUse(key_id=key.id, at=at(seen)),))
    decision = note_use([key], command, AT)
    assert decision.saves == (() if kept is None else (replace(key, last_used_at=at(kept)),))


def test_a_successor_was_not_used_yet() -> None:
    successor, retired = rotating(make_key(last_used_at=NOON)).saves
    assert isinstance(successor, ApiKey)
    assert isinstance(retired, ApiKey)
    assert (successor.last_used_at, retired.last_used_at) == (None, NOON)
