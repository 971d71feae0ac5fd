"""How a draw comes to be together with the sequence that it belongs to, or as a copy of another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from domain.command import Actor
from domain.decision import Decision
from domain.draw.commands import CreateDraw
from domain.draw.config import DrawConfig
from domain.draw.rules.running import create, not_repeatable
from domain.problems import first_problem
from domain.sequence import SequenceFacts
from domain.times import Times, shifted

_DATES: Final = ("open_at", "close_at", "draw_at", "claim_close_at")


def create_nested(
    sequence: SequenceFacts, secret: bytes, draw_id: UUID, settings: Mapping[str, Any], by: Actor, times: Times
) -> Decision:
    """Make a draw together with its sequence; `settings` are named as on the wire."""
    try:
        config = DrawConfig.model_validate(settings, by_alias=True, by_name=False)
    except ValidationError as wrong:
        return Decision(first_problem(wrong))
    refused = not_repeatable(config, None)
    if refused is not None:
        return Decision(refused)
    command = CreateDraw(draw_id=draw_id, sequence_id=sequence.id, config=config)
    return create(None, sequence, secret, draw_id, command, by, times)


def copied(config: DrawConfig, seconds: int) -> dict[str, Any]:
    """The settings of a copy, named as on the wire, every date so many seconds later. OverflowError at the end of time."""
    moved = config.model_copy(update={name: shifted(getattr(config, name), seconds) for name in _DATES})
    return moved.model_dump(mode="json", by_alias=True, exclude={"replaces_draw_id"})
