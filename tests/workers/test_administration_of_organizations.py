"""Organizations and keys on a real store: two tenants each, one content, slugs that nobody shares."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.command import Actor
from domain.organizations.commands import CreateKey, FirstKey, RevokeKey, RotateKey, UpdateOrganization
from domain.organizations.state import KeyKind, Mode
from store.roles import GATEWAY
from tests.support.desk import Desk, Founded, founding, fresh_key, imprint
from tests.support.works import Works


@pytest.fixture
def desk(works: Works) -> Desk:
    """A desk at works of its own."""
    return Desk(works)


@pytest.fixture
def resolved(works: Works) -> Callable[[str], tuple[Any, ...] | None]:
    """What the gateway finds for the hash of a key: mode, kind, scopes and status."""

    def resolve(key_hash: str) -> tuple[Any, ...] | None:
        with psycopg.connect(works.database.url(GATEWAY)) as connection:
            return connection.execute("SELECT mode, kind, scopes, status FROM resolve_key(%s)", (key_hash,)).fetchone()

    return resolve


def test_an_organization_is_two_tenants_with_the_same_settings(desk: Desk) -> None:
    made = desk.found(allow_guests=False)
    rows = desk.works.rows(
        "SELECT tenant_id, twin_tenant_id, id, mode, settings, version FROM organization ORDER BY mode"
    )
    assert [(row.tenant_id, row.twin_tenant_id, row.id, row.mode) for row in rows] == [
        (made.live, made.test, made.id, "live"),
        (made.test, made.live, made.id, "test"),
    ]
    assert rows[0].settings == rows[1].settings
    assert rows[0].settings["allowGuests"] is False


def test_a_founding_sent_twice_founds_once(desk: Desk) -> None:
    made = Founded(uuid4(), uuid4(), uuid4())
    first = desk.ask(made.live, founding(made, "harbour"), command_id=made.id)
    again = desk.ask(made.live, founding(made, "harbour"), command_id=made.id)
    assert first == again
    assert desk.works.value("SELECT count(*) FROM organization") == 2


def test_a_slug_belongs_to_one_organization_even_within_one_batch(desk: Desk) -> None:
    made, late = Founded(uuid4(), uuid4(), uuid4()), Founded(uuid4(), uuid4(), uuid4())
    (first,) = desk.send(made.live, founding(made, "harbour"))
    (second,) = desk.send(late.live, founding(late, "harbour"))
    desk.works.settle()
    assert "refused" not in desk.outcomes(made.live, first)[0]
    assert desk.outcomes(late.live, second)[0]["refused"]["code"] == "SLUG_TAKEN"
    assert desk.works.value("SELECT count(*) FROM dead_command") == 0


def test_a_slug_given_up_in_a_batch_is_free_in_the_next(desk: Desk) -> None:
    old, new = desk.found("harbour"), desk.found("river")
    (first,) = desk.send(old.live, UpdateOrganization(changes={"slug": "ocean"}))
    (second,) = desk.send(new.live, UpdateOrganization(changes={"slug": "harbour"}))
    desk.works.settle()
    assert "refused" not in desk.outcomes(old.live, first)[0]
    assert desk.outcomes(new.live, second)[0]["refused"]["code"] == "SLUG_TAKEN"
    assert desk.told(new.live, UpdateOrganization(changes={"slug": "harbour"}))["slug"] == "harbour"


def test_both_modes_change_together_whichever_key_asks(desk: Desk) -> None:
    made = desk.found()
    live = UpdateOrganization(changes={"name": "River Hall"})
    testing = UpdateOrganization(changes={"accessTokenSeconds": 600})
    ids = [*desk.send(made.live, live), *desk.send(made.test, testing)]
    desk.works.settle()
    rows = desk.works.rows("SELECT name, settings->>'accessTokenSeconds' AS seconds, version FROM organization")
    assert [tuple(row) for row in rows] == [("River Hall", "600", 3)] * 2
    told = desk.outcomes(made.test, ids[1])[0]["body"]
    assert (told["mode"], told["name"], told["version"]) == ("test", "River Hall", 3)


def test_a_change_of_another_version_changes_nothing(desk: Desk) -> None:
    made = desk.found()
    changed = UpdateOrganization(changes={"name": "River Hall"}, if_version=2)
    assert desk.refusal(made.live, changed) == "VERSION_CONFLICT"
    assert desk.works.value("SELECT DISTINCT name FROM organization") == "Harbour Hall"


def test_only_the_operator_puts_an_organization_to_sleep(desk: Desk) -> None:
    made, asleep = desk.found(), UpdateOrganization(changes={"status": "INACTIVE"})
    by_key, by_operator = Actor("secret", uuid4()), Actor("operator", UUID(int=0))
    assert desk.refusal(made.live, asleep, actor=by_key) == "VALIDATION_ERROR"
    assert desk.told(made.live, asleep, actor=by_operator)["status"] == "INACTIVE"
    named = UpdateOrganization(changes={"name": "River Hall"})
    assert desk.told(made.live, named, actor=by_key)["status"] == "INACTIVE"


def test_first_keys_open_their_own_mode(desk: Desk, resolved: Callable[[str], tuple[Any, ...] | None]) -> None:
    keys = [(kind, mode, fresh_key(kind, mode)) for kind in KeyKind for mode in Mode]
    firsts = [FirstKey(name="First", kind=kind, mode=mode, imprint=imprint(key)) for kind, mode, key in keys]
    desk.found("harbour", *firsts)
    for kind, mode, key in keys:
        found = resolved(key.hash)
        assert found is not None
        assert (found[0], found[1], found[3]) == (mode.value, kind.value, "ACTIVE")
        assert bool(found[2]) is (kind is KeyKind.SECRET)


def test_a_third_secret_key_is_refused_until_one_is_revoked(desk: Desk) -> None:
    made = desk.found()
    keys = [desk.ask(made.live, creating(made.live)) for _ in range(3)]
    assert keys[2]["refused"]["code"] == "KEY_LIMIT_REACHED"
    first = UUID(keys[0]["body"]["id"])
    assert desk.told(made.live, RevokeKey(tenant_id=made.live, key_id=first))["status"] == "REVOKED"
    assert "refused" not in desk.ask(made.live, creating(made.live))
    assert "refused" not in desk.ask(made.test, creating(made.test, Mode.TEST))


def test_a_rotated_key_works_beside_its_successor_until_its_end(
    desk: Desk, resolved: Callable[[str], tuple[Any, ...] | None]
) -> None:
    made, old, new = desk.found(), fresh_key(), fresh_key()
    key_id = UUID(desk.told(made.live, creating(made.live, key=imprint(old)))["id"])
    rotation = RotateKey(tenant_id=made.live, key_id=key_id, imprint=imprint(new), overlap_seconds=60)
    told = desk.told(made.live, rotation)
    assert (told["status"], told["last4"], told["predecessor"]["status"]) == ("ACTIVE", new.last4, "RETIRING")
    assert [found and found[3] for found in (resolved(old.hash), resolved(new.hash))] == ["RETIRING", "ACTIVE"]
    assert desk.refusal(made.live, creating(made.live)) == "KEY_LIMIT_REACHED"
    desk.works.database.advance("61 seconds")
    assert "refused" not in desk.ask(made.live, creating(made.live))


def test_a_key_cannot_make_one_that_may_more_than_itself(desk: Desk) -> None:
    made = desk.found()
    weak = desk.told(made.live, creating(made.live, scopes=("read", "keys")))
    by = Actor("key", UUID(weak["id"]))
    assert desk.refusal(made.live, creating(made.live), actor=by) == "INSUFFICIENT_SCOPE"
    assert desk.told(made.live, creating(made.live, scopes=("read",)), actor=by)["scopes"] == ["read"]


def test_a_command_that_names_another_tenant_is_a_bug_and_changes_nothing(desk: Desk) -> None:
    made, other = desk.found("harbour"), desk.found("river")
    assert desk.refusal(made.live, creating(other.live)) == "INTERNAL_ERROR"
    assert desk.works.value("SELECT count(*) FROM api_key") == 0


def creating(tenant_id: UUID, mode: Mode = Mode.LIVE, **changes: Any) -> CreateKey:
    """Somebody makes a secret key."""
    wanted = {
        "name": "Shop",
        "kind": KeyKind.SECRET,
        "imprint": changes.pop("key", None) or imprint(fresh_key(mode=mode)),
    }
    return CreateKey(tenant_id=tenant_id, mode=mode, **wanted | changes)
