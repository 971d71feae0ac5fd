"""The line of a waiting room in memory: who stands where, who is let in, and what is published of it."""

# ruff: noqa: D101, D102 (because a stand-in for a server promises what the API does)

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.fairness.commitment import order_seed, rules_hash, seed_commitment
from domain.fairness.document import PublishedEntry
from domain.fairness.merkle import Frontier, leaf_hash
from domain.fairness.order import cohort_order, permutation_name
from domain.times import iso
from tests.cli.crowd.scripted_signer import Signer

RULES: dict[str, Any] = {"onExpiry": "deny", "requeueLimit": 1}


@dataclass
class Entry:
    id: str
    consumer: str
    ticket: int
    received: datetime
    status: str = "QUEUED"
    version: int = 1
    rank: int | None = None
    grant_id: str = ""
    moments: dict[str, datetime] = field(default_factory=dict)
    reason: str | None = None
    order: str | None = None


class ScriptedLine:
    """One queue and the people in it."""

    def __init__(self) -> None:
        self.signer = Signer()
        self.config: dict[str, Any] = {}
        self.entries: list[Entry] = []
        self.by_consumer: dict[str, Entry] = {}
        self.by_key: dict[str, str] = {}
        self.secret, self.proof = uuid4().bytes * 2, dict[str, Any]()
        self.opened: datetime | None = None
        self.credit, self.ticks = 0.0, 0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def at(self, member: str) -> datetime:
        return datetime.fromisoformat(self.config[member])

    def advance(self) -> datetime:
        now = self.now()
        if self.config and self.opened is None and now >= self.at("openAt"):
            self._open(now)
        life = timedelta(seconds=self.config["admissionExpirationSeconds"] + self.config["completionGraceSeconds"])
        for entry in self.entries:
            if entry.status == "GRANTED" and now >= entry.moments["grantedAt"] + life:
                self.end(entry, "DENIED", "deniedAt", now, "ADMISSION_EXPIRED")
        if self.opened is not None:
            self._admit(now)
        return now

    def _open(self, now: datetime) -> None:
        self.opened = now
        count = len(self.entries)
        head = Frontier().extend(leaf_hash(self._line(entry).leaf()) for entry in self.entries).root()
        hashed = rules_hash(RULES)
        seed = order_seed(UUID(self.config["id"]), hashed, head, count, self.secret)
        order = cohort_order(seed, count)
        for entry in self.entries:
            entry.rank = order.rank_of(entry.ticket)
        self.proof = {
            "algorithm": "drumroll-order/1",
            "permutation": permutation_name(count),
            "distributionId": self.config["id"],
            "rules": RULES,
            "rulesHash": hashed.hex(),
            "seedCommitment": seed_commitment(self.secret).hex(),
            "serverSeed": self.secret.hex(),
            "treeHead": head.hex(),
            "count": count,
            "seed": seed.hex(),
            "assurance": "commit_reveal",
            "orderFixedAt": iso(now),
        }
        self.credit = self.config["admitRate"] / 60

    def _line(self, entry: Entry) -> PublishedEntry:
        micros = (entry.received - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return PublishedEntry(entry.ticket, UUID(entry.id), "enter", micros, entry.rank)

    def _admit(self, now: datetime) -> None:
        assert self.opened is not None
        share, passed = self.config["admitRate"] / 60, int((now - self.opened).total_seconds())
        if passed > self.ticks:
            self.credit = min(share + 1, self.credit + (passed - self.ticks) * share)
            self.ticks = passed
        inside = sum(entry.status == "GRANTED" for entry in self.entries)
        line = sorted((e for e in self.entries if e.status == "QUEUED"), key=self.place_of)
        for entry in line[: max(0, min(int(self.credit), self.config["maxActiveGrants"] - inside))]:
            self.credit -= 1
            entry.status, entry.grant_id, entry.version = "GRANTED", str(uuid4()), entry.version + 1
            entry.moments["grantedAt"] = entry.moments["dequeuedAt"] = now

    def place_of(self, entry: Entry) -> int:
        return entry.ticket if entry.rank is None else entry.rank

    def end(self, entry: Entry, status: str, member: str, now: datetime, reason: str | None = None) -> None:
        entry.status, entry.reason, entry.version = status, reason, entry.version + 1
        entry.moments[member] = now
        entry.moments.setdefault("dequeuedAt", now)

    def listed(self, entry: Entry) -> dict[str, Any]:
        told: dict[str, Any] = {"participationId": entry.id, "consumerId": entry.consumer, "status": entry.status}
        told |= {"ticket": entry.ticket, "reason": entry.reason, "outOfTurn": False, "requeueCount": 0}
        return told | {member: iso(at) for member, at in entry.moments.items()}

    def state(self, entry: Entry) -> dict[str, Any]:
        told = self.listed(entry) | {"stateVersion": entry.version, "pollAfterSeconds": 2}
        if entry.status == "QUEUED":
            ahead = [e for e in self.entries if e.status == "QUEUED" and self.place_of(e) < self.place_of(entry)]
            told |= {"preOpen": self.opened is None, "position": None if self.opened is None else len(ahead) + 1}
        if entry.status == "GRANTED":
            told |= {"grantId": entry.grant_id, "admissionGrant": self.grant(entry)}
        return told

    def grant(self, entry: Entry) -> str:
        named = {"sub": entry.consumer, "jti": entry.grant_id, "distributionId": self.config["id"]}
        return self.signer.token("admission+jwt", participationId=entry.id, exp=4_000_000_000, **named)

    def access(self, consumer: str) -> str:
        return self.signer.token("at+jwt", sub=consumer, aud="consumer", exp=4_000_000_000)
