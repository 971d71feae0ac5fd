"""The draw, before the laws."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from domain.command import Command
from domain.distribution.state import Scope
from domain.draw import commands as c
from domain.draw.config import DrawConfig
from domain.draw.state import Draw, Status
from domain.guest import NewGuest
from tests.conformance.kind import Kind, Places, Scene, Window
from tests.domain.draw.draws import DRAW
from tests.domain.draw.lives import life as steps_of_a_life
from tests.domain.draw.lives import settings_of
from tests.domain.draw.simulation import simulated
from tests.support.factories import make_draw, make_organization, make_sequence
from tests.support.rounds import ROUNDS
from tests.support.works import Works

ADA, BEN, GUS, CLEO, DORA, FRANK, EVE = (UUID(int=0xD4A << 64 | number) for number in range(7))
ROLES = ("winner", "second", "buyer", "alternate", "last")
QUIET = ("empty", "open", "held", "closed", "early", "ended", "members", "awaiting")
_VOLATILE = "{knock_at}"
_TABLES = (
    "draw",
    "draw_entry",
    "draw_order",
    "draw_passed",
    "draw_counting",
    "draw_step",
    "draw_record",
    "draw_record_line",
    "draw_completion",
    "consumer",
    "session",
)
SOON = timedelta(seconds=10)
CAPACITY, PLACES = 20, 8
ROUND = 42
"""A round of which the signature is known."""


def scene(works: Works) -> Scene:
    """A draw with people in every status, beside others that are empty, held, full, closed, early, ended, for members."""
    with works.owner.begin() as connection:
        sequence = make_sequence(connection, make_organization(connection))
        now = connection.exec_driver_sql("SELECT ledger_now()").scalar_one()

        def draw(**settings: Any) -> Draw:
            return make_draw(connection, sequence, **settings)

        draws = {
            "main": draw(winner_count=3, draw_at=now + SOON), "empty": draw(), "open": draw(), "held": draw(),
            "full": draw(capacity=1), "closed": draw(draw_at=now), "early": draw(open_at=now + timedelta(minutes=50)),
            "ended": draw(), "members": draw(supports_guest=False), "awaiting": draw(close_at=now, randomness="beacon"),
        }  # fmt: skip
    ids = {name: made.id for name, made in draws.items()}
    made = Scene(works, sequence.organization.tenant_id, {**ids, "sequence": sequence.id, "nowhere": uuid4()})
    _let_much_happen(made)
    works.rows("UPDATE draw SET beacon_round = %s WHERE id = %s", ROUND, ids["awaiting"])
    rows = works.rows(
        "SELECT consumer_id, id, grant_id FROM draw_entry WHERE draw_id = %s AND status IN ('WON', 'ENTERED')"
        " ORDER BY status DESC, number", ids["main"],
    )  # fmt: skip
    own = {
        "people": {row.consumer_id: role for role, row in zip(ROLES, rows, strict=True)},
        "entries": {role: row.id for role, row in zip(ROLES, rows, strict=True)},
        "grants": {role: row.grant_id for role, row in zip(ROLES, rows, strict=True)},
    }
    known = Scene(works, made.tenant_id, {**made.own, **own})
    known.send(c.CompleteWin(draw_id=ids["main"], consumer_id=_person(known, "buyer"), order_id="first"))
    return known


def _let_much_happen(made: Scene) -> None:
    """Afterwards three have won, two wait, Eve has left and Frank was refused."""
    main, full = made.own["main"], made.own["full"]
    coming = [c.EnterDraw(draw_id=main, consumer_id=person) for person in (ADA, BEN, GUS, CLEO, DORA, EVE, FRANK)]
    filling = [c.EnterDraw(draw_id=full, consumer_id=ADA)]
    made.send(*coming, *filling, *(c.KnockDraw(draw_id=made.own[name]) for name in QUIET))
    made.send(
        c.LeaveDraw(draw_id=main, consumer_id=EVE),
        c.DenyEntrant(draw_id=main, consumer_id=FRANK, reason="BOT_DETECTED"),
        c.PauseDraw(draw_id=made.own["held"], scope=Scope.ALL),
        c.KillDraw(draw_id=made.own["ended"], reason="fire"),
    )
    made.works.advance("11 seconds")
    made.send(c.KnockDraw(draw_id=main))


def states(of: Scene) -> Any:
    """Every row of the tenant, without what the time that passes changes."""
    statement = "SELECT to_jsonb(t) - '{}'::text[] FROM {} t WHERE tenant_id = %s ORDER BY t::text"
    return {
        table: [row[0] for row in of.works.rows(statement.format(_VOLATILE, table), of.tenant_id)] for table in _TABLES
    }


def _new(of: Scene, sequence: str = "sequence") -> Command:
    draw_at = of.works.value("SELECT ledger_now()") + timedelta(days=1)
    config = DrawConfig(name="Lottery", draw_at=draw_at, winner_count=2)
    return c.CreateDraw(draw_id=uuid4(), sequence_id=of.own[sequence], config=config)


def _guest() -> NewGuest:
    return NewGuest(session_id=uuid4(), refresh_hash="hash")


def _person(of: Scene, role: str) -> UUID:
    return next(person for person, own in of.own["people"].items() if own == role)


def _grant(of: Scene, role: str) -> dict[str, Any]:
    return {"entry_id": of.own["entries"][role], "grant_id": of.own["grants"][role]}


def _aimed(kind: Callable[..., Command], at: str, **members: Any) -> Callable[[Scene], Command]:
    """A command on one of the draws, with these members."""
    return lambda of: kind(draw_id=of.own[at], **members)


def _of(kind: Callable[..., Command], role: str, **members: Any) -> Callable[[Scene], Command]:
    """A command about one of the people in the draw that was drawn."""
    return lambda of: kind(draw_id=of.own["main"], consumer_id=_person(of, role), **members)


COMMANDS: dict[str, Callable[[Scene], Command]] = {
    "draw.create": _new,
    "draw.update": _aimed(c.UpdateDraw, "open", changes={"name": "Lottery", "winnerCount": 7}),
    "draw.archive": _aimed(c.ArchiveDraw, "empty"),
    "draw.pause": _aimed(c.PauseDraw, "main", scope=Scope.ALL, reason="rain"),
    "draw.resume": _aimed(c.ResumeDraw, "held"),
    "draw.kill": _aimed(c.KillDraw, "main", reason="fire", revoke_grants=True),
    "draw.give_beacon": _aimed(c.GiveBeacon, "awaiting", round=ROUND, signature=ROUNDS[ROUND]),
    "draw.knock": _aimed(c.KnockDraw, "main"),
    "draw.enter": lambda of: c.EnterDraw(draw_id=of.own["open"], consumer_id=uuid4(), guest=_guest()),
    "draw.leave": _of(c.LeaveDraw, "winner"),
    "draw.deny": _of(c.DenyEntrant, "winner", reason="ADMIN_ACTION"),
    "draw.validate": lambda of: c.ValidateWin(draw_id=of.own["main"], **_grant(of, "winner")),
    "draw.complete": lambda of: c.CompleteWin(draw_id=of.own["main"], order_id="second", **_grant(of, "winner")),
    "draw.sign_grant": lambda of: c.SignWin(draw_id=of.own["main"], **_grant(of, "winner")),
}
REFUSALS: dict[str, Callable[[Scene], Command]] = {
    "DRAW_NOT_FOUND entering": _aimed(c.EnterDraw, "nowhere", consumer_id=ADA),
    "VALIDATION_ERROR entering": _aimed(c.EnterDraw, "open", consumer_id=ADA, tickets=2),
    "DRAW_CLOSED entering": _aimed(c.EnterDraw, "closed", consumer_id=ADA),
    "DRAW_CLOSED entering what was drawn": _aimed(c.EnterDraw, "main", consumer_id=UUID(int=5), guest=_guest()),
    "DRAW_CLOSED entering what has ended": _aimed(c.EnterDraw, "ended", consumer_id=ADA),
    "DRAW_CLOSED leaving": _of(c.LeaveDraw, "alternate"),
    "DISTRIBUTION_PAUSED entering": _aimed(c.EnterDraw, "held", consumer_id=ADA),
    "DRAW_NOT_OPEN entering": _aimed(c.EnterDraw, "early", consumer_id=ADA),
    "GUEST_NOT_ALLOWED entering": _aimed(c.EnterDraw, "members", consumer_id=ADA, guest=_guest()),
    "DRAW_FULL entering": _aimed(c.EnterDraw, "full", consumer_id=CLEO, guest=_guest()),
    "CONSUMER_NOT_IN_DRAW denying": _aimed(c.DenyEntrant, "main", consumer_id=EVE, reason="ADMIN_ACTION"),
    "ALREADY_COMPLETED denying": _of(c.DenyEntrant, "buyer", reason="ADMIN_ACTION"),
    "NO_LIVE_GRANT completing": _of(c.CompleteWin, "alternate", order_id="x"),
    "GRANT_ALREADY_USED completing": _of(c.CompleteWin, "buyer", order_id="x"),
    "GRANT_INVALID completing": lambda of: c.CompleteWin(
        draw_id=of.own["main"], order_id="x", entry_id=of.own["entries"]["winner"], grant_id=UUID(int=7)
    ),
    "NO_LIVE_GRANT signing": lambda of: c.SignWin(
        draw_id=of.own["main"], entry_id=of.own["entries"]["alternate"], grant_id=UUID(int=7)
    ),
    "ALREADY_PAUSED pausing": _aimed(c.PauseDraw, "held"),
    "DISTRIBUTION_CLOSED pausing": _aimed(c.PauseDraw, "ended"),
    "NOT_PAUSED resuming": _aimed(c.ResumeDraw, "main"),
    "DISTRIBUTION_CLOSED killing": _aimed(c.KillDraw, "ended", reason="again"),
    "DISTRIBUTION_CLOSED updating": _aimed(c.UpdateDraw, "ended", changes={"name": "x"}),
    "VERSION_CONFLICT updating": _aimed(c.UpdateDraw, "main", changes={"name": "x"}, if_version=99),
    "VALIDATION_ERROR updating": _aimed(c.UpdateDraw, "open", changes={"winnerCount": 0}),
    "FIELD_FROZEN updating": _aimed(c.UpdateDraw, "main", changes={"winnerCount": 4}),
    "INVALID_WINDOW updating": _aimed(c.UpdateDraw, "early", changes={"closeAt": "2026-01-01T00:00:00Z"}),
    "VERSION_CONFLICT archiving": _aimed(c.ArchiveDraw, "empty", if_version=99),
    "HAS_LIVE_PARTICIPANTS archiving": _aimed(c.ArchiveDraw, "main"),
    "DISTRIBUTION_CLOSED giving a beacon": _aimed(c.GiveBeacon, "ended", round=ROUND, signature=ROUNDS[ROUND]),
    "INVALID_STATE giving a beacon": _aimed(c.GiveBeacon, "closed", round=ROUND, signature=ROUNDS[ROUND]),
    "VALIDATION_ERROR giving another round": _aimed(c.GiveBeacon, "awaiting", round=43, signature=ROUNDS[43]),
    "VALIDATION_ERROR giving what is not signed": _aimed(c.GiveBeacon, "awaiting", round=ROUND, signature=ROUNDS[43]),
    "SEQUENCE_NOT_FOUND creating": lambda of: _new(of, "nowhere"),
}
FOREIGN: dict[str, Callable[[Scene, Scene], Command]] = {
    "a sequence to create under": lambda _, theirs: _new(theirs),
    "a grant to complete": lambda mine, theirs: c.CompleteWin(
        draw_id=mine.own["main"], order_id="x", **_grant(theirs, "winner")
    ),
    "a grant to validate": lambda mine, theirs: c.ValidateWin(draw_id=mine.own["main"], **_grant(theirs, "winner")),
    "a grant to sign": lambda mine, theirs: c.SignWin(draw_id=mine.own["main"], **_grant(theirs, "winner")),
    "a participation to leave": lambda mine, theirs: c.LeaveDraw(
        draw_id=mine.own["main"], consumer_id=_person(mine, "winner"), entry_id=theirs.own["entries"]["winner"]
    ),
}


def window(works: Works) -> Window:
    """A draw that takes entries for an hour."""
    now = works.value("SELECT ledger_now()")
    begins, ends = now + timedelta(hours=1), now + timedelta(hours=2)
    draw = works.draw(open_at=begins, close_at=ends, draw_at=ends + timedelta(minutes=30))
    of = Scene(works, draw.tenant_id, {"main": draw.id})

    def joining() -> Command:
        return c.EnterDraw(draw_id=draw.id, consumer_id=uuid4())

    return Window(of, begins, ends, joining, "DRAW_NOT_OPEN", "DRAW_CLOSED")


def crowd(works: Works, chance: Random) -> Iterator[list[Places]]:
    """A draw for 20 of 60 who come alone or as two, with 8 places that lapse, are given back, and are used."""
    now = works.value("SELECT ledger_now()")
    draw = works.draw(
        capacity=CAPACITY, winner_count=PLACES, draw_at=now + timedelta(hours=1), admission_expiration_seconds=1,
        completion_grace_seconds=0, on_expiry="requeue", max_people_per_entry=2,
    )  # fmt: skip
    of = Scene(works, draw.tenant_id, {"main": draw.id})
    people = [uuid4() for _ in range(60)]
    for step in range(30):
        if step == 10:
            works.advance("1 hour")
        of.send(*(_anything(draw.id, chance.choice(people), chance, step) for _ in range(chance.randint(5, 20))))
        if step % 4 == 3:
            works.advance("2 seconds")
        yield _places(of)


def _anything(draw_id: UUID, person: UUID, chance: Random, step: int) -> c.DrawCommand:
    named: dict[str, Any] = {"draw_id": draw_id, "consumer_id": person}
    commands: list[c.DrawCommand] = [
        c.EnterDraw(**named, people=chance.choice([1, 1, 2])), c.LeaveDraw(**named),
        c.CompleteWin(**named, order_id=str(step)), c.KnockDraw(draw_id=draw_id),
    ]  # fmt: skip
    return chance.choices(commands, [6, 1, 1, 1])[0]


def _places(of: Scene) -> list[Places]:
    counted = (
        "SELECT status, count(*) AS entries, sum(people) AS people FROM draw_entry WHERE draw_id = %s GROUP BY status"
    )
    rows = {row.status: row for row in of.works.rows(counted, of.own["main"])}
    inside = sum(rows[status].entries for status in (Status.ENTERED, Status.WON) if status in rows)
    taken = sum(rows[status].people for status in (Status.WON, Status.COMPLETED) if status in rows)
    return [Places("in the draw", inside, CAPACITY), Places("won", taken, PLACES)]


def life(chance: Random) -> str:
    """A simulated draw in which a few people do many things."""
    settings = settings_of(chance, people=15)
    room = simulated(**settings)
    for step in steps_of_a_life(DRAW, settings, chance, people=15):
        for command in step.commands:
            room.send(command)
        room.advance(step.seconds)
    return repr((room.draw, sorted(room.entries.items()), room.passed, room.counting, room.steps, room.events))


DRAWS = Kind(
    name="draw",
    scene=scene,
    commands=COMMANDS,
    counting=frozenset({"draw.validate"}),
    refusals=REFUSALS,
    foreign=FOREIGN,
    states=states,
    not_found=frozenset({"DRAW_NOT_FOUND", "SEQUENCE_NOT_FOUND"}),
    window=window,
    crowd=crowd,
    life=life,
)
