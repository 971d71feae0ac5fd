"""What the record says of an organization's draws, in figures and in sentences."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.fairness.record.life import Life


@dataclass(frozen=True, slots=True)
class RecordStatement:
    """How many draws there are, and those that ask for a second look.

    `void` are those that do not count, with the reason; `replaced` tells of each void draw by which others it was repeated;
    `waiting` were frozen and neither drawn nor void; `beside` are experiences with more than one draw that is not void.
    """

    draws: int
    frozen: int
    drawn: int
    completed: int
    archived: int
    void: tuple[tuple[UUID, str], ...]
    replaced: tuple[tuple[UUID, tuple[UUID, ...]], ...]
    waiting: tuple[UUID, ...]
    beside: tuple[tuple[UUID, int], ...]

    def as_json(self) -> dict[str, object]:
        """Write the figures by their names, ids as text."""
        return {
            "draws": self.draws, "frozen": self.frozen, "drawn": self.drawn, "completed": self.completed,
            "archived": self.archived,
            "void": [{"drawId": str(one), "reason": reason} for one, reason in self.void],
            "replaced": [{"drawId": str(one), "by": [str(other) for other in by]} for one, by in self.replaced],
            "frozenNotDrawn": [str(one) for one in self.waiting],
            "experiences": [{"experienceId": str(one), "draws": count} for one, count in self.beside],
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """Say it to people."""
        told = [self._counted()]
        told += [f"Draw {one} is void: {reason}" for one, reason in self.void]
        told += [f"Draw {one} was repeated by {', '.join(map(str, by))}." for one, by in self.replaced]
        told += [f"Draw {one} is frozen and not drawn." for one in self.waiting]
        told += [f"Experience {one} has {count:,} draws that count side by side." for one, count in self.beside]
        return told

    def _counted(self) -> str:
        return (
            f"{_many(self.draws, 'draw')} in all: {self.frozen:,} frozen, {self.drawn:,} drawn, "
            f"{self.completed:,} completed, {len(self.void):,} void, {self.archived:,} out of the lists."
        )


def stated(lives: Iterable[Life]) -> RecordStatement:
    """What there is to say of these draws, in the order in which they were made."""
    every = list(lives)
    by: dict[UUID, list[UUID]] = {}
    for life in every:
        if life.replaces is not None:
            by.setdefault(life.replaces, []).append(life.draw_id)
    counted = Counter(life.experience_id for life in every if life.void is None)
    return RecordStatement(
        draws=len(every),
        frozen=sum(life.sealed is not None for life in every),
        drawn=sum(life.drawn is not None for life in every),
        completed=sum(life.is_over for life in every),
        archived=sum(life.is_archived for life in every),
        void=tuple((life.draw_id, life.void.reason) for life in every if life.void is not None),
        replaced=tuple((replaced, tuple(others)) for replaced, others in by.items()),
        waiting=tuple(life.draw_id for life in every if life.sealed and not life.drawn and not life.void),
        beside=tuple((experience, count) for experience, count in counted.items() if count > 1),
    )


def _many(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"
