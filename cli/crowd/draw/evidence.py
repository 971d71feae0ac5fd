"""What the facts of a draw are judged by: the entrants' stories, the server's list and counts, and the proof file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.crowd.draw.replay import Line, Replay, replayed
from cli.crowd.draw.story import EntrantStory
from cli.crowd.shop import OfflineCheck
from domain.fairness.draws import CheckedDraw, UnreadableProofError, check_draw


@dataclass(frozen=True, slots=True)
class DrawEntry:
    """One entry as the Admin API lists it; `won` at any time, `promoted` when that was not by the first selection."""

    participation_id: str
    consumer_id: str
    status: str
    people: int
    won: bool
    promoted: bool


def draw_entries(listed: Iterable[Mapping[str, Any]]) -> list[DrawEntry]:
    """Reads the entries of a draw."""
    return [
        DrawEntry(
            participation_id=entry["participationId"],
            consumer_id=entry["consumerId"],
            status=entry["status"],
            people=entry["people"],
            won=bool(entry.get("wonAt")),
            promoted=bool(entry.get("promoted")),
        )
        for entry in listed
    ]


@dataclass(frozen=True)
class DrawEvidence:
    """Everything known after a draw. `draw` is the Admin API's draw object, `lines` are those of the proof file."""

    stories: Sequence[EntrantStory]
    draw: Mapping[str, Any]
    entries: Sequence[DrawEntry]
    lines: Sequence[Line]
    offline: OfflineCheck

    @cached_property
    def checked(self) -> CheckedDraw | UnreadableProofError:
        """What the check of the proof file says, or where it cannot be read."""
        try:
            return check_draw(self.lines)
        except UnreadableProofError as error:
            return error

    @cached_property
    def replay(self) -> Replay:
        """The draw as it follows from the proof file."""
        return replayed(self.lines)

    @cached_property
    def entrants(self) -> list[EntrantStory]:
        """The stories of those whose enter was accepted."""
        return [story for story in self.stories if story.answers]

    @cached_property
    def by_id(self) -> dict[str, DrawEntry]:
        """Entries by participation."""
        return {entry.participation_id: entry for entry in self.entries}

    def listed(self, *statuses: str) -> list[DrawEntry]:
        """The entries with one of these statuses."""
        return [entry for entry in self.entries if entry.status in statuses]
