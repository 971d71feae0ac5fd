"""The unit of work: filled in bulk before the first decision, written in bulk after the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.command import MOST_HOPS, SYSTEM_ACTOR, Actor, Command, Envelope
from domain.decision import Decision, Refused, Reply, Timer
from domain.fairness import Frontier
from domain.ids import derived_id
from domain.receipts import Growth
from domain.settings import actor_text
from store import journal, timers
from store.journal import Page
from store.pipelined import Connection
from store.repositories.base import Tenancy
from store.repositories.registry import Repositories

_THEMSELVES = frozenset({"consumer", "publishable", "system"})
"""Actors that need no naming: the person whom an event names, and nobody."""


@dataclass(slots=True)
class Grown:
    """How the log of a distribution has grown in a drain: what it was before, and the leaf hashes that it got."""

    before: Frontier
    leaves: list[bytes] = field(default_factory=list)


class Work(Repositories):
    """What a drain knows and is about to write. Handlers see one tenant at a time: that of the command in hand.

    `broken` are the aggregates of which a command could not be decided in this drain; `patient` those that have just had
    a slice of what is due to them, and let others go first; `knocked` those whose timer may have been used up. `astray`
    are the commands that were to be sent on once too often.
    """

    def __init__(self, connection: Connection, topic: str, now: datetime) -> None:
        super().__init__(Tenancy(connection, UUID(int=0)))
        self.topic, self.now = topic, now
        self.follow_ups: list[Envelope[Command]] = []
        self.astray: list[Envelope[Command]] = []
        self.broken: set[UUID] = set()
        self.patient: set[UUID] = set()
        self.knocked: set[UUID] = set()
        self.grown: dict[UUID, Grown] = {}
        self._cause: Envelope[Command] | None = None
        self._timers: list[tuple[UUID, Timer]] = []
        self._pages: dict[tuple[UUID, UUID], Page] = {}
        self._page: Page | None = None

    @property
    def connection(self) -> Connection:
        """The connection of the drain's transaction."""
        return self.scope.connection

    def turn_to(self, sent: Envelope[Command]) -> None:
        """From now on everything is done for this command and its tenant."""
        self.scope.tenant_id = sent.tenant_id
        self._cause = sent

    def save(self, decision: Decision, *, by: Actor | None = None) -> None:
        """Keep all consequences of a decision: states, events, follow-ups and timers.

        `by` is who decided it, where the journal is to say so; of what nobody asked for, it says nothing.
        """
        for state in decision.saves:
            self.repository_of(type(state)).put(state)
        if decision.events:
            self._tell(decision, by)
        if decision.leaves:
            self._grow(decision.leaves)
        for command in decision.follow_ups:
            self.follow(command)
        self._timers.extend((self.scope.tenant_id, timer) for timer in decision.timers)

    def _tell(self, decision: Decision, by: Actor | None) -> None:
        page = self.page(self._cause_of().body.aggregate_id)
        author = {"actor": actor_text(by)} if by is not None and by.type not in _THEMSELVES else {}
        for event in decision.events:
            page.events.append({**event.facts(), **author} if author else event.facts())
            if event.news:
                page.news = True
                person = getattr(event, "consumer_id", None)
                if person is not None:
                    page.changed.append(person)

    def _grow(self, leaves: Sequence[Growth]) -> None:
        own_id = self._cause_of().body.aggregate_id
        if own_id not in self.grown:
            self.grown[own_id] = Grown(leaves[0].before)
        self.grown[own_id].leaves += [one.leaf for one in leaves]

    def follow(self, command: Command, *, hops: int | None = None) -> None:
        """Append a command of our own to the log, in the same transaction, unless it has been sent on too often.

        `hops` is 0 where what is left to do grows less each time, so that there is an end to it.
        """
        cause = self._cause_of()
        position = (len(self.follow_ups) + len(self.astray)).to_bytes(4, "big")
        own_id = derived_id(self.now, b"follow", cause.id.bytes, position)
        taken = cause.hops + 1 if hops is None else hops
        one = Envelope(own_id, cause.tenant_id, SYSTEM_ACTOR, cause.request_id, command, hops=taken)
        (self.follow_ups if taken <= MOST_HOPS else self.astray).append(one)

    def set_timer(self, timer: Timer) -> None:
        """Set, move or cancel the timer of an aggregate and purpose."""
        self._timers.append((self.scope.tenant_id, timer))

    def answered(self, sent: Envelope[Command], outcome: Reply | Refused) -> dict[str, Any]:
        """Note the outcome of a command, without its secrets, for whoever asks later; returns what is kept of it."""
        page = self.page(sent.body.aggregate_id)
        page.command_ids.append(sent.id)
        kept = stored_outcome(outcome, sent)
        page.replies.append(kept)
        return kept

    def page(self, aggregate_id: UUID) -> Page:
        """The journal page of an aggregate in this drain."""
        last = self._page
        if last is not None and last.aggregate_id is aggregate_id and last.tenant_id is self.scope.tenant_id:
            return last
        key = (self.scope.tenant_id, aggregate_id)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page(*key, self.topic, self.now)
        self._page = page
        return page

    @property
    def promised(self) -> bool:
        """Whether a timer was set or moved."""
        return any(timer.due_at is not None for _, timer in self._timers)

    def changed(self) -> frozenset[str]:
        """The aggregates whose readers have news, by id."""
        return frozenset(str(page.aggregate_id) for page in self._pages.values() if page.news)

    def load(self) -> None:
        """Read everything that was wanted, one statement for each repository that was asked."""
        for repository in self.in_use():
            repository.ask()
        for repository in self.in_use():
            repository.take()

    def flush(self) -> None:
        """Write everything that was put, in bulk; last of all what others wait for who write the same row."""
        for repository in self.in_use():
            repository.flush()
        journal.write(self.connection, list(self._pages.values()))
        if self._timers:
            timers.write(self.connection, self._timers)
        self.record.chain()

    def _cause_of(self) -> Envelope[Command]:
        if self._cause is None:
            raise RuntimeError("turn_to(command) comes before anything is saved")
        return self._cause


def stored_outcome(outcome: Reply | Refused, sent: Envelope[Command]) -> dict[str, Any]:
    """An outcome as JSON: what the journal keeps and the gateways read. `sealed` says that secrets were left out."""
    kept: dict[str, Any] = {"type": sent.body.type, "actor": sent.actor.id, "keyed": sent.keyed}
    if isinstance(outcome, Refused):
        refusal = {
            "code": outcome.code,
            "detail": outcome.detail,
            "retryAfter": outcome.retry_after,
            "field": outcome.field,
        }
        return kept | {"refused": refusal}
    return kept | {"body": dict(outcome.body), "created": outcome.created, "sealed": sorted(outcome.secrets)}
