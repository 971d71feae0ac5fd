"""A storm made by hand: a draw, broken in one way each, and which fact says so."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.draw import commands as c
from tests.chaos.draw_tale import DrawTale
from tests.chaos.storm.book import Look
from tests.chaos.storm.evidence import Evidence

Break = Callable[[DrawTale], None]
WON, ENTERED = "draw.consumer.won", "draw.consumer.entered"


def event(tale: DrawTale, kind: str, *, last: bool = False) -> Any:
    """The first, or last, event of this type."""
    found = [one for page in tale.pages for one in page.events if one["type"] == kind]
    return found[-1 if last else 0]


def told(kind: str, *, last: bool = False, **members: Any) -> Break:
    """An event tells something else."""
    return lambda tale: event(tale, kind, last=last).update(members)


def made_with(**settings: Any) -> Break:
    """The draw was made with other settings, by its journal."""
    return lambda tale: tale.pages[0].replies[0]["body"].update(settings)


def row_says(**members: Any) -> Break:
    """The draw's row says something else."""
    return lambda tale: tale.after.append(lambda evidence: evidence.draws[0].__dict__.update(members))


def entrant_says(standing: str, /, **members: Any) -> Break:
    """The row of the first entrant with this status says something else."""

    def changed(evidence: Evidence) -> None:
        next(one for one in evidence.entrants if one.status == standing).__dict__.update(members)

    return lambda tale: tale.after.append(changed)


def everybody_of_one_household(tale: DrawTale) -> None:
    def changed(evidence: Evidence) -> None:
        for one in evidence.entrants:
            one.duplicate_key = b"quay"

    tale.after.append(changed)


def overtaken(tale: DrawTale) -> None:
    first, second = [call for call in tale.calls if call.what == "enter draw"][:2]
    assert second.answered is not None
    first.began, first.answered = second.answered + 1, second.answered + 2


def selected_twice(tale: DrawTale) -> None:
    page = next(page for page in tale.pages if any(one["type"] == "draw.selected" for one in page.events))
    tale.pages[-1].events.append({"type": "draw.selected"} | dict(page.events[-1]))


def never_sealed(tale: DrawTale) -> None:
    for page in tale.pages:
        page.events[:] = [one for one in page.events if one["type"] != "draw.sealed"]


def command_of_nobody(tale: DrawTale) -> None:
    next(call for call in tale.calls if call.what == "leave draw").means = None


def command_of_another(tale: DrawTale) -> None:
    call = next(call for call in tale.calls if call.what == "leave draw")
    call.means = lambda _: c.KnockDraw(draw_id=tale.room.draw.id)


def told_what_never_was(tale: DrawTale) -> None:
    tale.looks.insert(0, Look(tale.looks[0].participation, "COMPLETED", 99))


def told_too_little_at_the_end(tale: DrawTale) -> None:
    lost = next(look for look in tale.looks if look.status == "DENIED")
    tale.looks.append(Look(lost.participation, "ENTERED", 1))


DRAWS: list[tuple[str, Break]] = [
    ("beyond", made_with(winnerCount=3)),
    ("beyond", made_with(capacity=10)),
    ("beyond", made_with(requeueLimit=0)),
    ("beyond", everybody_of_one_household),
    ("impossible", lambda tale: event(tale, ENTERED, last=True).update(consumerId=event(tale, ENTERED)["consumerId"])),
    ("disordered", told(ENTERED, last=True, entrantNumber=40)),
    ("disordered", told(WON, rank=50)),
    ("disordered", told("draw.sealed", totalEntrants=11)),
    ("disordered", overtaken),
    ("doubled", selected_twice),
    ("lost", never_sealed),
    ("redrawn", row_says(step_head=bytes(32))),
    ("redrawn", row_says(tree_head=bytes(32))),
    ("redrawn", entrant_says("COMPLETED", rank=7)),
    ("redrawn", command_of_nobody),
    ("redrawn", command_of_another),
    ("mistold", told_what_never_was),
    ("mistold", told_too_little_at_the_end),
    ("unlike", row_says(taken=9)),
    ("unlike", entrant_says("ENTERED", status="LEFT")),
    ("mistimed", told("draw.sealed", sealedAt="2026-11-21T12:01:39Z")),
    ("mistimed", told("draw.drawn", drawnAt="2026-11-21T12:03:00Z")),
    ("mistimed", told("draw.consumer.requeued", requeuedAt="2026-11-21T12:01:51Z")),
    ("strange", entrant_says("ENTERED", tenant_id=UUID(int=9))),
]
