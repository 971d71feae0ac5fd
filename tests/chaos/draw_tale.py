"""A storm made by hand: a draw by the real rules, in which everything is as it should be, and its evidence."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

from domain.decision import Refused
from domain.draw import commands as c
from domain.draw.state import Entry, Status
from domain.draw.view import draw_facts
from domain.times import Times
from tests.chaos.storm.book import Call, Effect, Look
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.pages import Page
from tests.chaos.storm.redraw import ALL_AT_ONCE
from tests.domain.draw.draws import make_draw, moment
from tests.domain.draw.simulation import Simulation

CLOSES, DRAWN, CLAIMS, ENDS = 100, 110, 20, 200
LATER = 5.0
"""Seconds from one step to the next."""


@dataclass(slots=True)
class DrawTale:
    """Calls and pages, one of each for every step."""

    room: Simulation
    calls: list[Call] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    after: list[Callable[[Evidence], None]] = field(default_factory=list)

    def named(self, word: str) -> UUID:
        """The id that a word stands for."""
        return uuid5(self.room.draw.id, word)

    def does(self, verb: str, who: str, command: c.DrawCommand, *effects: Effect) -> None:
        """Somebody calls, and it is decided."""
        own_id, began = self.named(f"{verb} {who}"), (self.room.now - moment(0)).total_seconds()
        kept = self._decided(own_id, command)
        told, failed = kept.get("body", {}), kept.get("refused")
        status = 409 if failed else 200
        body, caused = (failed or told), (() if failed else effects)
        call = Call(f"{verb} draw", own_id, began, effects, began + 0.5, status, body, caused, means=lambda _: command)
        self.calls.append(call)
        self.room.now += timedelta(seconds=1)

    def enters(self, who: str, **how: Any) -> None:
        """Somebody enters."""
        own_id = self.named(f"enter {who}")
        command = c.EnterDraw(draw_id=self.room.draw.id, consumer_id=self.named(who)).model_copy(update=how)
        self.does("enter", who, command, ("draw.consumer.entered", str(own_id)))

    def leaves(self, who: str) -> None:
        """Somebody leaves, or gives a win back."""
        command = c.LeaveDraw(draw_id=self.room.draw.id, consumer_id=self.named(who))
        self.does("leave", who, command, ("draw.consumer.left", str(self.named(f"enter {who}"))))

    def buys(self, who: str) -> None:
        """Somebody uses a win up."""
        command = c.CompleteWin(draw_id=self.room.draw.id, consumer_id=self.named(who), order_id="7")
        self.does("complete", who, command, ("draw.consumer.completed", f"{self.named(f'enter {who}')} 7"))

    def knocks(self, at: float) -> None:
        """What is due at a moment is done: in slices, until nothing is."""
        self.room.now = max(self.room.now, moment(at))
        for number in range(6):
            self._decided(self.named(f"knock {at} {number}"), c.KnockDraw(draw_id=self.room.draw.id))

    def who_has(self, status: Status) -> list[str]:
        """The words of those with this status, in order of numbers."""
        words = {self.named(f"enter {who}"): who for who in PEOPLE}
        return [words[entry.id] for entry in self.room.with_status(status)]

    def looks_at_last(self) -> None:
        """Everybody looks at the end."""
        for entry in self.room.entries.values():
            lost = entry.status is Status.ENTERED
            status, version = ("DENIED", entry.version + 1) if lost else (entry.status.value, entry.version)
            self.looks.append(Look(str(entry.id), status, version))

    def evidence(self) -> Evidence:
        """What is looked at: rows as the rules left them."""
        draw = self.room.draw
        row = SimpleNamespace(
            **draw.pool._asdict() | _members(draw, "tenant_id", "id", "organization_id", "experience_id")
        )
        row.__dict__.update(_members(draw, "sequence_id", "server_seed", "created_at", "created_by"))
        row.config = draw.config.model_dump(mode="json", by_alias=True)
        made = Evidence(
            calls=self.calls, pages=self.pages, draws=[row], entrants=[_row(one) for one in self.room.entries.values()],
            looks=self.looks, began=moment(-1), ended=moment(3600),
        )  # fmt: skip
        for change in self.after:
            change(made)
        return made

    def _decided(self, own_id: UUID, command: c.DrawCommand) -> dict[str, Any]:
        before = len(self.room.events)
        outcome = self.room.send(command, command_id=own_id, follow=False)
        happened = [event.facts() for _, event in self.room.events[before:]]
        kept: dict[str, Any] = {"type": command.type, "waitedUs": 0}
        kept |= {"refused": {"code": outcome.code}} if isinstance(outcome, Refused) else {"body": _json(outcome.body)}
        self.page(kept, own_id, happened)
        return kept

    def page(self, kept: dict[str, Any], own_id: UUID, happened: list[dict[str, Any]]) -> None:
        """A page of the journal."""
        draw = self.room.draw
        self.pages.append(
            Page(draw.tenant_id, draw.id, len(self.pages), "draw", self.room.now, [own_id], [kept], _json(happened))
        )


PEOPLE = tuple(f"person {number}" for number in range(12))


def quiet_draw() -> DrawTale:
    """Twelve enter for four places, every third of them for two people, two from one household, and one leaves.

    Of the winners one buys, one gives the win back, the others let it lapse and wait once more; then all is over.
    """
    settings = {"close_at": CLOSES, "draw_at": DRAWN, "claim_close_at": ENDS, "winner_count": 4, "on_expiry": "requeue"}
    more = {"requeue_limit": 1, "admission_expiration_seconds": CLAIMS, "completion_grace_seconds": 0}
    draw = make_draw(**settings, **more, max_people_per_entry=2)
    tale = DrawTale(Simulation(draw, at_once=ALL_AT_ONCE, tickets_at_once=ALL_AT_ONCE))
    once = (("distribution.changed", f"{draw.id} created"), *((f"draw.{one}", str(draw.id)) for one in ONCE))
    facts, own_id = _json(draw_facts(draw, Times(tale.room.now, tale.room.now))), tale.named("create")
    kept = {"type": "draw.create", "body": facts, "waitedUs": 0}
    tale.page(kept, own_id, [{"type": "distribution.changed", "change": "created"}])
    tale.calls.append(Call("create draw", own_id, 0.0, once, 0.5, 201, facts, once))
    for number, who in enumerate(PEOPLE):
        tale.enters(who, people=1 + (number % 3 == 0), duplicate_key=HOUSEHOLD if number in {1, 2} else None)
    tale.leaves(PEOPLE[5])
    for at in (CLOSES, DRAWN):
        tale.knocks(at)
    first, second, *_ = tale.who_has(Status.WON)
    tale.buys(first)
    tale.leaves(second)
    for turn in range(1, 8):
        tale.knocks(DRAWN + turn * (CLAIMS + LATER) / 2)
    tale.knocks(ENDS)
    tale.knocks(ENDS + CLAIMS + LATER)
    tale.looks_at_last()
    return tale


ONCE = ("sealed", "drawn", "selected", "completed")
HOUSEHOLD = bytes([7]) * 32


def _members(one: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _row(one: Entry) -> Any:
    told = _members(one, "tenant_id", "id", "draw_id", "version", "people", "duplicate_key", "rank")
    return SimpleNamespace(**told, status=one.status.value)


def _json(told: Any) -> Any:
    return json.loads(json.dumps(told, default=str))
