"""Experiences as they are asked for, with everything under them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.experiences.commands import CreateExperience, Nested
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.kinds import NewExperience
from domain.problems import field_errors
from domain.queue.config import QueueConfig

TENANT = UUID(int=1)
ROW = {"type": "queue", "name": "Row", "admitRate": 60}


def asked(**members: Any) -> NewExperience:
    """An experience as it comes over the wire."""
    return NewExperience.model_validate({"name": "Night"} | members, by_alias=True, by_name=False)


def test_what_is_asked_for_is_one_command() -> None:
    paths = [{"name": "A"}, {"name": "B", "priority": 3, "distributions": [ROW, ROW | {"capacity": 5}]}]
    made = asked(openAt="2026-11-21T12:00:00Z", sequences=paths).command(TENANT)
    rows = [QueueConfig(name="Row", admit_rate=60), QueueConfig(name="Row", admit_rate=60, capacity=5)]
    assert made == CreateExperience(
        tenant_id=TENANT, config=ExperienceConfig(name="Night", open_at=datetime(2026, 11, 21, 12, tzinfo=UTC)),
        sequences=(SequenceConfig(name="A"), SequenceConfig(name="B", priority=3)),
        distributions=tuple(
            Nested(sequence=1, type="queue", settings=row.model_dump(mode="json", by_alias=True)) for row in rows
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("distribution", "place", "code", "message"),
    [
        (
            {"type": "auction", "name": "Sale"},
            "",
            "OUT_OF_RANGE",
            "auction are not available yet; queues and draws are",
        ),
        ({"type": "draw", "name": "Raffle", "drawAt": "2026-11-21T12:00:00Z"}, "/winnerCount", "REQUIRED", "required"),
        ({"type": "timed_release"}, "", "OUT_OF_RANGE", "timed_release are not available yet"),
        (ROW | {"type": "lottery"}, "/type", "NOT_IN_ENUM", "queue"),
        ({"name": "Row", "admitRate": 60}, "/type", "REQUIRED", "required"),
        (ROW | {"admitRate": 0}, "/admitRate", "OUT_OF_RANGE", "greater"),
        (ROW | {"sequenceId": str(TENANT)}, "/sequenceId", "UNKNOWN_FIELD", ""),
        ("queue", "", "WRONG_TYPE", ""),
    ],
)
def test_what_cannot_be_distributed_is_named(distribution: Any, place: str, code: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(sequences=[{"name": "A", "distributions": [distribution]}])
    (error,) = field_errors(refused.value)
    assert (error["path"], error["code"]) == (f"/sequences/0/distributions/0{place}", code)
    assert message in error["message"]


def test_nobody_asks_for_more_than_can_be_made_at_once() -> None:
    paths = [{"name": str(number), "distributions": [ROW] * 41} for number in range(5)]
    with pytest.raises(ValidationError, match="200 distributions"):
        asked(sequences=paths)
