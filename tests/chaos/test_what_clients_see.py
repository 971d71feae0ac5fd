"""What clients see of a queue could have happened one call at a time: several drains in threads, under one store."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from domain.command import Command, Envelope
from domain.queue.commands import (
    AdmitEntry,
    CompleteGrant,
    EnterQueue,
    LeaveQueue,
    PauseQueue,
    ValidateGrant,
)
from domain.queue.state import Queue
from store import journal
from store.database import see_tenants
from store.roles import WORKER
from tests.support.database import TestDatabase
from tests.support.factories import sent
from tests.support.linearizability import UNKNOWN, Operation, assert_linearizable, check
from tests.support.queue_as_seen import Ask, Line, QueueAsSeen, Told
from tests.support.works import Works, new_drain, place_of
from workers.drain import Drain

CLIENTS, CALLS, DRAINS = 8, 40, 3
PATIENCE_SECONDS = 20.0
SETTINGS = {"capacity": 4, "max_completions_per_consumer": 2}
SEEN = QueueAsSeen(capacity=4, completions=2)


@dataclass
class Recorder:
    """Clients in threads that call a queue, and everything that they saw."""

    works: Works
    reading: Engine
    queue: Queue
    people: Sequence[UUID]
    history: list[Operation] = field(default_factory=list)
    grants: dict[int, tuple[UUID, UUID]] = field(default_factory=dict)
    sent: list[Envelope[Command]] = field(default_factory=list)

    def lives(self, client: int) -> None:
        """One client's calls, one after the other."""
        random = Random(client)
        for _ in range(CALLS):
            call, ask, envelope = self._chosen(random)
            begin = time.monotonic()
            self.works.append([envelope])
            facts = self._outcome(envelope)
            end, answer = (time.monotonic(), self._told(call, facts)) if facts else (None, UNKNOWN)
            self._note(Operation(client, call, ask, begin, end, answer), facts)

    def _chosen(self, random: Random) -> tuple[str, Ask, Envelope[Any]]:
        """What is asked next. Now and then what somebody has asked before is asked again, under the same key."""
        person = random.choice(self.people)
        if self.sent and random.random() < 0.1:
            again = random.choice(self.sent)
            assert isinstance(again.body, EnterQueue)
            return "enter", Ask(str(again.body.consumer_id), str(again.id)), again
        call = random.choice(("enter", "enter", "leave", "admit", "complete", "validate"))
        queue, name = self.queue.id, str(person)
        if call == "enter":
            entering = sent(self.queue, EnterQueue(queue_id=queue, consumer_id=person), keyed="body")
            self.sent.append(entering)
            return call, Ask(name, str(entering.id)), entering
        if call == "leave":
            return call, Ask(name), sent(self.queue, LeaveQueue(queue_id=queue, consumer_id=person))
        if call == "admit" or (call == "validate" and not self.grants):
            return "admit", Ask(name), sent(self.queue, AdmitEntry(queue_id=queue, consumer_id=person))
        if call == "validate":
            ticket = random.choice(list(self.grants))
            entry_id, grant_id = self.grants[ticket]
            asking = ValidateGrant(queue_id=queue, entry_id=entry_id, grant_id=grant_id)
            return call, Ask("", ticket=ticket), sent(self.queue, asking)
        order = f"{name}-{random.randrange(3)}"
        using = CompleteGrant(queue_id=queue, consumer_id=person, order_id=order)
        return call, Ask(name, order=order), sent(self.queue, using)

    def _outcome(self, envelope: Envelope[Command]) -> Any:
        """What was decided; None when that is not known in time."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with self.reading.begin() as connection:
                see_tenants(connection, [self.queue.tenant_id])
                found = journal.outcomes(connection, [envelope.id])
            if found:
                outcome = found[envelope.id]
                return outcome.get("refused") or outcome["body"]
        return None

    def _told(self, call: str, facts: Any) -> Told:
        if call == "validate":
            return Told("valid" if facts["valid"] else facts["code"])
        if "code" in facts:
            return Told(facts["code"])
        return Told(facts["status"], facts.get("ticket"), facts.get("head") if call == "enter" else None)

    def _note(self, operation: Operation, facts: Any) -> None:
        if operation.call == "admit" and operation.answer is not UNKNOWN and operation.answer.status == "GRANTED":
            self.grants[facts["ticket"]] = (UUID(facts["participationId"]), UUID(facts["grantId"]))
        self.history.append(operation)


@pytest.fixture
def engine(store: TestDatabase) -> Iterator[Engine]:
    """Connections enough for all clients and drains."""
    made = store.engine(WORKER, pool=CLIENTS + DRAINS)
    yield made
    made.dispose()


@pytest.fixture
def drains(works: Works, engine: Engine) -> Iterator[list[Drain]]:
    """Drains with bells of their own."""
    with ExitStack() as stack:
        yield [stack.enter_context(new_drain(engine, works.redis_url)) for _ in range(DRAINS)]


def lived_through(works: Works, drains: Sequence[Drain]) -> list[Operation]:
    """What eight clients saw of one queue while several drains took turns at its partition."""
    queue = works.queue(**SETTINGS)
    works.append([sent(queue, PauseQueue(queue_id=queue.id))])
    works.settle()
    people, over = [uuid4() for _ in range(12)], threading.Event()
    recorder = Recorder(works, drains[0].ledger.engine, queue, people)

    def turn(drain: Drain) -> None:
        while not over.is_set():
            drain.round(place_of(queue))

    turning = started([partial(turn, drain) for drain in drains])
    for thread in started([partial(recorder.lives, client) for client in range(CLIENTS)]):
        thread.join()
    over.set()
    for thread in turning:
        thread.join()
    return recorder.history


def started(acts: Sequence[Callable[[], None]]) -> list[threading.Thread]:
    """Each in a thread of its own."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    return threads


