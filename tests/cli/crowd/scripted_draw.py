"""The draw beside a waiting room in memory: entered, drawn by the book, claimed or given back, and published."""

# ruff: noqa: D101, D102 (because a stand-in for a server promises what the API does)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from domain.fairness.draws import steps
from domain.times import iso
from tests.cli.crowd.scripted_signer import Signer
from tests.support.draw_proofs import DRAW, PlayedDraw


@dataclass
class Entrant:
    id: UUID
    consumer: str
    people: int
    status: str = "ENTERED"
    version: int = 1
    grant_id: str = ""
    won_at: datetime | None = None
    promoted: bool = False

    def becomes(self, status: str) -> None:
        self.status, self.version = status, self.version + 1


class ScriptedDraw:
    """One draw and the people in it; `id` is in its proof and therefore always the same."""

    id = str(DRAW)

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.config: dict[str, Any] = {}
        self.played = PlayedDraw()
        self.by_consumer: dict[str, Entrant] = {}

    def make(self, config: dict[str, Any]) -> dict[str, Any]:
        self.config = config | {"id": self.id}
        most = {name: config[name] for name in ("winnerCount", "maxTicketsPerEntry", "maxPeoplePerEntry")}
        self.played = PlayedDraw(most | {"onExpiry": "deny"})
        return self.config

    def at(self, member: str) -> datetime:
        return datetime.fromisoformat(self.config.get(member) or self.config["drawAt"])

    def advance(self, now: datetime) -> None:
        if self.played.status == "pending" and now >= self.at("closeAt"):
            self.played.seal()
        if self.played.status == "sealed" and now >= self.at("drawAt"):
            self.played.draw()
            self._grant(now, promoted=False)
        if self.played.status == "drawn" and not self._with("WON"):
            self.played.close(steps.CompletedAll())
            for entrant in self._with("ENTERED"):
                entrant.becomes("DENIED")

    def _with(self, *statuses: str) -> list[Entrant]:
        return [entrant for entrant in self.by_consumer.values() if entrant.status in statuses]

    def _grant(self, now: datetime, *, promoted: bool) -> None:
        winning = {entry.participation_id for entry in self.played.winners}
        for entrant in self._with("ENTERED"):
            if entrant.id in winning:
                entrant.becomes("WON")
                entrant.won_at, entrant.promoted, entrant.grant_id = now, promoted, str(uuid4())

    def takes_entries(self, now: datetime) -> bool:
        return self.at("openAt") <= now < self.at("closeAt")

    def enter(self, consumer: str, said: dict[str, Any]) -> Entrant:
        if consumer not in self.by_consumer:
            asked = said["tickets"], said["people"], said.get("duplicateKey")
            self.by_consumer[consumer] = Entrant(self.played.enter(*asked), consumer, said["people"])
        return self.by_consumer[consumer]

    def leave(self, entrant: Entrant, now: datetime) -> None:
        if entrant.status == "ENTERED" and self.played.status == "pending":
            self.played.out_before(entrant.id)
            entrant.becomes("LEFT")
        if entrant.status == "WON":
            self.played.decline(entrant.id)
            entrant.becomes("LEFT")
            self._grant(now, promoted=True)

    def holder(self, claims: dict[str, Any]) -> Entrant:
        return self.by_consumer[claims["sub"]]

    def state(self, entrant: Entrant) -> dict[str, Any]:
        told = {"participationId": str(entrant.id), "consumerId": entrant.consumer, "status": entrant.status}
        told |= {"stateVersion": entrant.version}
        if entrant.status == "WON":
            named = {"sub": entrant.consumer, "jti": entrant.grant_id, "distributionId": self.id}
            told["admissionGrant"] = self.signer.token("admission+jwt", exp=4_000_000_000, **named)
        if entrant.status == "ENTERED" and self.played.status == "drawn":
            told["alternatePosition"] = 1
        return told

    def listed(self) -> list[dict[str, Any]]:
        return [
            self.state(one) | {"people": one.people, "wonAt": iso(one.won_at), "promoted": one.promoted}
            for one in self.by_consumer.values()
        ]

    def kept(self) -> dict[str, Any]:
        completed = sum(entrant.people for entrant in self._with("COMPLETED"))
        counts = {"activeGrants": len(self._with("WON")), "completedCount": completed}
        return self.config | counts | {"drawStatus": self.played.status}
