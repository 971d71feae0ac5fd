"""Seeded lives of a draw from its first entry to its last promotion: what anybody asks for, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from domain.distribution.state import Scope
from domain.draw import commands as c
from tests.domain.draw.draws import DRAWN_AT


@dataclass(frozen=True, slots=True)
class Step:
    """Commands that come at one moment, and how many seconds pass afterwards."""

    commands: tuple[c.DrawCommand, ...]
    seconds: float = 0


def settings_of(chance: Random, people: int) -> dict[str, Any]:
    """Settings under which many of so many people get a turn. Dates are seconds from the beginning."""
    winners = chance.randint(1, max(1, people // 2))
    prizes = prizes_of(chance, winners)
    return {
        "close_at": chance.choice([None, DRAWN_AT - 100]), "draw_at": DRAWN_AT, "winner_count": winners, "prizes": prizes,
        "claim_close_at": chance.choice([None, None, DRAWN_AT + 900]),
        "continue_selecting_until_completed": chance.random() < 0.85,  # most draws pass on what becomes free
        "alternate_count": chance.choice([None, None, people // 2, 2]) if prizes is None else None,
        "on_expiry": chance.choice(["deny", "requeue", "requeue"]), "requeue_limit": chance.randint(1, 2),
        "admission_expiration_seconds": chance.choice([60, 300]), "completion_grace_seconds": chance.choice([0, 5]),
        "max_tickets_per_entry": chance.choice([1, 20]), "max_people_per_entry": chance.choice([1, 4]),
    }  # fmt: skip


def prizes_of(chance: Random, places: int) -> list[dict[str, Any]] | None:
    """Every other draw has several prizes, of so many places together."""
    cuts = sorted(chance.sample(range(1, places), k=min(places - 1, chance.randint(0, 3))))
    if chance.random() < 0.5:
        return None
    sizes = [end - start for start, end in zip([0, *cuts], [*cuts, places], strict=True)]
    return [{"name": name, "places": size} for name, size in zip("abcd", sizes, strict=False)]


def life(draw_id: UUID, settings: dict[str, Any], chance: Random, people: int) -> Iterator[Step]:
    """So many people enter, some leave, the winners are drawn, and whoever wins buys, gives it back, or lets it lapse."""
    crowd = [UUID(int=0x5EED << 100 | number) for number in range(people)]
    for person in crowd:
        yield Step((entering(draw_id, settings, chance, person),), chance.choice([0, 0, 1]))
        if chance.random() < 0.1:
            yield Step((going(draw_id, chance, chance.choice(crowd)),))
    yield Step((), DRAWN_AT - 100)
    yield Step(tuple(going(draw_id, chance, person) for person in crowd if chance.random() < 0.1), 200)
    for round_ in range(20):
        some = chance.sample(crowd, k=max(1, people // 4))
        yield Step(tuple(anything(draw_id, chance, one, round_) for one in some), chance.choice([0, 1, 30, 70]))
        if chance.random() < 0.05:
            yield Step((c.PauseDraw(draw_id=draw_id, scope=chance.choice(list(Scope))),), chance.choice([0, 40]))
            yield Step((c.ResumeDraw(draw_id=draw_id, shift_schedule=chance.random() < 0.5),))
    yield Step((), 400)


def entering(draw_id: UUID, settings: dict[str, Any], chance: Random, person: UUID) -> c.EnterDraw:
    """Somebody enters, perhaps with several tickets, as a group, or from a household of several."""
    asked = c.EnterDraw(
        draw_id=draw_id, consumer_id=person, tickets=chance.randint(1, settings["max_tickets_per_entry"]),
        people=chance.randint(1, settings["max_people_per_entry"]),
    )  # fmt: skip
    prizes = [prize["name"] for prize in settings["prizes"] or ()]
    wishes = tuple(chance.sample(prizes, k=chance.randint(1, len(prizes)))) if prizes else None
    household = chance.choice([None, None, bytes([chance.randint(1, 5)]) * 32])
    return asked.model_copy(update={"duplicate_key": household, "preferences": wishes})


def going(draw_id: UUID, chance: Random, person: UUID) -> c.DrawCommand:
    """Somebody leaves, or is refused."""
    if chance.random() < 0.7:
        return c.LeaveDraw(draw_id=draw_id, consumer_id=person)
    return c.DenyEntrant(draw_id=draw_id, consumer_id=person, reason="ADMIN_ACTION")


def anything(draw_id: UUID, chance: Random, person: UUID, round_: int) -> c.DrawCommand:
    """Somebody buys, leaves, or is refused, if they can."""
    if chance.random() < 0.4:
        return c.CompleteWin(draw_id=draw_id, consumer_id=person, order_id=f"{person.int % 1000}-{round_}")
    return going(draw_id, chance, person)
