"""What may be set of a draw."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.draw.config import DrawConfig, NewDraw
from tests.domain.draw.draws import SEQUENCE, make_config, moment


def wrong(**settings: Any) -> tuple[str, str]:
    """What is wrong with settings: the kind of fault, and the words."""
    with pytest.raises(ValidationError) as caught:
        make_config(**settings)
    (fault,) = caught.value.errors()
    return fault["type"], fault["msg"]


def test_a_draw_of_which_little_is_said_has_the_defaults_of_the_reference() -> None:
    config = make_config()
    assert (config.close_at, config.closes_at) == (None, config.draw_at)
    assert (config.capacity, config.alternate_count, config.claim_close_at) == (None, None, None)
    assert config.continue_selecting_until_completed
    assert config.admission_expiration_seconds == 172_800
    assert (config.on_expiry, config.requeue_limit, config.completion_grace_seconds) == ("deny", 1, 300)
    assert DrawConfig(name="Raffle", draw_at=moment(), winner_count=1).tickets_by == "organization"
    assert config.entries_by == "entrant"
    assert (config.max_tickets_per_entry, config.max_people_per_entry, config.max_quantity_per_consumer) == (1, 1, 1)
    assert config.supports_guest


def test_claims_end_thirty_days_after_the_draw_unless_it_is_said_when() -> None:
    assert make_config(draw_at=0).claims_end_at == moment() + timedelta(days=30)
    assert make_config(draw_at=0, claim_close_at=60).claims_end_at == moment(60)
    at_the_end_of_time = datetime(9999, 12, 20, tzinfo=UTC)
    assert make_config(draw_at=at_the_end_of_time).claims_end_at.year == 9999


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"open_at": 10, "close_at": 10}, "closeAt", id="closes as it opens"),
        pytest.param({"open_at": 10, "close_at": 9}, "closeAt", id="closes before it opens"),
        pytest.param({"open_at": 1000, "draw_at": 1000}, "closeAt", id="opens as it is drawn"),
        pytest.param({"close_at": 1001, "draw_at": 1000}, "drawAt", id="drawn before it closes"),
        pytest.param({"draw_at": 1000, "claim_close_at": 1000}, "claimCloseAt", id="claims end as they begin"),
        pytest.param({"draw_at": 1000, "claim_close_at": 10}, "claimCloseAt", id="claims end before they begin"),
    ],
)
def test_dates_come_in_their_order(settings: dict[str, float], said: str) -> None:
    kind, words = wrong(**settings)
    assert (kind, words.split()[0]) == ("invalid_window", said)


def test_a_draw_may_be_drawn_as_it_closes() -> None:
    assert make_config(open_at=10, close_at=1000, draw_at=1000).closes_at == moment(1000)


def test_there_are_no_more_winners_than_entries_are_taken() -> None:
    assert wrong(winner_count=3, capacity=2) == ("out_of_range", "winnerCount must not be above capacity.")
    assert make_config(winner_count=2, capacity=2).capacity == 2


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("winner_count", 1, 1_000_000),
        ("capacity", 1, 100_000_000),
        ("alternate_count", 0, 1_000_000),
        ("max_tickets_per_entry", 1, 1_000),
        ("max_people_per_entry", 1, 100),
        ("admission_expiration_seconds", 1, 2_592_000),
        ("completion_grace_seconds", 0, 3600),
        ("requeue_limit", 1, 10),
        ("max_validations", 1, 10_000),
        ("max_quantity_per_consumer", 1, 1000),
    ],
)
def test_numbers_are_within_their_bounds(name: str, least: int, most: int) -> None:
    for fine in (least, most):
        assert getattr(make_config(**{name: fine}), name) == fine
    assert wrong(**{name: least - 1})[0] == "greater_than_equal"
    assert wrong(**{name: most + 1})[0] == "less_than_equal"
    for bent in (1.5, "1", True):
        assert wrong(**{name: bent})[0] in {"int_type", "int_from_float"}


@pytest.mark.parametrize("name", ["draw_at", "winner_count", "name"])
def test_what_a_draw_cannot_do_without_has_to_be_said(name: str) -> None:
    said = {"name": "Raffle", "draw_at": moment(1), "winner_count": 1}
    del said[name]
    with pytest.raises(ValidationError, match="Field required"):
        DrawConfig.model_validate(said)


def test_what_is_not_available_yet_is_refused() -> None:
    assert wrong(reserve_inventory=True)[0] == "not_available"
    assert wrong(loyalty_bias_enabled=True)[0] == "not_available"


def test_what_is_no_setting_is_refused() -> None:
    assert wrong(admit_rate=60)[0] == "extra_forbidden"
    assert wrong(on_expiry="forgive")[0] == "literal_error"


def test_settings_are_named_in_camel_case_and_come_back_as_they_were() -> None:
    config = make_config(
        open_at=1, close_at=2, winner_count=4, capacity=8, alternate_count=0, claim_close_at=2000, on_expiry="requeue",
        continue_selecting_until_completed=False, max_tickets_per_entry=7, max_people_per_entry=3, metadata={"a": "b"},
    )  # fmt: skip
    told = config.model_dump(mode="json", by_alias=True)
    assert told["continueSelectingUntilCompleted"] is False
    assert DrawConfig.stored(told) == config


def test_a_new_draw_names_its_sequence_as_text() -> None:
    told = make_config().model_dump(mode="json", by_alias=True)
    assert NewDraw.model_validate({**told, "sequenceId": str(SEQUENCE)}).sequence_id == SEQUENCE
    with pytest.raises(ValidationError, match="sequenceId"):
        NewDraw.model_validate(told)
