"""Answers to the gateways that wait: published after the commit, signed on the way, missed without harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import redis
import structlog

from domain.claims import Claims
from domain.decision import Reply
from domain.receipts import ReceiptDue
from store.database import AWAY
from workers.decide import Decided
from workers.receipts import Receipts

TIMERS = "timers"
log = structlog.get_logger("replies")


class Signer(Protocol):
    """Makes tokens of claims."""

    def sign(self, claims: Claims) -> str:
        """The signed token."""
        ...


@dataclass(frozen=True, slots=True)
class RedisReplies:
    """Replies and nudges as Redis messages."""

    client: redis.Redis
    signer: Signer

    def publish(self, decided: Decided) -> None:
        """One message for each gateway. Whoever cannot be told (Redis is away, a token cannot be signed) looks it up."""
        by_gateway: dict[str, list[Any]] = defaultdict(list)
        away = False
        receipts = Receipts(decided.grown, decided.at, self.signer.sign)
        for taken, stored, outcome in decided.answers:
            if not taken.sent.gateway:
                continue
            claimed = outcome.secrets if isinstance(outcome, Reply) else {}
            if claimed and away:
                continue
            try:
                secrets = {name: _made(value, self.signer, receipts) for name, value in claimed.items()}
            except Exception as failure:  # noqa: BLE001 (whatever breaks in one answer, the others are waited for)
                log.warning("replies.unsigned", command=str(taken.sent.id), error=repr(failure)[:300])
                away = isinstance(failure, AWAY)
                continue
            by_gateway[taken.sent.gateway].append([taken.sent.id, stored, secrets])
        _send(self.client, {f"replies:{gateway}": orjson.dumps(answers) for gateway, answers in by_gateway.items()})

    def nudge_readers(self, changed: Iterable[str]) -> None:
        """That these aggregates changed."""
        _send(self.client, {f"changed:{aggregate}": b"1" for aggregate in changed})

    def nudge_timers(self) -> None:
        """That a timer was set, which may be due before the schedulers look by themselves."""
        nudge_timers(self.client)


def nudge_timers(client: redis.Redis) -> None:
    """Tell the schedulers, after the commit, that a timer was set which is due before they look by themselves."""
    _send(client, {TIMERS: b"1"})


def _made(secret: Any, signer: Signer, receipts: Receipts) -> Any:
    """What is only made once it is told: tokens and receipts."""
    if isinstance(secret, Claims):
        return signer.sign(secret)
    return receipts.of(secret) if isinstance(secret, ReceiptDue) else secret


def _send(client: redis.Redis, messages: Mapping[str, bytes]) -> None:
    if not messages:
        return
    pipeline = client.pipeline(transaction=False)
    for channel, message in messages.items():
        pipeline.publish(channel, message)
    try:
        pipeline.execute()
    except (redis.RedisError, OSError) as failure:
        log.warning("replies.unsent", channels=len(messages), error=type(failure).__name__)
