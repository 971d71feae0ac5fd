"""Deciding what was taken: in order, in memory, one command's failure being its own."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog

from domain.command import MOST_HOPS, Command, Envelope
from domain.decision import KEY_REUSED, Refused, Reply
from domain.times import Times
from runtime import metrics
from store import journal
from store.dead import DeadCommand
from store.work import Grown, Work, stored_outcome
from workers.handlers import AGAIN_AFTER, HANDLERS, SETTLES

Outcome = Reply | Refused
MICROSECOND = timedelta(microseconds=1)
log = structlog.get_logger("drain")


@dataclass(frozen=True, slots=True)
class Taken:
    """A command from the log and the moment its batch was appended."""

    sent: Envelope[Command]
    received_at: datetime


@dataclass(slots=True)
class Decided:
    """What came of a drain at a moment: answers in the order of the log, stored answers of repeats, and what broke.

    `grown` are the logs of distributions that have grown.
    """

    at: datetime
    answers: list[tuple[Taken, dict[str, Any], Outcome | None]] = field(default_factory=list)
    dead: list[DeadCommand] = field(default_factory=list)
    grown: Mapping[UUID, Grown] = field(default_factory=dict)


def preload(work: Work, taken: Sequence[Taken]) -> dict[UUID, Any]:
    """Read what the commands want, and what was decided before of those that may come again, in one go.

    A command that broke, or was told to come again later, is decided anew.
    """
    found = journal.ask_outcomes(
        work.connection, [one.sent.id for one in taken if one.sent.keyed or one.sent.may_repeat]
    )
    for one in taken:
        work.turn_to(one.sent)
        HANDLERS[type(one.sent.body)].wants(work, one.sent)
    work.load()
    return {row.command_id: row.reply for row in found if row.reply and not journal.is_open(row.reply)}


def decide(work: Work, taken: Sequence[Taken], stored: dict[UUID, Any]) -> Decided:
    """Decide every command once: what was decided before, in this drain or an earlier one, is only answered again."""
    decided, told = Decided(work.now, grown=work.grown), dict(stored)
    for one in taken:
        before = told.get(one.sent.id)
        if before is not None:
            decided.answers.append((one, _again(before, one.sent), None))
            continue
        outcome = _decide_one(work, one, decided)
        kept = told[one.sent.id] = answered(work, one, outcome)
        decided.answers.append((one, kept, outcome))
    _settle(work, taken)
    return decided


def astray(work: Work) -> list[DeadCommand]:
    """The commands that were to be sent on once too often: kept for the operator, because nobody waits for their answer."""
    for one in work.astray:
        log.error("command.astray", command=str(one.id), type=one.body.type, hops=one.hops)
    return [DeadCommand(one, work.now, work.now, f"Astray: sent on {MOST_HOPS} times", "") for one in work.astray]


def answered(work: Work, one: Taken, outcome: Outcome) -> dict[str, Any]:
    """Note the outcome of a command and how long it waited for it; returns what is kept."""
    kept = work.answered(one.sent, outcome)
    kept["waitedUs"] = (work.now - one.received_at) // MICROSECOND
    return kept


def _decide_one(work: Work, one: Taken, decided: Decided) -> Outcome:
    work.turn_to(one.sent)
    times = Times(one.received_at, max(work.now, one.received_at))
    try:
        outcome = HANDLERS[type(one.sent.body)].handler(work, one.sent, times)
    except psycopg.Error:
        raise
    except Exception as broken:  # noqa: BLE001 (whatever breaks in one command must not reach the others)
        decided.dead.append(dead_of(one, broken, work.now))
        work.broken.add(one.sent.body.aggregate_id)
        outcome = broken_outcome(one.sent.id)
    return outcome


def _settle(work: Work, taken: Sequence[Taken]) -> None:
    """What is due to every aggregate once its commands are decided.

    What breaks in one does not reach the others; its commands stand, and it is promised to be tried again.
    """
    settling = SETTLES.get(work.topic)
    if settling is None:
        return
    touched = {(one.sent.tenant_id, one.sent.body.aggregate_id): one for one in taken}
    for (_, aggregate_id), one in touched.items():
        work.turn_to(one.sent)
        try:
            settling.settle(work, aggregate_id, Times(one.received_at, work.now))
        except psycopg.Error:
            raise
        except Exception:
            metrics.unsettled.labels(work.topic).inc()
            log.exception("drain.unsettled", topic=work.topic, aggregate=str(aggregate_id))
            settling.again(work, aggregate_id, work.now + AGAIN_AFTER)


def _again(before: dict[str, Any], sent: Envelope[Command]) -> dict[str, Any]:
    if sent.keyed is not None and before.get("keyed") not in {None, sent.keyed}:
        return stored_outcome(KEY_REUSED, sent)
    return before | {"replayed": True}


def broken_outcome(command_id: UUID) -> Refused:
    """The answer to a command that could not be decided: 500, with the reference an operator finds it by."""
    return Refused(journal.BROKEN, f"The command could not be decided. Reference: {command_id}.")


def dead_of(one: Taken, broken: BaseException, now: datetime) -> DeadCommand:
    """A command that could not be decided, with the reason, for the operator."""
    trace = "".join(traceback.format_exception(broken))
    return DeadCommand(one.sent, one.received_at, now, f"{type(broken).__name__}: {broken}"[:500], trace[-20_000:])
