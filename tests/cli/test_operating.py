"""Organizations and keys as an operator types them, decided by the workers of a running installation."""

import re

import pytest

from cli.installation import Installation
from cli.registering import hash_of
from store.reads import installation as reads
from tests.cli.conftest import Typed


def key_in(text: str, kind: str) -> str:
    """The first key of a kind ("sk_test" ...) in a text."""
    found = re.search(rf"dr_{kind}_[0-9A-Za-z]{{32,43}}\b", text)
    assert found, text
    return found.group()


def works(system: Installation, key: str) -> bool:
    """Whether the store knows a key."""
    with system.reach().store() as connection:
        return reads.key_is_known(connection, hash_of(key))


def test_an_organization_is_made_with_keys_that_are_shown_once(system: Installation, typed: Typed) -> None:
    shown = typed("organizations", "create", "Théâtre du Port", "--currency", "CHF")
    keys = [key_in(shown, kind) for kind in ("pk_live", "sk_live", "pk_test", "sk_test")]
    assert all(works(system, key) for key in keys)
    assert "theatre-du-port" in typed("organizations", "list")
    later = typed("organizations", "show", "theatre-du-port")
    assert not any(key in later for key in keys)
    assert all(f"{key[:11]}…{key[-4:]}" in later for key in keys)


def test_a_slug_that_is_taken_is_refused_in_words(typed: Typed) -> None:
    typed("organizations", "create", "Quay", "--slug", "quay-house")
    assert "SLUG_TAKEN" in typed("organizations", "create", "Quay", "--slug", "quay-house", status=2)
    assert "currency_code" in typed("organizations", "create", "Quay", "--currency", "euros", status=2)
    assert "There is no organization nowhere" in typed("organizations", "show", "nowhere", status=2)


def test_an_organization_is_put_to_sleep_and_woken(typed: Typed) -> None:
    typed("organizations", "create", "Wharf", "--slug", "wharf-two")
    for word, status in (("deactivate", "INACTIVE"), ("deactivate", "INACTIVE"), ("activate", "ACTIVE")):
        assert f"Wharf is {status} now." in typed("organizations", word, "wharf-two")
        assert f"(wharf-two), {status}, since" in typed("organizations", "show", "wharf-two")
    assert "There is no organization nowhere" in typed("organizations", "activate", "nowhere", status=2)


def test_a_key_is_made_replaced_and_ended(system: Installation, typed: Typed) -> None:
    typed("organizations", "create", "Pier", "--slug", "pier-nine")
    made = key_in(typed("keys", "create", "pier-nine", "--mode", "live", "--kind", "publishable"), "pk_live")
    assert works(system, made)
    line = next(line for line in typed("keys", "list", "pier-nine").splitlines() if made[-4:] in line)
    key_id = line.split()[-1]
    successor = key_in(typed("keys", "rotate", "pier-nine", key_id, "--overlap", "60"), "pk_live")
    assert works(system, successor)
    assert "is revoked" in typed("keys", "revoke", "pier-nine", key_id)
    assert not works(system, made)
    assert "has no key" in typed("keys", "revoke", "pier-nine", "42", status=2)


def test_a_third_secret_key_is_refused_in_words(typed: Typed) -> None:
    typed("organizations", "create", "Jetty", "--slug", "jetty-one")
    typed("keys", "create", "jetty-one")
    assert "KEY_LIMIT_REACHED" in typed("keys", "create", "jetty-one", status=2)


@pytest.mark.parametrize("purpose", ["access", "grant"])
def test_the_next_signing_key_is_listed_before_it_signs(typed: Typed, purpose: str) -> None:
    (before,) = [line for line in typed("signing-keys", "list").splitlines() if line.startswith(purpose)]
    told = typed("signing-keys", "rotate", "--purpose", purpose)
    assert told == typed("signing-keys", "rotate", "--purpose", purpose)
    after = [line for line in typed("signing-keys", "list").splitlines() if line.startswith(purpose)]
    assert len(after) == 2
    assert before.split()[-1] == after[0].split()[-1]
    assert "no signing keys for tea" in typed("signing-keys", "rotate", "--purpose", "tea", status=2)


def test_a_signing_key_is_withdrawn_in_words(typed: Typed) -> None:
    kids = {line.split()[-1] for line in typed("signing-keys", "list").splitlines() if line.startswith("grant")}
    told = typed("signing-keys", "withdraw", (kid := min(kids)))
    assert f"{kid} is withdrawn" in told
    assert kid not in typed("signing-keys", "list")
    assert f"There is no signing key {kid}" in typed("signing-keys", "withdraw", kid, status=2)
