"""Draws and participations for tests of rules: plain functions with defaults."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.decision import Decision
from domain.draw.config import DrawConfig
from domain.draw.rules import reveal_if_due, seal_if_due
from domain.draw.state import Draw, Entry, LoggedStep, Pool, Recorded, Status
from domain.sequence import SequenceFacts
from tests.domain.queue.queues import NOON, at, make_sequence, moment, refusal_of, reply_of

TENANT, DRAW, SEQUENCE = UUID(int=1), UUID("01900000-0000-7000-8000-0000000000dd"), UUID(int=4)
ADA, BEN, CLEO = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
SECRET = bytes(range(32))
DRAWN_AT = 1000
"""Seconds after noon at which draws of tests are drawn, unless they say otherwise."""

__all__ = [
    "ADA",
    "BEN",
    "CLEO",
    "DRAW",
    "DRAWN_AT",
    "NOON",
    "SECRET",
    "SEQUENCE",
    "TENANT",
    "at",
    "drawn",
    "logged",
    "make_config",
    "make_draw",
    "make_entry",
    "make_sequence_of_draw",
    "moment",
    "refusal_of",
    "reply_of",
    "sealed",
    "selected",
    "the_draw",
    "the_entry",
    "with_people",
]


def make_config(**settings: Any) -> DrawConfig:
    """Settings of a draw of one winner; dates may be given as seconds after noon, and entrants say their tickets."""
    named = {"name": "Raffle", "draw_at": DRAWN_AT, "winner_count": 1, "tickets_by": "entrant"} | settings
    dated = {name: moment(value) if _is_date(name, value) else value for name, value in named.items()}
    return DrawConfig.model_validate(dated)


def _is_date(name: str, value: object) -> bool:
    return name.endswith("_at") and isinstance(value, int | float)


def make_draw(**changes: Any) -> Draw:
    """A draw that takes entries. Settings go to its config, counts to its pool."""
    known = {name: changes.pop(name) for name in list(changes) if name in Draw.__dataclass_fields__}
    pool = {name: changes.pop(name) for name in list(changes) if name in Pool._fields}
    made = Draw(
        tenant_id=TENANT, id=DRAW, organization_id=UUID(int=2), experience_id=UUID(int=3), sequence_id=SEQUENCE,
        config=make_config(**changes), server_seed=SECRET, created_at=NOON, updated_at=NOON, created_by="tests",
    )  # fmt: skip
    return replace(made, **known).with_pool(**pool)


def make_entry(consumer_id: UUID = ADA, number: int = 0, status: Status = Status.ENTERED, **changes: Any) -> Entry:
    """A participation that began at noon with one ticket; if it won, then at `DRAWN_AT`, for a minute."""
    facts: dict[str, Any] = {
        "tenant_id": TENANT, "id": UUID(int=0x1000 + number), "draw_id": DRAW, "consumer_id": consumer_id,
        "number": number, "leaf": number, "first_ticket": number, "tickets": 1, "people": 1, "entered_at": NOON,
        "received_at": NOON, "status": status,
    }  # fmt: skip
    if status in {Status.WON, Status.COMPLETED}:
        facts |= {
            "grant_id": UUID(int=0x2000 + number), "granted_at": moment(DRAWN_AT), "expires_at": moment(DRAWN_AT + 60),
            "rank": number,
        }  # fmt: skip
    return Entry(**facts | changes)


def make_sequence_of_draw(**changes: Any) -> SequenceFacts:
    """The sequence of the draw, whose experience is published and has no window."""
    return make_sequence(**changes)


def with_people(draw: Draw, entries: Sequence[Entry]) -> Draw:
    """The draw with the counts of these participations, whose numbers are 0, 1, 2 ..."""
    inside = [entry for entry in entries if entry.status is Status.WON]
    done = [entry for entry in entries if entry.status is Status.COMPLETED]
    ends = [entry.expires_at for entry in inside if entry.expires_at is not None]
    return draw.with_pool(
        entries=len(entries), tickets=sum(entry.tickets for entry in entries),
        entered=sum(entry.status is Status.ENTERED for entry in entries), inside=len(inside),
        winners=len(inside) + len(done), taken=sum(entry.people for entry in (*inside, *done)),
        completed=sum(entry.people for entry in done), lapse_at=min(ends, default=None),
    )  # fmt: skip


def sealed(draw: Draw) -> Draw:
    """The draw as it is right after its freeze."""
    return the_draw(seal_if_due(draw, at((draw.config.closes_at - NOON).total_seconds())))


def drawn(draw: Draw) -> Draw:
    """The draw right after its seed was revealed."""
    return the_draw(reveal_if_due(sealed(draw), at((draw.config.draw_at - NOON).total_seconds())))


def selected(entries: Sequence[Entry] = (), *, reached: int | None = None, last: int | None = None, **how: Any) -> Draw:
    """The draw with these people, once its first winners are all named; `reached` is after the last of them."""
    draw = drawn(with_people(make_draw(**how), entries))
    far = reached if reached is not None else sum(entry.status is not Status.ENTERED for entry in entries)
    return draw.with_pool(
        ranked=len(entries), ordered=draw.pool.buckets, placed=len(entries), reached=far,
        last=len(entries) if last is None else last,
    )  # fmt: skip


def the_draw(decision: Decision) -> Draw:
    """The draw that a decision changes."""
    (draw,) = [state for state in decision.saves if isinstance(state, Draw)]
    return draw


def the_entry(decision: Decision) -> Entry:
    """The only participation that a decision changes."""
    (entry,) = [state for state in decision.saves if isinstance(state, Entry)]
    return entry


def logged(decision: Decision) -> list[dict[str, Any]]:
    """What a decision writes into the log, without what chains the lines."""
    frame = {"n", "at", "prevHash", "hash"}
    lines = [state.facts for state in decision.saves if isinstance(state, LoggedStep)]
    return [{name: value for name, value in line.items() if name not in frame} for line in lines]


def recorded(decision: Decision) -> list[dict[str, Any]]:
    """What a decision adds to the log of all draws, all of it of the one draw."""
    lines = [state for state in decision.saves if isinstance(state, Recorded)]
    assert {line.draw_id for line in lines} <= {DRAW}
    return [line.body.members() for line in lines]
