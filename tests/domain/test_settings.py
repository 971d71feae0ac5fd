"""Settings as they are asked for, and as they were stored."""

import pytest
from pydantic import ValidationError

from domain.organizations.config import OrganizationConfig

ASKED = {"name": "Harbour Hall", "slug": "harbour", "currencyCode": "EUR"}
DEEP = {"rateLimits": {"entry": {"consumer": {"limit": 5, "windowSeconds": 60, "brandNew": 1}}}}


def test_what_is_asked_for_must_be_known_and_what_was_stored_need_not_be() -> None:
    known = OrganizationConfig.model_validate(ASKED)
    assert OrganizationConfig.stored(ASKED | {"brandNew": 1}) == known
    with pytest.raises(ValidationError):
        OrganizationConfig.model_validate(ASKED | {"brandNew": 1})


def test_unknown_members_of_stored_settings_are_passed_over_at_every_depth() -> None:
    with pytest.raises(ValidationError):
        OrganizationConfig.model_validate(ASKED | DEEP)
    limits = OrganizationConfig.stored(ASKED | DEEP).rate_limits["entry"]
    assert "brandNew" not in limits.model_dump_json()


def test_a_currency_that_was_withdrawn_stays_readable_and_is_not_asked_for_any_more() -> None:
    assert OrganizationConfig.stored(ASKED | {"currencyCode": "HRK"}).currency_code == "HRK"
    with pytest.raises(ValidationError):
        OrganizationConfig.model_validate(ASKED | {"currencyCode": "HRK"})


def test_a_wildcard_above_a_whole_ending_stays_readable() -> None:
    kept = ASKED | {"allowedOrigins": ["https://*.com"]}
    assert OrganizationConfig.stored(kept).allowed_origins == ["https://*.com"]


def test_what_was_stored_is_judged_like_what_is_asked_for() -> None:
    with pytest.raises(ValidationError):
        OrganizationConfig.stored(ASKED | {"currencyCode": 5})