def test_eight_clients_and_three_drains_see_one_order(works: Works, drains: list[Drain]) -> None:
    history = lived_through(works, drains)

    assert len(history) == CLIENTS * CALLS
    assert_linearizable(history, Line(), SEEN)
    assert {"QUEUED", "QUEUE_FULL", "GRANTED", "COMPLETED", "LEFT", "valid"} <= {one.answer.status for one in history}
    one_wrong_answer_is_seen(history)


def one_wrong_answer_is_seen(history: Sequence[Operation]) -> None:
    """Each of several answers that were not given would have been noticed."""
    keys = Counter(one.argument.key for one in history)
    entered = next(at for at, one in enumerate(history) if one.answer.head is not None and keys[one.argument.key] == 1)
    full = next(at for at, one in enumerate(history) if one.answer.status == "QUEUE_FULL")
    answer = history[entered].answer
    for at, wrong in [
        (entered, answer._replace(ticket=answer.ticket + 1)),
        (entered, answer._replace(head=-1)),
        (full, Told("LEFT")),
    ]:
        altered = [*history[:at], replace(history[at], answer=wrong), *history[at + 1 :]]
        assert not check(altered, Line(), SEEN).holds, wrong


def test_without_the_outcomes_of_before_a_repeat_is_found_out(
    works: Works, drains: list[Drain], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whoever asks again under the same key is told what is so now, and not what was decided."""
    monkeypatch.setattr(journal, "ask_outcomes", lambda *_: [])
    assert not check(lived_through(works, drains), Line(), SEEN).holds


def test_a_queue_of_another_length_is_found_out(works: Works, drains: list[Drain]) -> None:
    """The control: the same history, held against a queue with fewer places or more than there are people."""
    history = lived_through(works, drains)
    assert not check(history, Line(), QueueAsSeen(capacity=1, completions=2)).holds
    assert not check(history, Line(), QueueAsSeen(capacity=13, completions=2)).holds
