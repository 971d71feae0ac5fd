"""A storm made by hand: three people in one queue, and everything as it should be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4, uuid5

from tests.chaos.storm.book import Call, Effect
from tests.chaos.storm.evidence import Evidence
from tests.chaos.storm.pages import Page
from tests.chaos.storm.replay import Replay

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
TENANT, QUEUE, SERVER = UUID(int=1), UUID(int=2), UUID(int=3)


def named(word: str) -> UUID:
    """The id that a word stands for."""
    return uuid5(QUEUE, word)


def iso(seconds: float) -> str:
    """A moment so long after the beginning."""
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


@dataclass(slots=True)
class Tale:
    """Calls and pages, one of each for every step. Steps are a second apart."""

    calls: list[Call] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    after: list[Callable[[Evidence], None]] = field(default_factory=list)
    by: UUID = SERVER

    def step(
        self, what: str, word: str, event: dict[str, Any], *effects: Effect, body: dict[str, Any] | None = None
    ) -> None:
        """Somebody calls, and it is decided with one event."""
        own_id, second = named(word), len(self.pages) + 1.0
        call = Call(what, own_id, second, effects, second + 0.5, 200, body or {}, effects)
        self.calls.append(call)
        self.decided(event, own_id, {"type": f"queue.{what}", "body": body or {}})

    def keyless(self, what: str, status: int = 0) -> Call:
        """Somebody calls without a key; nobody knows what became of it unless there is a status."""
        answered = 2.0 if status else None
        call = Call(what, uuid4(), 1.0, (), answered, status, {}, (), self.by, unknown=not status)
        self.more.setdefault("keyless", []).append(call)
        return call

    def decided(self, event: dict[str, Any], own_id: UUID | None = None, reply: dict[str, Any] | None = None) -> None:
        """A page of the journal; without a command, what was due by itself."""
        at = BEGAN + timedelta(seconds=len(self.pages) + 1.0)
        ids, replies = ([own_id], [reply]) if own_id else ([], [])
        self.pages.append(Page(TENANT, QUEUE, len(self.pages), "queue", at, ids, replies, [event]))

    def happens(self, kind: str, who: str, **members: Any) -> dict[str, Any]:
        """An event about somebody, with their next version."""
        self.versions[who] = self.versions.get(who, 0) + (kind != "queue.grant.validated")
        version = {"stateVersion": self.versions[who]}
        return {"type": kind, "participationId": str(named(f"enter {who}")), "consumerId": who, **version, **members}

    def enters(self, who: str, ticket: int) -> None:
        """Somebody joins the line."""
        word = f"enter {who}"
        event = self.happens("queue.consumer.entered", who, ticket=ticket)
        self.step(
            "enter",
            word,
            event,
            ("queue.consumer.entered", str(named(word))),
            body={"participationId": str(named(word))},
        )

    def is_granted(self, who: str, rank: int, *, lives: float = 100.0) -> None:
        """Somebody's turn comes."""
        second = len(self.pages) + 1.0
        event = self.happens("queue.consumer.granted", who, rank=rank, outOfTurn=False, expiresAt=iso(second + lives))
        self.decided(event)

    def does(self, verb: str, kind: str, who: str, **members: Any) -> None:
        """Somebody does something, once."""
        own_id, order = named(f"enter {who}"), members.get("orderId")
        about = f"{own_id} {order}" if order else str(own_id)
        self.step(verb, f"{verb} {who}", self.happens(kind, who, **members), (kind, about))

    def evidence(self) -> Evidence:
        """What is looked at: rows say what the journal does."""
        line = Replay(self.pages)
        waiting, inside, admitted, completed, tickets = line.counts
        queue = SimpleNamespace(
            tenant_id=TENANT,
            id=QUEUE,
            waiting=waiting,
            inside=inside,
            admitted=admitted,
            completed=completed,
            tickets=tickets,
        )
        entries = [
            SimpleNamespace(
                tenant_id=TENANT, id=UUID(own_id), queue_id=QUEUE, status=place.status, version=place.version
            )
            for own_id, place in line.places.items()
        ]
        made = Evidence(
            calls=self.calls, pages=self.pages, queues=[queue], entries=entries,
            began=BEGAN, ended=BEGAN + timedelta(hours=1), **self.more,
        )  # fmt: skip
        for change in self.after:
            change(made)
        return made


def quiet_tale() -> Tale:
    """Ann buys, Ben leaves, Cid lets a grant lapse; nobody has anything to complain of."""
    tale = Tale()
    settings = {
        "admitRate": 60,
        "version": 1,
        "capacity": 2,
        "maxActiveGrants": 1,
        "maxAdmissions": 1,
        "openAt": iso(1.5),
    }
    made = ("distribution.changed", f"{QUEUE} created"), ("queue.order.fixed", str(QUEUE))
    tale.step("create", "create", {"type": "distribution.changed", "change": "created"}, *made, body=settings)
    tale.decided({"type": "queue.order.fixed", "fixedAt": iso(2), "cohortSize": 0})
    tale.enters("ann", 0)
    tale.is_granted("ann", 0, lives=2.0)
    tale.does("validate", "queue.grant.validated", "ann")
    tale.enters("ben", 1)
    tale.does("leave", "queue.consumer.left", "ann")
    tale.enters("cid", 2)
    tale.is_granted("ben", 1, lives=1.0)
    tale.decided(tale.happens("queue.consumer.denied", "ben", reason="ADMISSION_EXPIRED", deniedAt=iso(10)))
    tale.is_granted("cid", 2)
    tale.does("complete", "queue.consumer.completed", "cid", orderId="7")
    return tale
