"""What one person saw of the launch, in order: the crowd's own record, against which the server's is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

WAITING, GRANTED = "QUEUED", "GRANTED"
ENDED = frozenset({"COMPLETED", "LEFT", "DENIED"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a participation; `seq` orders looks where the server says so, so that an older one is ignored."""

    status: str
    participation_id: str
    consumer_id: str
    position: int | None
    estimate: float | None
    pre_open: bool
    requeues: int
    poll_after: float
    state_version: int
    seq: int
    grant: str
    reason: str


def seen_in(state: dict[str, Any]) -> Seen:
    """Reads a state object; members that are missing or null read as nothing, as clients must tolerate."""
    return Seen(
        status=state.get("status") or "",
        participation_id=state.get("participationId") or "",
        consumer_id=state.get("consumerId") or "",
        position=state.get("position"),
        estimate=state.get("estimatedWaitTimeInSeconds"),
        pre_open=bool(state.get("preOpen")),
        requeues=state.get("requeueCount") or 0,
        poll_after=float(state.get("pollAfterSeconds") or 5),
        state_version=state.get("stateVersion") or 0,
        seq=state.get("seq") or 0,
        grant=state.get("admissionGrant") or "",
        reason=state.get("reason") or "",
    )


@dataclass(slots=True)
class Story:
    """One life. `answers` are the participations told by accepted enters, one per press that was answered.

    `fell_back` holds (before, after) of every position that got worse. `pressed` and not `answered` means that
    the outcome of an enter is unknown to the person.
    """

    pressed: bool = False
    refused: str = ""
    presses: int = 0
    answers: list[str] = field(default_factory=list)
    consumers: set[str] = field(default_factory=set)
    last: Seen | None = None
    positions: int = 0
    fell_back: list[tuple[int, int | None]] = field(default_factory=list)
    was_granted: bool = False
    did_not_come: bool = False
    gave_up: bool = False
    completions: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def participation_id(self) -> str:
        """The place this person believes to hold, or empty."""
        return self.answers[0] if self.answers else ""

    @property
    def unresolved(self) -> bool:
        """An enter was sent, and neither a place nor a refusal came back."""
        return self.pressed and not self.answers and not self.refused

    @property
    def bought(self) -> bool:
        """Some report of the purchase was answered with 200."""
        return any(status == HTTPStatus.OK for _order, status, _code in self.completions)

    def entered(self, seen: Seen) -> None:
        """One press of enter was answered with a state."""
        self.answers.append(seen.participation_id)
        self.consumers.add(seen.consumer_id)
        self.see(seen)

    def see(self, seen: Seen) -> bool:
        """One more look; an older one than the last is ignored and answers False."""
        last = self.last
        if last is not None and (seen.state_version < last.state_version or seen.seq < last.seq):
            return False
        if last is not None and _same_wait(last, seen):
            self._compare(last, seen)
        self.positions += seen.position is not None
        self.was_granted = self.was_granted or seen.status == GRANTED
        self.last = seen
        return True

    def _compare(self, last: Seen, seen: Seen) -> None:
        if last.position is None:
            return
        if seen.position is None or seen.position > last.position:
            self.fell_back.append((last.position, seen.position))


def _same_wait(last: Seen, seen: Seen) -> bool:
    """A requeue begins a new wait at the back of the line, so that positions before and after do not compare."""
    both_wait = last.status == WAITING and seen.status == WAITING
    return both_wait and last.participation_id == seen.participation_id and last.requeues == seen.requeues
