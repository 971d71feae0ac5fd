"""Delivering mail: whoever is rung takes what is due, one at a time, until nothing is.

The ring carries nothing. A mail is marked as being sent, rendered and kept before anybody is dialled, so that a process
that dies leaves a row that says so, and every try sends the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import dramatiq
import redis
import structlog
from dramatiq import Broker, Message
from prometheus_client import Counter
from sqlalchemy import Connection, Engine

from domain.mail import OPERATOR, Attempt
from store import outbox
from store.database import ledger_now
from store.outbox import Claimed
from workers.letters import LETTERS, TO_OPERATOR, render
from workers.smtp import Relay

QUEUE = "mail"
ACTOR = "deliver_mail"
LEASE = timedelta(minutes=5)
LONGEST_SECONDS = 300.0
LONGEST_MS = 900_000
RING_MS = 1_000
attempts = Counter("drumroll_mail_attempts_total", "Attempts to deliver a mail, by how they ended.", ["ended"])
log = structlog.get_logger("mail")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivers what the store owes through one relay. Runs under the role that sees the outbox of every tenant."""

    engine: Engine
    relay: Relay
    sender: str
    operator: str | None

    def __call__(self) -> None:
        """Deliver until nothing is due, or until it is time to let others have the thread: the sweeper rings again."""
        until = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < until and self.deliver_one():
            pass

    def deliver_one(self) -> bool:
        """Deliver the mail that has waited longest; whether there was one."""
        with self.engine.begin() as connection:
            now = ledger_now(connection)
            mail = outbox.claim(connection, now, LEASE, self._known())
            if mail is None:
                return False
            ready = self._ready(connection, mail, now)
        if ready is not None:
            self._settle(mail, *self.relay.send(self.sender, *ready))
        return True

    def _known(self) -> frozenset[str]:
        """The letters that can be written here: without an operator's address his wait; unknown ones do in any case."""
        return frozenset(LETTERS) if self.operator else frozenset(LETTERS) - TO_OPERATOR

    def _ready(self, connection: Connection, mail: Claimed, now: datetime) -> tuple[str, bytes] | None:
        """The recipient and the bytes, kept before they are first sent. A letter that cannot be written is put off."""
        if mail.raw is not None:
            return mail.recipient, mail.raw
        recipient = self.operator if mail.recipient == OPERATOR and self.operator else mail.recipient
        try:
            raw = render(LETTERS[mail.kind](mail.payload), mail.id, self.sender, recipient, now)
        except (KeyError, ValueError, TypeError) as broken:
            log.exception("mail.unwritable", mail=str(mail.id), kind=mail.kind)
            outbox.settle(connection, mail, Attempt.LATER, now, f"unwritable: {type(broken).__name__}")
            return None
        outbox.keep_rendered(connection, mail, recipient, raw)
        return recipient, raw

    def _settle(self, mail: Claimed, attempt: Attempt, said: str) -> None:
        with self.engine.begin() as connection:
            standing = outbox.settle(connection, mail, attempt, ledger_now(connection), said)
        attempts.labels(attempt.name.lower()).inc()
        state = standing.state if standing else "too late"
        log.info("mail.tried", mail=str(mail.id), kind=mail.kind, attempt=mail.attempts, state=state, said=said)


def mail_bell(client: redis.Redis, broker: Broker) -> Callable[[], None]:
    """What wakes a deliverer, at most once a second however often it is asked. Raises when the broker is away."""
    broker.declare_queue(QUEUE)

    def ring() -> None:
        if client.set("bell:mail", b"1", nx=True, px=RING_MS):
            broker.enqueue(Message(queue_name=QUEUE, actor_name=ACTOR, args=(), kwargs={}, options={}))

    return ring


def actor(delivery: Delivery) -> dramatiq.Actor[[], None]:
    """The actor that is rung: it may take long, because a receiver may."""
    declare = dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, max_retries=0, time_limit=LONGEST_MS)
    return declare(delivery.__call__)
