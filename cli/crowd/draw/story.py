"""What one entrant saw of the draw, in order: against it the server's list and the proof are checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cli.crowd.draw.whims import Whim

ENTERED, WON, COMPLETED, LEFT, DENIED = "ENTERED", "WON", "COMPLETED", "LEFT", "DENIED"


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at an entry; `version` orders looks, `alternate` is 1 for the next to be promoted."""

    status: str
    participation_id: str
    consumer_id: str
    version: int
    alternate: int | None
    grant: str


def standing_in(state: dict[str, Any]) -> Standing:
    """Reads a state object; members that are missing or null read as nothing."""
    return Standing(
        status=state.get("status") or "",
        participation_id=state.get("participationId") or "",
        consumer_id=state.get("consumerId") or "",
        version=state.get("stateVersion") or 0,
        alternate=state.get("alternatePosition"),
        grant=state.get("admissionGrant") or "",
    )


@dataclass(slots=True)
class EntrantStory:
    """One entrant. `answers` are the participations told by accepted enters, one for each press that was answered.

    `was_alternate` is known of whoever looked between the draw and a promotion.
    """

    whim: Whim
    pressed: bool = False
    refused: str = ""
    answers: list[str] = field(default_factory=list)
    consumers: set[str] = field(default_factory=set)
    last: Standing | None = None
    was_alternate: bool = False
    won: bool = False

    @property
    def participation_id(self) -> str:
        """The entry this person believes to have, or empty."""
        return self.answers[0] if self.answers else ""

    @property
    def status(self) -> str:
        """Where this person stood at the last look, or empty."""
        return self.last.status if self.last else ""

    @property
    def waits(self) -> bool:
        """There is something to look for: the outcome, or the grant, which only a look tells."""
        return self.last is not None and (self.status == ENTERED or (self.status == WON and not self.last.grant))

    @property
    def declined(self) -> bool:
        """This person won, and gave it back."""
        return self.won and self.status == LEFT

    @property
    def unresolved(self) -> bool:
        """An enter was sent, and neither an entry nor a refusal came back."""
        return self.pressed and not self.answers and not self.refused

    def entered(self, standing: Standing) -> None:
        """One press of enter was answered with a state."""
        self.answers.append(standing.participation_id)
        self.consumers.add(standing.consumer_id)
        self.see(standing)

    def see(self, standing: Standing) -> None:
        """One more look. An older one than the last is ignored."""
        if self.last is not None and standing.version < self.last.version:
            return
        self.last = standing
        self.was_alternate = self.was_alternate or standing.alternate is not None
        self.won = self.won or standing.status == WON
