"""A draw comes with its sequence, or is copied from another."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.decision import Refused
from domain.draw import rules
from domain.draw.config import DrawConfig
from tests.domain.draw.draws import DRAW, NOON, SECRET, at, make_config, make_sequence_of_draw, moment, the_draw
from tests.domain.queue.queues import KEY


def nested(**settings: object) -> object:
    """A draw is asked for under its sequence, named as on the wire."""
    told = {"name": "Raffle", "drawAt": "2026-12-24T12:00:00Z", "winnerCount": 2} | settings
    return rules.create_nested(make_sequence_of_draw(), SECRET, DRAW, told, KEY, at(1))


def test_a_draw_is_made_together_with_its_sequence() -> None:
    draw = the_draw(nested())  # type: ignore[arg-type] # a decision
    assert (draw.id, draw.config.winner_count, draw.server_seed) == (DRAW, 2, SECRET)


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"winnerCount": 0}, "/winnerCount"), ({"winner_count": 3}, "/winner_count"), ({"drawAt": "soon"}, "/drawAt")],
)
def test_settings_that_may_not_be_refuse_it(settings: dict[str, object], field: str) -> None:
    outcome = nested(**settings).outcome  # type: ignore[attr-defined] # a decision
    assert isinstance(outcome, Refused)
    assert outcome.field == field


def test_a_copy_has_every_date_moved_and_replaces_nothing() -> None:
    config = make_config(open_at=1, close_at=2, claim_close_at=2000, replaces_draw_id=DRAW)
    copy = DrawConfig.model_validate(rules.copied(config, 60), by_alias=True, by_name=False)
    assert (copy.open_at, copy.close_at, copy.draw_at, copy.claim_close_at) == (
        moment(61), moment(62), moment(1060), moment(2060),
    )  # fmt: skip
    assert (copy.replaces_draw_id, copy.winner_count) == (None, config.winner_count)


def test_dates_that_are_not_set_stay_so() -> None:
    assert rules.copied(make_config(), 60)["closeAt"] is None


def test_nothing_is_moved_beyond_the_end_of_time() -> None:
    config = make_config(draw_at=datetime(9999, 12, 31, tzinfo=UTC))
    with pytest.raises(OverflowError):
        rules.copied(config, int(timedelta(days=2).total_seconds()))
    assert NOON.year == 2026
