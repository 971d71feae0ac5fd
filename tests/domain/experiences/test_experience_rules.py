"""Experiences: slugs from names, windows, publishing, and what is refused until it exists."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.command import SYSTEM_ACTOR
from domain.decision import Decision, Refused, Reply
from domain.experiences.commands import ArchiveExperience, CreateExperience, UpdateExperience
from domain.experiences.config import ExperienceConfig, NewSequence, SequenceConfig
from domain.experiences.rules import archive, create, publish, slug_asked_for, unpublish, update
from domain.experiences.state import Defaults, Distribution, Experience, Launch, Sequence
from domain.experiences.view import lifecycle
from domain.slugs import free_slug, slug_of, well_formed
from domain.tenant import TenantFacts
from domain.times import Times

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = Times(NOON, NOON)
TENANT = TenantFacts(UUID(int=1), UUID(int=2), "live", "harbour", True, 3600, 2_592_000)  # noqa: FBT003
OWN, PATH = UUID(int=0xABCDEF12), UUID(int=5)
DEFAULTS = Defaults("Europe/Vienna", "EUR")
HOUR = timedelta(hours=1)


def make_path(**changes: Any) -> Sequence:
    """A sequence without gates."""
    config = SequenceConfig(name="Everybody")
    facts = {"tenant_id": TENANT.tenant_id, "id": PATH, "experience_id": OWN, "config": config} | _made()
    return Sequence(**facts | changes)


def make_launch(*distributions: Distribution, published: bool = False, paths: Any = None, **settings: Any) -> Launch:
    """An experience with a sequence and distributions."""
    config = ExperienceConfig.model_validate({"name": "Opening Night", "slug": "opening-night"} | settings)
    experience = Experience(
        tenant_id=TENANT.tenant_id, id=OWN, organization_id=TENANT.organization_id, config=config,
        published=published, **_made(),
    )  # fmt: skip
    return Launch(experience, (make_path(),) if paths is None else paths, distributions, DEFAULTS)


def make_distribution(stands: str = "open", *, live: bool = False, **window: datetime | None) -> Distribution:
    """A distribution in the sequence."""
    return Distribution(UUID(int=7), PATH, stands, live, window.get("open_at"), window.get("close_at"))


def creating(*taken: str, **settings: Any) -> Decision:
    """The decision about a new experience, where these slugs are in use."""
    config = ExperienceConfig.model_validate({"name": "Opening Night"} | settings)
    command = CreateExperience(tenant_id=TENANT.tenant_id, config=config)
    return create(TENANT, DEFAULTS, taken, OWN, command, SYSTEM_ACTOR, AT)


def changing(launch: Launch, *taken: str, paid: bool = False, **how: Any) -> Decision:
    """The decision about a change of settings; `paid` says that orders with money were recorded."""
    command = UpdateExperience(tenant_id=TENANT.tenant_id, experience_id=OWN, **how)
    return update(launch, taken, command, SYSTEM_ACTOR, AT, paid=paid)


def slug_made(decision: Decision) -> str | None:
    """The slug of the experience that a decision saves."""
    experience = decision.saves[0]
    assert isinstance(experience, Experience)
    return experience.config.slug


def code_of(decision: Decision) -> str:
    """The code of a refusal, which changes nothing."""
    assert isinstance(decision.outcome, Refused)
    assert decision.saves == ()
    return decision.outcome.code


def body_of(decision: Decision) -> dict[str, Any]:
    """What a reply tells."""
    assert isinstance(decision.outcome, Reply)
    return dict(decision.outcome.body)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Opening Night", "opening-night"),
        ("  Über-Drop №1! ", "uber-drop-no1"),
        ("A", "experience-abcdef12"),
        ("東京", "experience-abcdef12"),
        ("x" * 120, "x" * 80),
    ],
)
def test_a_slug_follows_from_the_name(name: str, slug: str) -> None:
    assert slug_made(creating(name=name)) == slug


def test_a_slug_that_nobody_chose_gets_a_number_when_it_is_taken() -> None:
    assert slug_made(creating("opening-night", "opening-night-2")) == "opening-night-3"


def test_a_slug_that_was_chosen_is_refused_when_it_is_taken_or_malformed() -> None:
    assert code_of(creating("night", slug="night")) == "SLUG_TAKEN"
    assert code_of(creating(slug="Night!")) == "SLUG_INVALID"
    assert code_of(creating(slug=str(UUID(int=5)))) == "SLUG_INVALID"


@given(st.text(min_size=1, max_size=120), st.sets(st.integers(2, 9)))
def test_every_name_leads_to_a_well_formed_free_slug(name: str, numbers: set[int]) -> None:
    slug = slug_of(name, 3, 80, "experience-1")
    taken = {slug} | {f"{slug[:68].rstrip('-')}-{number}" for number in numbers}
    free = free_slug(slug, 80, taken)
    assert free not in taken
    assert well_formed(free, 3, 80)


def test_an_experience_is_made_with_one_sequence_and_says_what_it_inherits() -> None:
    decision = creating()
    told = body_of(decision)
    assert [type(state) for state in decision.saves] == [Experience, Sequence]
    assert (told["timeZone"], told["currencyCode"], told["lifecycle"]) == ("Europe/Vienna", "EUR", "draft")
    assert decision == creating()


def test_what_is_left_out_of_a_replacement_returns_to_its_default_but_the_address_stays() -> None:
    launch = make_launch(description="Doors at eight", timeZone="UTC")
    told = body_of(changing(launch, "opening-night", changes={"name": "Closing Night"}, replace=True))
    assert (told["slug"], told["description"], told["timeZone"]) == ("opening-night", None, "Europe/Vienna")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"changes": {}, "if_version": 3}, "VERSION_CONFLICT"),
        ({"changes": {"slug": "taken"}}, "SLUG_TAKEN"),
        ({"changes": {"slug": "a b c"}}, "SLUG_INVALID"),
        ({"changes": {"openAt": "2026-11-21T10:00:00"}}, "VALIDATION_ERROR"),
        ({"changes": {"openAt": "2026-11-21T10:00:00Z", "closeAt": "2026-11-21T10:00:00Z"}}, "INVALID_WINDOW"),
        ({"changes": {"openAt": "2026-11-21T12:30:00Z"}}, "INVALID_WINDOW"),
        ({"changes": {"closeAt": "2026-11-21T12:30:00Z"}}, "INVALID_WINDOW"),
        ({"changes": {"published": True}}, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_changed_so_is_refused(how: dict[str, Any], code: str) -> None:
    launch = make_launch(make_distribution(open_at=NOON, close_at=NOON + HOUR))
    assert code_of(changing(launch, "taken", **how)) == code


def test_a_window_may_meet_that_of_its_distributions() -> None:
    launch = make_launch(make_distribution(open_at=NOON, close_at=NOON + HOUR))
    window = {"openAt": "2026-11-21T13:00:00+01:00", "closeAt": "2026-11-21T13:00:00Z"}
    assert body_of(changing(launch, changes=window))["openAt"] == "2026-11-21T12:00:00.000Z"


@pytest.mark.parametrize(
    ("own", "how"),
    [
        (None, {"changes": {"currencyCode": "USD"}}),
        ("USD", {"changes": {"currencyCode": "EUR"}}),
        ("USD", {"changes": {"currencyCode": None}}),
        ("USD", {"changes": {"name": "Closing Night"}, "replace": True}),
    ],
)
def test_what_money_is_in_stays_once_it_was_recorded(own: str | None, how: dict[str, Any]) -> None:
    launch = make_launch(currencyCode=own)
    refused = changing(launch, "opening-night", paid=True, **how)
    assert code_of(refused) == "FIELD_FROZEN"
    assert isinstance(refused.outcome, Refused)
    assert refused.outcome.field == "/currencyCode"
    assert body_of(changing(launch, "opening-night", **how))["version"] == 2


def test_naming_the_currency_that_is_inherited_changes_no_money() -> None:
    for own, wanted in ((None, "EUR"), ("EUR", None)):
        launch = make_launch(currencyCode=own)
        assert body_of(changing(launch, paid=True, changes={"currencyCode": wanted}))["currencyCode"] == "EUR"


def test_publishing_twice_is_publishing_once() -> None:
    assert len(publish(make_launch(), SYSTEM_ACTOR, AT).saves) == 1
    assert publish(make_launch(published=True), SYSTEM_ACTOR, AT).saves == ()
    assert unpublish(make_launch(), SYSTEM_ACTOR, AT).saves == ()


def test_an_experience_without_sequences_has_nothing_to_publish() -> None:
    assert code_of(publish(make_launch(paths=()), SYSTEM_ACTOR, AT)) == "NOTHING_TO_PUBLISH"


def test_an_experience_in_which_people_take_part_stays() -> None:
    launch = make_launch(make_distribution(live=True), make_distribution(), published=True)
    leaving = ArchiveExperience(tenant_id=TENANT.tenant_id, experience_id=OWN)
    assert code_of(unpublish(launch, SYSTEM_ACTOR, AT)) == "HAS_LIVE_PARTICIPANTS"
    assert code_of(archive(launch, leaving, SYSTEM_ACTOR, AT)) == "HAS_LIVE_PARTICIPANTS"


def test_an_archived_experience_is_hidden_and_takes_its_sequences_along() -> None:
    leaving = ArchiveExperience(tenant_id=TENANT.tenant_id, experience_id=OWN, if_version=1)
    experience, path = archive(make_launch(published=True), leaving, SYSTEM_ACTOR, AT).saves
    assert isinstance(experience, Experience)
    assert isinstance(path, Sequence)
    assert (experience.archived, experience.published, path.archived) == (True, False, True)


@pytest.mark.parametrize(
    ("published", "stands", "expected"),
    [
        (False, ["open"], "draft"),
        (True, ["closed", "scheduled", "open"], "open"),
        (True, ["settling", "scheduled"], "settling"),
        (True, ["closed", "scheduled"], "scheduled"),
        (True, ["closed"], "closed"),
        (True, [], "closed"),
    ],
)
def test_an_experience_stands_where_its_liveliest_distribution_does(
    published: bool,  # noqa: FBT001 (a row of the table)
    stands: list[str],
    expected: str,
) -> None:
    assert lifecycle(published, [make_distribution(one) for one in stands]) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"accessCode": "secret"},
        {"requireAuthentication": True},
        {"audienceIds": [str(OWN)]},
        {"botCheck": "on"},
        {"productSelectionMode": "SYSTEM_ASSIGNED"},
        {"products": [{"productId": str(OWN)}]},
        {"priority": 10_001},
        {"color": "red"},
    ],
)
def test_gates_that_do_not_exist_yet_and_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SequenceConfig.model_validate({"name": "Members"} | settings)


def test_new_objects_are_parted_into_their_settings_and_what_they_belong_to() -> None:
    path = NewSequence.model_validate({"name": "Members", "experienceId": str(OWN), "botCheck": "off"})
    assert (path.experience_id, path.config) == (OWN, SequenceConfig(name="Members", bot_check="off"))


def test_the_slug_that_is_asked_for_is_known_before_anything_is_decided() -> None:
    change = UpdateExperience(tenant_id=TENANT.tenant_id, experience_id=OWN, changes={"slug": "night"})
    assert slug_asked_for(change, OWN) == "night"
    assert slug_asked_for(ExperienceConfig(name="Night Out"), OWN) == "night-out"


def _made() -> dict[str, Any]:
    return {"created_at": NOON, "updated_at": NOON, "created_by": "system:0", "updated_by": "system:0"}
