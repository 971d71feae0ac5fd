"""The queue, before the laws."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from domain.command import Command
from domain.distribution.state import Scope
from domain.guest import NewGuest
from domain.queue import commands as c
from domain.queue.config import QueueConfig
from domain.queue.state import Queue, Status
from tests.conformance.kind import Kind, Places, Scene, Window
from tests.domain.queue.machine import PEOPLE
from tests.domain.queue.queues import make_queue as queue_in_memory
from tests.domain.queue.simulation import Simulation
from tests.support.factories import make_organization, make_queue, make_sequence
from tests.support.works import Works

ADA, BEN, GUS, CLEO, DORA, FRANK, EVE = (UUID(int=0xA11 << 64 | number) for number in range(7))
_VOLATILE = "{credit,credited_at,knock_at,speed,speed_at,speed_head,idle_at}"
QUIET = ("empty", "held", "closed", "early", "ended", "members")
_TABLES = ("queue", "queue_entry", "queue_requeue", "consumer", "session")


def scene(works: Works) -> Scene:
    """A queue with people in every status, beside others that are empty, held, full, closed, early, ended, for members."""
    with works.owner.begin() as connection:
        sequence = make_sequence(connection, make_organization(connection))
        now = connection.exec_driver_sql("SELECT ledger_now()").scalar_one()

        def queue(**settings: Any) -> Queue:
            return make_queue(connection, sequence, **settings)

        queues = {
            "main": queue(max_active_grants=3), "empty": queue(), "held": queue(), "full": queue(admit_rate=1, capacity=1),
            "closed": queue(close_at=now), "early": queue(open_at=now + timedelta(hours=2)), "ended": queue(),
            "members": queue(supports_guest=False),
        }  # fmt: skip
    ids = {name: made.id for name, made in queues.items()}
    made = Scene(works, sequence.organization.tenant_id, {**ids, "sequence": sequence.id, "nowhere": uuid4()})
    _let_much_happen(made)
    rows = works.rows("SELECT consumer_id, id, grant_id FROM queue_entry WHERE queue_id = %s", ids["main"])
    entries = {row.consumer_id: row.id for row in rows}
    grants = {row.consumer_id: row.grant_id for row in rows}
    return Scene(works, made.tenant_id, {**made.own, "entries": entries, "grants": grants})


def _let_much_happen(made: Scene) -> None:
    """Afterwards Ada, Ben and Cleo are inside, Gus has bought, Dora and Frank wait, Eve has left."""
    main, full = made.own["main"], made.own["full"]
    coming = [c.EnterQueue(queue_id=main, consumer_id=person) for person in (ADA, BEN, GUS, CLEO, DORA, EVE, FRANK)]
    filling = [c.EnterQueue(queue_id=full, consumer_id=ADA)]
    made.send(*coming, *filling, *(c.KnockQueue(queue_id=made.own[name]) for name in QUIET))
    made.send(
        c.LeaveQueue(queue_id=main, consumer_id=EVE),
        c.CompleteGrant(queue_id=main, consumer_id=GUS, order_id="first"),
        c.EnterQueue(queue_id=full, consumer_id=BEN),
        c.PauseQueue(queue_id=made.own["held"], scope=Scope.ALL),
        c.KillQueue(queue_id=made.own["ended"], reason="fire"),
    )


def states(of: Scene) -> Any:
    """Every row of the tenant, without what the time that passes changes."""
    statement = "SELECT to_jsonb(t) - '{}'::text[] FROM {} t WHERE tenant_id = %s ORDER BY t::text"
    return {
        table: [row[0] for row in of.works.rows(statement.format(_VOLATILE, table), of.tenant_id)] for table in _TABLES
    }


def _new(of: Scene, sequence: str = "sequence") -> Command:
    config = QueueConfig(name="Side door", admit_rate=60)
    return c.CreateQueue(queue_id=uuid4(), sequence_id=of.own[sequence], config=config)


def _guest() -> NewGuest:
    return NewGuest(session_id=uuid4(), refresh_hash="hash")


def _grant(of: Scene, person: UUID) -> dict[str, Any]:
    return {"entry_id": of.own["entries"][person], "grant_id": of.own["grants"][person]}


def _aimed(kind: Callable[..., Command], at: str, **members: Any) -> Callable[[Scene], Command]:
    """A command on one of the queues, with these members."""
    return lambda of: kind(queue_id=of.own[at], **members)


COMMANDS: dict[str, Callable[[Scene], Command]] = {
    "queue.create": _new,
    "queue.update": _aimed(c.UpdateQueue, "main", changes={"name": "Side door", "admitRate": 61}),
    "queue.archive": _aimed(c.ArchiveQueue, "empty"),
    "queue.pause": _aimed(c.PauseQueue, "main", scope=Scope.ALL, reason="rain"),
    "queue.resume": _aimed(c.ResumeQueue, "held"),
    "queue.kill": _aimed(c.KillQueue, "main", reason="fire", revoke_grants=True),
    "queue.knock": _aimed(c.KnockQueue, "main"),
    "queue.enter": lambda of: c.EnterQueue(queue_id=of.own["main"], consumer_id=uuid4(), guest=_guest()),
    "queue.leave": _aimed(c.LeaveQueue, "main", consumer_id=ADA),
    "queue.admit": _aimed(c.AdmitEntry, "main", consumer_id=FRANK),
    "queue.deny": _aimed(c.DenyEntry, "main", consumer_id=ADA, reason="ADMIN_ACTION"),
    "queue.validate": lambda of: c.ValidateGrant(queue_id=of.own["main"], **_grant(of, ADA)),
    "queue.complete": lambda of: c.CompleteGrant(queue_id=of.own["main"], order_id="second", **_grant(of, ADA)),
    "queue.note_presence": lambda of: c.NotePresence(queue_id=of.own["main"], entry_ids=(of.own["entries"][DORA],)),
    "queue.sign_grant": lambda of: c.SignGrant(queue_id=of.own["main"], **_grant(of, ADA)),
}
REFUSALS: dict[str, Callable[[Scene], Command]] = {
    "QUEUE_NOT_FOUND entering": _aimed(c.EnterQueue, "nowhere", consumer_id=ADA),
    "VALIDATION_ERROR entering": _aimed(c.EnterQueue, "main", consumer_id=UUID(int=5), quantity=9),
    "QUEUE_CLOSED entering": _aimed(c.EnterQueue, "closed", consumer_id=ADA),
    "QUEUE_CLOSED entering what has ended": _aimed(c.EnterQueue, "ended", consumer_id=ADA),
    "DISTRIBUTION_PAUSED entering": _aimed(c.EnterQueue, "held", consumer_id=ADA),
    "QUEUE_NOT_OPEN entering": _aimed(c.EnterQueue, "early", consumer_id=ADA),
    "GUEST_NOT_ALLOWED entering": _aimed(c.EnterQueue, "members", consumer_id=ADA, guest=_guest()),
    "QUEUE_FULL entering": _aimed(c.EnterQueue, "full", consumer_id=CLEO, guest=_guest()),
    "CONSUMER_NOT_IN_QUEUE admitting": _aimed(c.AdmitEntry, "main", consumer_id=EVE),
    "ALREADY_GRANTED admitting": _aimed(c.AdmitEntry, "main", consumer_id=ADA),
    "CONSUMER_NOT_IN_QUEUE denying": _aimed(c.DenyEntry, "main", consumer_id=EVE, reason="ADMIN_ACTION"),
    "ALREADY_COMPLETED denying": _aimed(c.DenyEntry, "main", consumer_id=GUS, reason="ADMIN_ACTION"),
    "NO_LIVE_GRANT completing": _aimed(c.CompleteGrant, "main", consumer_id=DORA, order_id="x"),
    "GRANT_ALREADY_USED completing": _aimed(c.CompleteGrant, "main", consumer_id=GUS, order_id="x"),
    "GRANT_INVALID completing": lambda of: c.CompleteGrant(
        queue_id=of.own["main"], order_id="x", entry_id=of.own["entries"][ADA], grant_id=UUID(int=7)
    ),
    "NO_LIVE_GRANT signing": lambda of: c.SignGrant(
        queue_id=of.own["main"], entry_id=of.own["entries"][DORA], grant_id=UUID(int=7)
    ),
    "ALREADY_PAUSED pausing": _aimed(c.PauseQueue, "held"),
    "DISTRIBUTION_CLOSED pausing": _aimed(c.PauseQueue, "ended"),
    "NOT_PAUSED resuming": _aimed(c.ResumeQueue, "main"),
    "DISTRIBUTION_CLOSED killing": _aimed(c.KillQueue, "ended", reason="again"),
    "DISTRIBUTION_CLOSED updating": _aimed(c.UpdateQueue, "ended", changes={"name": "x"}),
    "VERSION_CONFLICT updating": _aimed(c.UpdateQueue, "main", changes={"name": "x"}, if_version=99),
    "VALIDATION_ERROR updating": _aimed(c.UpdateQueue, "main", changes={"admitRate": 0}),
    "FIELD_FROZEN updating": _aimed(c.UpdateQueue, "main", changes={"onExpiry": "requeue"}),
    "INVALID_WINDOW updating": _aimed(c.UpdateQueue, "early", changes={"closeAt": "2026-01-01T00:00:00Z"}),
    "VERSION_CONFLICT archiving": _aimed(c.ArchiveQueue, "empty", if_version=99),
    "HAS_LIVE_PARTICIPANTS archiving": _aimed(c.ArchiveQueue, "main"),
    "SEQUENCE_NOT_FOUND creating": lambda of: _new(of, "nowhere"),
}
FOREIGN: dict[str, Callable[[Scene, Scene], Command]] = {
    "a sequence to create under": lambda _, theirs: _new(theirs),
    "a grant to complete": lambda mine, theirs: c.CompleteGrant(
        queue_id=mine.own["main"], order_id="x", **_grant(theirs, ADA)
    ),
    "a grant to validate": lambda mine, theirs: c.ValidateGrant(queue_id=mine.own["main"], **_grant(theirs, ADA)),
    "a grant to sign": lambda mine, theirs: c.SignGrant(queue_id=mine.own["main"], **_grant(theirs, ADA)),
    "a participation to leave": lambda mine, theirs: c.LeaveQueue(
        queue_id=mine.own["main"], consumer_id=ADA, entry_id=theirs.own["entries"][ADA]
    ),
    "a participation to see": lambda mine, theirs: c.NotePresence(
        queue_id=mine.own["main"], entry_ids=(theirs.own["entries"][DORA],)
    ),
}


def window(works: Works) -> Window:
    """A queue that takes people for an hour."""
    now = works.value("SELECT ledger_now()")
    begins, ends = now + timedelta(hours=1), now + timedelta(hours=2)
    queue = works.queue(entry_open_at=begins, open_at=begins + timedelta(minutes=30), close_at=ends, admit_rate=1)
    of = Scene(works, queue.tenant_id, {"main": queue.id})

    def joining() -> Command:
        return c.EnterQueue(queue_id=queue.id, consumer_id=uuid4())

    return Window(of, begins, ends, joining, "QUEUE_NOT_OPEN", "QUEUE_CLOSED")


def crowd(works: Works, chance: Random) -> Iterator[list[Places]]:
    """A queue for 8, a shop for 4 and 8 admissions, and a crowd of 60 who come, buy, go and let grants lapse."""
    queue = works.queue(
        admit_rate=6000, capacity=8, max_active_grants=4, max_admissions=8, admission_expiration_seconds=1,
        completion_grace_seconds=0,
    )  # fmt: skip
    of = Scene(works, queue.tenant_id, {"main": queue.id})
    people = [uuid4() for _ in range(60)]
    for step in range(40):
        batch = [_anything(queue.id, chance.choice(people), chance, step) for _ in range(chance.randint(1, 20))]
        of.send(*batch)
        if step % 8 == 7:
            works.database.advance("2 seconds")
        yield _places(of)


def _anything(queue_id: UUID, person: UUID, chance: Random, step: int) -> c.QueueCommand:
    named: dict[str, Any] = {"queue_id": queue_id, "consumer_id": person}
    commands: list[c.QueueCommand] = [
        c.EnterQueue(**named), c.LeaveQueue(**named), c.CompleteGrant(**named, order_id=str(step)),
    ]  # fmt: skip
    return chance.choices(commands, [6, 1, 3])[0]


def _places(of: Scene) -> list[Places]:
    counted = "SELECT status, count(*) AS people FROM queue_entry WHERE queue_id = %s GROUP BY status"
    people = {row.status: row.people for row in of.works.rows(counted, of.own["main"])}
    inside, waiting = people.get(Status.GRANTED, 0), people.get(Status.QUEUED, 0)
    admitted = inside + people.get(Status.COMPLETED, 0)
    return [Places("in line", waiting, 8), Places("inside", inside, 4), Places("admitted", admitted, 8)]


def life(chance: Random) -> str:
    """A simulated queue in which a few people do many things."""
    room = Simulation(
        queue_in_memory(
            open_at=30, on_expiry="requeue", admission_expiration_seconds=20, max_active_grants=2, capacity=5
        )
    )
    for step in range(120):
        room.send(_anything(room.queue.id, chance.choice(PEOPLE), chance, step), command_id=UUID(int=step))
        room.advance(chance.choice([0, 0.5, 3, 11]))
    return repr((room.queue, sorted(room.entries.items()), room.second_leaves, room.events))


QUEUES = Kind(
    name="queue",
    scene=scene,
    commands=COMMANDS,
    counting=frozenset({"queue.validate", "queue.note_presence"}),
    refusals=REFUSALS,
    foreign=FOREIGN,
    states=states,
    not_found=frozenset({"QUEUE_NOT_FOUND", "SEQUENCE_NOT_FOUND"}),
    window=window,
    crowd=crowd,
    life=life,
)
