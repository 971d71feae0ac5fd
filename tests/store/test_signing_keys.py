"""The keys that sign: no rotation leaves a verifier without the key of a good token."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from runtime.keys import NewKey, new_key, open_key
from store import signing_keys
from store.database import ledger_now
from tests.support.database import fresh_database

SEALED_UNDER = bytes(32)


@pytest.fixture
def ledger(postgres_server: str) -> Iterator[Connection]:
    """A connection of the owner to a database of its own, in one transaction."""
    with fresh_database(postgres_server) as database:
        engine = database.engine()
        with engine.connect() as connection:
            yield connection
        engine.dispose()


def fresh() -> NewKey:
    """A key nobody has."""
    return new_key(SEALED_UNDER)


def advance(ledger: Connection, by: timedelta) -> None:
    """Let the ledger's clock jump ahead."""
    ledger.exec_driver_sql("UPDATE ledger_clock SET ahead = ahead + %s", (by,))


def listed(ledger: Connection) -> set[str]:
    """The ids of the keys that verifiers are told of."""
    return {jwk["kid"] for jwk in signing_keys.listed(ledger)}


def signing(ledger: Connection) -> list[str]:
    """The ids of the keys that sign now."""
    now = ledger_now(ledger)
    shifts = signing_keys.shifts(ledger)
    return [one.kid for one in shifts if one.signs_from <= now and (one.signs_until is None or now < one.signs_until)]


def test_the_first_key_signs_at_once(ledger: Connection) -> None:
    assert signing_keys.without_key(ledger) == ["access", "grant"]
    first = fresh()
    signing_keys.rotate(ledger, "access", first)
    assert (signing(ledger), listed(ledger)) == ([first.kid], {first.kid})
    assert signing_keys.without_key(ledger) == ["grant"]


def test_a_key_is_kept_from_when_it_is_made_until_it_is_listed_no_more(ledger: Connection) -> None:
    old, new = fresh(), fresh()
    signing_keys.rotate(ledger, "access", old)
    signing_keys.rotate(ledger, "access", new)
    assert [key.kid for key in signing_keys.kept(ledger)] == [old.kid, new.kid]
    advance(ledger, timedelta(days=3))
    assert [(key.kid, key.purpose, key.sealed) for key in signing_keys.kept(ledger)] == [
        (new.kid, "access", new.sealed)
    ]


def test_a_new_key_is_listed_a_day_before_it_signs(ledger: Connection) -> None:
    old, new = fresh(), fresh()
    signing_keys.rotate(ledger, "access", old)
    signing_keys.rotate(ledger, "access", new)
    assert (signing(ledger), listed(ledger)) == ([old.kid], {old.kid, new.kid})
    advance(ledger, timedelta(hours=23, minutes=59))
    assert signing(ledger) == [old.kid]
    advance(ledger, timedelta(minutes=1))
    assert signing(ledger) == [new.kid]


@pytest.mark.parametrize(("purpose", "longest"), [("access", timedelta(days=1)), ("grant", timedelta(days=31))])
def test_an_old_key_is_listed_until_a_day_after_its_last_token_ended(
    ledger: Connection, purpose: str, longest: timedelta
) -> None:
    old, new = fresh(), fresh()
    signing_keys.rotate(ledger, purpose, old)
    signing_keys.rotate(ledger, purpose, new)
    advance(ledger, timedelta(days=2) + longest - timedelta(minutes=1))
    assert listed(ledger) == {old.kid, new.kid}
    assert signing_keys.forget(ledger) == 0
    advance(ledger, timedelta(minutes=1))
    assert listed(ledger) == {new.kid}
    assert signing_keys.forget(ledger) == 1
    assert [shift.kid for shift in signing_keys.shifts(ledger)] == [new.kid]


def test_rotating_while_a_key_waits_changes_nothing(ledger: Connection) -> None:
    signing_keys.rotate(ledger, "access", fresh())
    waiting = signing_keys.rotate(ledger, "access", fresh())
    assert signing_keys.rotate(ledger, "access", fresh()) == waiting
    assert len(signing_keys.shifts(ledger)) == 2


def test_access_and_grant_keys_are_rotated_apart(ledger: Connection) -> None:
    keys = {purpose: fresh() for purpose in ("access", "grant")}
    for purpose, key in keys.items():
        signing_keys.rotate(ledger, purpose, key)
    assert sorted(signing(ledger)) == sorted(key.kid for key in keys.values())


def test_what_is_listed_is_public_and_what_is_kept_can_be_opened(ledger: Connection) -> None:
    signing_keys.rotate(ledger, "access", fresh())
    (jwk,) = signing_keys.listed(ledger)
    assert set(jwk) == {"kty", "crv", "x", "kid", "use", "alg"}
    kid, sealed = ledger.exec_driver_sql("SELECT kid, sealed FROM signing_key").one()
    assert open_key(kid, bytes(sealed), SEALED_UNDER).kid == jwk["kid"]


def test_a_withdrawn_key_is_gone_and_a_fresh_one_signs_at_once(ledger: Connection) -> None:
    old, new = fresh(), fresh()
    signing_keys.rotate(ledger, "access", old)
    assert signing_keys.withdraw(ledger, old.kid, new) == new.kid
    assert (signing(ledger), listed(ledger)) == ([new.kid], {new.kid})
    assert ledger.exec_driver_sql("SELECT kid FROM signing_key").scalars().all() == [new.kid]


def test_the_key_that_waits_signs_at_once_when_the_one_before_it_is_withdrawn(ledger: Connection) -> None:
    old, waiting, unused = fresh(), fresh(), fresh()
    signing_keys.rotate(ledger, "access", old)
    signing_keys.rotate(ledger, "access", waiting)
    assert signing_keys.withdraw(ledger, old.kid, unused) == waiting.kid
    assert (signing(ledger), listed(ledger)) == ([waiting.kid], {waiting.kid})


def test_a_key_that_only_waited_is_as_if_it_had_never_been_made(ledger: Connection) -> None:
    old, waiting, unused = fresh(), fresh(), fresh()
    before = signing_keys.rotate(ledger, "access", old)
    signing_keys.rotate(ledger, "access", waiting)
    assert signing_keys.withdraw(ledger, waiting.kid, unused) == old.kid
    assert signing_keys.shifts(ledger) == [before]


def test_a_key_that_signs_no_more_is_only_struck_from_the_list(ledger: Connection) -> None:
    old, new, unused, other = fresh(), fresh(), fresh(), fresh()
    for key in (old, new):
        signing_keys.rotate(ledger, "access", key)
    signing_keys.rotate(ledger, "grant", other)
    advance(ledger, signing_keys.NOTICE)
    assert signing_keys.withdraw(ledger, old.kid, unused) == new.kid
    assert listed(ledger) == {new.kid, other.kid}
    assert signing_keys.withdraw(ledger, old.kid, unused) is None
