"""Organizations: their slugs, their settings, their two tenants."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.command import SYSTEM_ACTOR, Envelope
from domain.decision import Decision, Refused, Reply
from domain.organizations.commands import CreateOrganization, FirstKey, Imprint, UpdateOrganization
from domain.organizations.config import OrganizationConfig
from domain.organizations.rules import create, slug_asked_for, slug_refused, update
from domain.organizations.state import ApiKey, KeyKind, Mode, Organization
from domain.settings import changed
from domain.times import Times
from store.wire import arrays, decode, encode

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = Times(NOON, NOON)
OWN, LIVE, TEST, OTHER = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=9)
REQUIRED = {"name": "Harbour Hall", "slug": "harbour", "currencyCode": "EUR"}


def make_config(**changes: Any) -> OrganizationConfig:
    """Settings by their names on the wire."""
    return OrganizationConfig.model_validate(REQUIRED | changes)


def make_organization(**settings: Any) -> Organization:
    """An organization at version 1."""
    return Organization(OWN, LIVE, TEST, make_config(**settings), NOON, NOON, "system:0", "system:0")


def founding(*keys: FirstKey, **settings: Any) -> CreateOrganization:
    """Somebody founds an organization."""
    return CreateOrganization(live_tenant_id=LIVE, test_tenant_id=TEST, config=make_config(**settings), keys=keys)


def changing(
    organization: Organization | None = None, *, holder: UUID | None = None, paid: bool = False, **how: Any
) -> Decision:
    """The decision about a change of settings; `paid` says that orders with money were recorded."""
    present = organization or make_organization()
    return update(present, holder, LIVE, UpdateOrganization(**how), SYSTEM_ACTOR, AT, paid=paid)


def first_key(mode: Mode = Mode.LIVE, kind: KeyKind = KeyKind.SECRET) -> FirstKey:
    """A key that an organization begins with."""
    word = "sk" if kind is KeyKind.SECRET else "pk"
    mark = Imprint(hash="0" * 64, prefix=f"dr_{word}_{mode.value}_", last4="abcd")
    return FirstKey(name="First", kind=kind, mode=mode, imprint=mark)


def code_of(outcome: object) -> str:
    """The code of a refusal."""
    assert isinstance(outcome, Refused)
    return outcome.code


@pytest.mark.parametrize(
    ("slug", "holder", "code"),
    [
        ("harbour", None, None),
        ("harbour", OWN, None),
        ("harbour", OTHER, "SLUG_TAKEN"),
        ("h2o-house", None, None),
        ("ab", None, "SLUG_INVALID"),
        ("a" * 50, None, None),
        ("a" * 51, None, "SLUG_INVALID"),
        ("Harbour", None, "SLUG_INVALID"),
        ("harbour-", None, "SLUG_INVALID"),
        ("har--bour", None, "SLUG_INVALID"),
        ("hafen-ü", None, "SLUG_INVALID"),
        ("01900000-0000-7000-8000-000000000000", None, "SLUG_INVALID"),
        ("admin", None, "SLUG_RESERVED"),
        ("cdn", OTHER, "SLUG_RESERVED"),
    ],
)
def test_a_slug_is_well_formed_free_and_not_reserved(slug: str, holder: UUID | None, code: str | None) -> None:
    refused = slug_refused(slug, holder, OWN)
    assert (refused and refused.code) == code


def test_a_founding_makes_the_organization_and_its_keys() -> None:
    keys = [first_key(mode, kind) for mode in Mode for kind in KeyKind]
    decision = create(None, None, OWN, founding(*keys), SYSTEM_ACTOR, AT)
    organization, *made = decision.saves
    assert isinstance(organization, Organization)
    assert {key.tenant_id for key in made if isinstance(key, ApiKey)} == {LIVE, TEST}
    assert len({key.id for key in made if isinstance(key, ApiKey)}) == 4
    assert decision == create(None, None, OWN, founding(*keys), SYSTEM_ACTOR, AT)


def test_an_organization_begins_with_two_secret_keys_a_mode_at_most() -> None:
    keys = [first_key(Mode.LIVE), first_key(Mode.LIVE), first_key(Mode.TEST)]
    assert create(None, None, OWN, founding(*keys), SYSTEM_ACTOR, AT).saves
    many = create(None, None, OWN, founding(*keys, first_key(Mode.LIVE)), SYSTEM_ACTOR, AT)
    assert code_of(many.outcome) == "CONFLICT"


def test_a_tenant_belongs_to_one_organization() -> None:
    decision = create(make_organization(), None, OTHER, founding(), SYSTEM_ACTOR, AT)
    assert (code_of(decision.outcome), decision.saves) == ("CONFLICT", ())


def test_a_change_names_its_fields_and_raises_the_version() -> None:
    decision = changing(changes={"name": "River Hall", "timeZone": "Europe/Vienna"})
    (after,) = decision.saves
    assert isinstance(after, Organization)
    assert (after.version, after.config.name, after.config.slug) == (2, "River Hall", "harbour")
    assert decision.events[0].facts()["fields"] == ("name", "timeZone")


def test_the_currency_stays_once_money_was_recorded() -> None:
    change = {"changes": {"currencyCode": "USD"}}
    assert code_of(changing(paid=True, **change).outcome) == "FIELD_FROZEN"
    assert len(changing(**change).saves) == 1
    assert len(changing(paid=True, changes={"currencyCode": "EUR", "name": "Pier Hall"}).saves) == 1


def test_what_may_not_be_asked_for_any_more_stands_in_the_way_of_nothing_else() -> None:
    old = OrganizationConfig.stored(REQUIRED | {"currencyCode": "HRK", "allowedOrigins": ["https://*.com"]})
    present = replace(make_organization(), config=old)
    (after,) = changing(present, paid=True, changes={"name": "Pier Hall"}).saves
    assert isinstance(after, Organization)
    assert (after.config.name, after.config.currency_code) == ("Pier Hall", "HRK")
    for asked in ({"currencyCode": "ZZZ"}, {"allowedOrigins": ["https://*.com"]}, {"name": ""}):
        assert code_of(changing(present, changes=asked).outcome) == "VALIDATION_ERROR"


def test_a_change_that_changes_nothing_leaves_the_version() -> None:
    decision = changing(changes={"name": "Harbour Hall"}, if_version=1)
    assert decision.saves == ()
    assert isinstance(decision.outcome, Reply)


def test_null_returns_a_setting_to_its_default() -> None:
    (after,) = changing(make_organization(languageCode="de"), changes={"languageCode": None}).saves
    assert isinstance(after, Organization)
    assert after.config.language_code == "en"


def test_members_of_objects_are_merged_one_by_one() -> None:
    present = make_organization(theme={"primary": "#111111", "text": {"a": 1, "b": 2}})
    (after,) = changing(present, changes={"theme": {"primary": None, "text": {"b": 3}}}).saves
    assert isinstance(after, Organization)
    assert after.config.theme == {"text": {"a": 1, "b": 3}}


def test_replacing_returns_what_is_left_out_to_its_default() -> None:
    (after,) = changing(make_organization(allowGuests=False), changes=REQUIRED, replace=True).saves
    assert isinstance(after, Organization)
    assert changed(after.config, make_config()) == ()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"changes": {}, "if_version": 2}, "VERSION_CONFLICT"),
        ({"changes": {"slug": "ocean"}, "holder": OTHER}, "SLUG_TAKEN"),
        ({"changes": {"slug": "www"}}, "SLUG_RESERVED"),
        ({"changes": {"slug": "no spaces"}}, "SLUG_INVALID"),
        ({"changes": {"slug": 7}}, "VALIDATION_ERROR"),
        ({"changes": {"name": None}}, "VALIDATION_ERROR"),
        ({"changes": {"time_zone": "UTC"}}, "VALIDATION_ERROR"),
        ({"changes": {"strange": None}}, "VALIDATION_ERROR"),
        ({"changes": {"name": "Alone"}, "replace": True}, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_changed_so_is_refused_and_changes_nothing(how: dict[str, Any], code: str) -> None:
    decision = changing(**how)
    assert (code_of(decision.outcome), decision.saves) == (code, ())


def test_the_slug_that_is_asked_for_is_the_present_one_unless_another_is_given() -> None:
    present = make_organization()
    asked = [slug_asked_for(present, UpdateOrganization(changes=one)) for one in ({}, {"slug": "ocean"}, {"slug": 5})]
    assert asked == ["harbour", "ocean", ""]


@pytest.mark.parametrize(
    "settings",
    [
        {"requireFingerprint": True},
        {"protectionLevel": "ENHANCED"},
        {"botCheckProvider": "turnstile"},
        {"randomness": {"source": "beacon"}},
        {"consumerRetentionDays": 30},
        {"accessTokenSeconds": 299},
        {"refreshTokenSeconds": 7_776_001},
        {"accessTokenSeconds": "3600"},
        {"currencyCode": "eur"},
        {"countryCode": "AUT"},
        {"logoUrl": "http://plain.example/logo.png"},
        {"logoUrl": 'https://evil.example/"><script>'},
        {"allowedOrigins": ["https://shop.example/path"]},
        {"allowedOrigins": ["https://shop.example"] * 51},
        {"allowedOrigins": ["https://*.com"]},
        {"allowedOrigins": ["http://*.localhost:3000"]},
        {"frameAncestors": ["https://*.example"]},
        {"frameAncestors": ["https://a.example; script-src *"]},
        {"trustedNetworks": ["10.0.0.1/8"]},
        {"rateLimits": {"unheard-of": {}}},
        {"rateLimits": {"entry": {"key": {"limit": 0, "windowSeconds": 1}}}},
        {"theme": {"text": "x" * 20_000}},
        {"timeZone": "Mars/Olympus"},
    ],
)
def test_settings_out_of_range_or_not_available_yet_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_config(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"botCheckProvider": "none"},
        {"allowedOrigins": ["https://shop.example", "http://localhost:3000"]},
        {"frameAncestors": ["https://*.hall.example"]},
        {"trustedNetworks": ["192.0.2.0/24", "2001:db8::/32"]},
        {"rateLimits": {"entry": {"address": None, "key": {"limit": 10, "windowSeconds": 1, "burst": 20}}}},
        {"notifications": {"email": {"fromName": "Hall", "fromEmail": "hall@example.org"}}},
    ],
)
def test_settings_of_every_sort_survive_the_wire(settings: dict[str, Any]) -> None:
    config = make_config(**settings)
    assert OrganizationConfig.model_validate(config.model_dump(mode="json", by_alias=True)) == config
    assert OrganizationConfig.model_validate(config.model_dump(mode="json", exclude_defaults=True)) == config


TEN = {"limit": 10, "windowSeconds": 1, "burst": None}


@pytest.mark.parametrize(
    ("patch", "kept"),
    [
        ({"entry": {"consumer": None}}, {"entry": {"key": TEN, "consumer": None}}),
        ({"entry": {"key": None}}, {"entry": {"key": None}}),
        ({"entry": {"key": {"burst": 20}}}, {"entry": {"key": TEN | {"burst": 20}}}),
        ({"entry": None}, {}),
        ({"status": {"address": None}}, {"entry": {"key": TEN}, "status": {"address": None}}),
        (None, {}),
    ],
)
def test_a_change_can_switch_one_limit_off_and_put_a_class_back(patch: Any, kept: Any) -> None:
    before = make_organization(rateLimits={"entry": {"key": TEN}})
    decision = changing(before, changes={"rateLimits": patch})
    (after,) = decision.saves
    assert isinstance(after, Organization)
    assert after.config.model_dump(mode="json", by_alias=True)["rateLimits"] == kept


def test_another_limit_that_is_off_is_another_setting() -> None:
    before = make_organization(rateLimits={"entry": {"consumer": None}})
    decision = changing(before, changes={"rateLimits": {"entry": {"address": None}}}, replace=False)
    (after,) = decision.saves
    assert isinstance(after, Organization)
    assert after.config.rate_limits["entry"].model_fields_set == {"consumer", "address"}
    whole = changing(before, changes=REQUIRED | {"rateLimits": {"entry": {"address": None}}}, replace=True)
    assert whole.saves


def test_a_limit_that_is_off_from_the_start_stays_off_on_its_way_through_the_log() -> None:
    limits = {"entry": {"consumer": None}, "bid": {}, "status": {"key": TEN}}
    sent = Envelope(OWN, LIVE, SYSTEM_ACTOR, OTHER, founding(rateLimits=limits))
    (array,) = arrays(encode([sent]))
    came = decode(array)
    assert isinstance(came, Envelope)
    assert isinstance(came.body, CreateOrganization)
    assert came.body.config.model_dump(mode="json", by_alias=True)["rateLimits"] == limits


def test_looks_hold_no_text_that_cannot_be_kept() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        make_config(theme={"fonts": ["Serif", "a\x00"]})
    with pytest.raises(ValidationError, match="NUL"):
        make_config(theme={"a\x00": 1})
