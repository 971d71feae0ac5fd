"""What is looked at after a storm: what was called and answered, and what the store and the receiver of mail hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cli.errors import ObstacleError
from cli.verify import check
from domain.fairness import Finding, Verdict
from tests.chaos.storm.agent import Happened
from tests.chaos.storm.book import Call, Look
from tests.chaos.storm.draw_replay import DrawReplay, draw_replays
from tests.chaos.storm.ground import Ground
from tests.chaos.storm.load import Load
from tests.chaos.storm.pages import Page
from tests.chaos.storm.poison import Poison
from tests.chaos.storm.proofs import undrawn
from tests.chaos.storm.replay import Replay
from tests.support.caller import CONSUMER
from tests.support.installation import Grounds
from tests.support.works import MISKEPT

FIRST, LAST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1), datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_JOURNAL = """
SELECT tenant_id, aggregate_id, seq, topic, at, command_ids, replies, events FROM journal
WHERE tenant_id = ANY(%s) ORDER BY seq"""
_QUEUES = "SELECT tenant_id, id, waiting, inside, admitted, completed, tickets FROM queue WHERE tenant_id = ANY(%s)"
_ENTRIES = "SELECT tenant_id, id, queue_id, consumer_id, status, version FROM queue_entry WHERE tenant_id = ANY(%s)"
_DRAWS = "SELECT * FROM draw WHERE tenant_id = ANY(%s)"
_ENTRANTS = """
SELECT tenant_id, id, draw_id, consumer_id, status, version, people, duplicate_key, rank FROM draw_entry
WHERE tenant_id = ANY(%s) ORDER BY number"""
_MAILS = "SELECT id, state, attempts, unknowns, last_error, created_at FROM outbox WHERE created_at >= %s"
_DEAD = "SELECT id, type, error FROM dead_command WHERE died_at >= %s"
_NOW = "SELECT ledger_now()"
_PENDING = """
SELECT 'commands in the log' AS what, count(*) FROM command_log UNION ALL
SELECT 'partitions with strikes', count(*) FROM log_partition WHERE strikes > 0 UNION ALL
SELECT 'timers long due', count(*) FROM timer WHERE due_at < ledger_now() - interval '1 second' UNION ALL
SELECT 'draws not over', count(*) FROM draw WHERE completed_at IS NULL AND ended IS NULL UNION ALL
SELECT 'wins not used up', count(*) FROM draw_entry WHERE status = 'WON'"""


@dataclass(slots=True)
class Evidence:
    """A storm as it can be looked at afterwards. Everything defaults to nothing, so that a test can make some by hand.

    `calls`, `keyless` and `misuses` are as in the book.
    """

    calls: Sequence[Call] = ()
    keyless: Sequence[Call] = ()
    misuses: Sequence[Call] = ()
    broken: Sequence[str] = ()
    happened: Sequence[Happened] = ()
    pages: Sequence[Page] = ()
    queues: Sequence[Any] = ()
    entries: Sequence[Any] = ()
    draws: Sequence[Any] = ()
    entrants: Sequence[Any] = ()
    looks: Sequence[Look] = ()
    mails: Sequence[Any] = ()
    received: Sequence[bytes] = ()
    dead: Sequence[Any] = ()
    pending: Mapping[str, int] = field(default_factory=dict)
    miskept: Sequence[str] = ()
    unproved: Sequence[str] = ()
    poison: Poison = field(default_factory=Poison)
    began: datetime = FIRST
    ended: datetime = LAST
    _replays: dict[UUID, Replay] = field(default_factory=dict, init=False, repr=False)
    _draw_replays: dict[UUID, DrawReplay] = field(default_factory=dict, init=False, repr=False)

    @property
    def replays(self) -> dict[UUID, Replay]:
        """The journal of each queue, gone through once for all who ask."""
        if not self._replays:
            self._replays = {own_id: Replay(pages) for own_id, pages in self.pages_of("queue").items()}
        return self._replays

    @property
    def draw_replays(self) -> dict[UUID, DrawReplay]:
        """The journal of each draw, gone through once for all who ask."""
        if not self._draw_replays:
            self._draw_replays = draw_replays(self.pages_of("draw"), self.entrants)
        return self._draw_replays

    @property
    def all_replays(self) -> list[Replay]:
        """The journals of queues and of draws."""
        return [*self.replays.values(), *self.draw_replays.values()]

    def pages_of(self, topic: str) -> dict[UUID, list[Page]]:
        """The journal of a topic, by aggregate, in its order."""
        found: dict[UUID, list[Page]] = {}
        for page in self.pages:
            if page.topic == topic:
                found.setdefault(page.aggregate_id, []).append(page)
        return found


def pending(ground: Grounds) -> dict[str, int]:
    """What is not done yet in the log and among the timers, by name."""
    return {row.what: row.count for row in ground.rows(_PENDING) if row.count}


def ledger(ground: Grounds, tenants: Sequence[UUID]) -> Evidence:
    """What the store holds of these tenants, without what anybody called for."""
    return Evidence(
        pages=[Page(*row) for row in ground.rows(_JOURNAL, tenants)],
        queues=ground.rows(_QUEUES, tenants), entries=ground.rows(_ENTRIES, tenants),
        draws=ground.rows(_DRAWS, tenants), entrants=ground.rows(_ENTRANTS, tenants),
        pending=pending(ground), miskept=[row[0] for row in ground.rows(MISKEPT)],
    )  # fmt: skip


def unproved(ground: Ground, load: Load) -> list[str]:
    """What the published proofs of the queues that opened by a timer leave open, or contradict themselves in."""
    return [
        f"{name} of {hall.name}: {finding.text}"
        for hall in load.halls for name, made in hall.queues.items() if made["openAt"]
        for finding in _checked(f"{ground.system.url}{CONSUMER}/queues/{made['id']}/proof", hall.calling.keys.publishable)
        if finding.verdict is not Verdict.HOLDS
    ]  # fmt: skip


def _checked(proof: str, key: str) -> Sequence[Finding]:
    try:
        return check(proof, key=key)
    except ObstacleError as obstacle:
        return [Finding("readable", Verdict.FAILS, str(obstacle))]


def collected(
    ground: Ground, load: Load, happened: Iterable[Happened], poison: Poison, began: datetime, received: int
) -> Evidence:
    """Look at everything, once it is quiet. `received` is how many mails had come before this storm."""
    tenants = [hall.tenant_id for hall in load.halls]
    return replace(
        ledger(ground, tenants),
        calls=load.book.calls, keyless=load.book.keyless, misuses=load.book.misuses, broken=load.broken, happened=list(happened),
        mails=ground.rows(_MAILS, began), received=ground.receiver.copies[received:], dead=ground.rows(_DEAD, began),
        unproved=[*unproved(ground, load), *undrawn(load)], looks=load.book.looks,
        poison=poison, began=began, ended=ground.value(_NOW),
    )  # fmt: skip
