"""A draw played through from its first entry to its last promotion, and its proof file as it is published.

Places are filled here in the plainest way that the text of docs/fairness.md allows, on lists: it is a second
opinion about the domain's.
"""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.fairness import (
    NO_HASH,
    DrawEntry,
    entry_key,
    inclusion_path,
    leaf_hash,
    order_seed,
    preferences_hash,
    root_of,
    rules_hash,
    seed_commitment,
)
from domain.fairness.draws import PublishedDrawEntry, PublishedExit, StepLog
from domain.fairness.draws import steps as line
from tests.support.draw_filling import Filling

DRAW = UUID("019a4aff-5555-7666-8777-888888888888")
SECRET = bytes(range(32, 64))
OPENED = 1_763_740_800_000_000
RULES: dict[str, Any] = {
    "kind": "draw",
    "winnerCount": 6,
    "alternateCount": None,
    "backfill": True,
    "onExpiry": "requeue",
    "requeueLimit": 1,
    "maxTicketsPerEntry": 5,
    "maxPeoplePerEntry": 4,
    "prizes": None,
    "beacon": None,
}
Lines = list[dict[str, Any]]


class PlayedDraw(Filling):
    """A draw in memory. Whatever happens to it is told in its step log; whoever frees places lets others in."""

    def __init__(self, rules: dict[str, Any] | None = None, beacon: dict[str, Any] | None = None) -> None:
        self.rules = RULES | (rules or {})
        self.secret, self.beacon = SECRET, beacon
        self.leaves: list[PublishedDrawEntry | PublishedExit] = []
        self.entries: list[DrawEntry] = []
        self.steps: Lines = []
        self.out: set[UUID] = set()
        self.order: list[DrawEntry] = []
        self.passed: list[int] = []
        self.requeued: list[DrawEntry] = []
        self.winners: list[DrawEntry] = []
        self.lapses: dict[UUID, int] = {}
        self.wishes: dict[UUID, tuple[str, ...]] = {}
        self.prizes: dict[UUID, str] = {}
        self.ever: set[UUID] = set()
        self.reached: dict[str, int] = {}
        self.end, self.ended = 0, False
        self.status, self.drawn_at = "pending", None
        self.seed = b""

    def enter(self, tickets: int = 1, people: int = 1, card: str | None = None, *prizes: str) -> UUID:
        """Somebody enters; who has the same card is the same person."""
        number = len(self.entries)
        participation = UUID(int=(OPENED // 1000 << 80) + (7 << 76) + (2 << 62) + number)
        key = NO_HASH if card is None else sha256(card.encode()).digest()
        first = sum(entry.tickets for entry in self.entries)
        wishes = preferences_hash(prizes)
        entry = DrawEntry(number, first, participation, self._now(), tickets, people, key, wishes)
        self.entries.append(entry)
        self.wishes[participation] = prizes
        self.leaves.append(PublishedDrawEntry(len(self.leaves), entry, prizes or None))
        return participation

    def out_before(self, participation: UUID, kind: str = "leave") -> None:
        """Somebody leaves before the freeze, or is denied."""
        self.leaves.append(PublishedExit(len(self.leaves), kind, participation, self._now()))
        self.out.add(participation)

    def seal(self) -> None:
        """Freeze the entries."""
        hashes = [leaf_hash(leaf.leaf()) for leaf in self.leaves]
        self.hashes, self.head, self.status = hashes, root_of(hashes), "sealed"
        self.log = StepLog.opened(DRAW, self.head)
        tickets = sum(entry.tickets for entry in self.entries)
        fixed = None if self.beacon is None else self.beacon["round"]
        self.tell(
            line.Sealed(
                count=len(self.entries),
                tickets=tickets,
                log_size=len(hashes),
                tree_head=self.head.hex(),
                beacon_round=fixed,
            )
        )

    def tell(self, body: Any) -> None:
        """Append a line."""
        at = self._now() + 3_600_000_000
        self.log, step = self.log.append(at, body)
        self.steps.append(step.as_json())

    def leave(self, participation: UUID) -> None:
        """An entrant leaves between the freeze and the draw."""
        self.tell(line.Left(participation_id=participation))
        self.out.add(participation)

    def draw(self) -> None:
        """Reveal the seed and select."""
        randomness = b"" if self.beacon is None else bytes.fromhex(self.beacon["randomness"])
        size = len(self.leaves)
        self.seed = order_seed(DRAW, rules_hash(self.rules), self.head, size, self.secret, randomness)
        self.order = sorted(self.entries, key=lambda entry: entry_key(self.seed, entry.first_ticket, entry.tickets))
        self.drawn = [entry for entry in self.order if entry.participation_id not in self.out]
        self.end, self.status = len(self.order) * max(1, len(self.rules["prizes"] or ())), "drawn"
        mixed = self.beacon and line.Mixed(round=self.beacon["round"], randomness=self.beacon["randomness"])
        self.tell(line.Drawn(seed=self.seed.hex(), beacon=mixed))
        self.drawn_at = self.steps[-1]["at"]
        self._fill(told=False)
        taken = self.rules["winnerCount"] - self.free
        self.tell(line.Selected(winners=len(self.winners), places=taken))
        if self.rules["alternateCount"] is not None:
            self.end = min(self.end, self.reached.get("", 0) + self.rules["alternateCount"])

    @property
    def free(self) -> int:
        """How many places nobody holds."""
        return int(self.rules["winnerCount"]) - sum(entry.people for entry in self.winners)

    def deny(self, participation: UUID, reason: str = "two accounts") -> None:
        """The organization refuses somebody after the freeze."""
        self.tell(line.Denied(participation_id=participation, reason=reason))
        self.out.add(participation)
        self.winners = [entry for entry in self.winners if entry.participation_id != participation]
        self._promote()

    def decline(self, participation: UUID) -> None:
        """A winner gives it back."""
        self.tell(line.Declined(participation_id=participation))
        self._give_back(participation)
        self._promote()

    def lapse(self, participation: UUID) -> None:
        """A winner does not claim in time."""
        times = self.lapses.get(participation, 0)
        again = self.rules["onExpiry"] == "requeue" and times < self.rules["requeueLimit"] and self._promotes
        self.tell((line.Requeued if again else line.Expired)(participation_id=participation))
        entry = self._give_back(participation)
        if again:
            self.lapses[participation] = times + 1
            self.requeued.append(entry)
        self._promote()

    def close(self, body: Any = None) -> None:
        """End the promotions."""
        self.tell(body or line.ClaimClosed())
        self.ended, self.status = True, "completed"

    def void(self) -> None:
        """Let the draw not count."""
        self.tell(line.Void(reason="the wrong prize"))
        self.status = "void"

    def document(self) -> dict[str, Any]:
        """The proof document, as far as it is settled."""
        sealed, drawn = self.status != "pending", self.drawn_at is not None
        chained = {"chainHash": (self.rules["beacon"] or {}).get("chainHash")}
        return {
            "algorithm": "drumroll-draw/1",
            "order": "drumroll-rank/1",
            "distributionId": str(DRAW),
            "rules": self.rules,
            "rulesHash": rules_hash(self.rules).hex(),
            "seedCommitment": seed_commitment(self.secret).hex(),
            "serverSeed": self.secret.hex() if drawn else None,
            "treeHead": self.head.hex() if sealed else None,
            "logSize": len(self.leaves) if sealed else None,
            "count": len(self.entries) if sealed else None,
            "tickets": sum(entry.tickets for entry in self.entries) if sealed else None,
            "seed": self.seed.hex() if drawn else None,
            "beacon": chained | self.beacon if drawn and self.beacon else None,
            "assurance": "beacon" if self.rules["beacon"] else "commit_reveal",
            "sealedAt": self.steps[0]["at"] if sealed else None,
            "drawnAt": self.drawn_at,
            "drawStatus": self.status,
            "steps": {"size": len(self.steps), "head": self.steps[-1]["hash"]} if sealed else None,
        }

    def receipt(self, index: int, size: int | None = None) -> dict[str, Any]:
        """What was given to the entrant of this leaf, when the log had so many leaves; its signature is none."""
        hashes = [leaf_hash(leaf.leaf()) for leaf in self.leaves[:size]]
        head = {
            "distributionId": str(DRAW),
            "size": len(hashes),
            "root": root_of(hashes).hex(),
            "at": "2025-11-21T16:00:00.000Z",
        }
        signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, head, ""))
        path = [sibling.hex() for sibling in inclusion_path(hashes, index)]
        return {
            "leaf": hashes[index].hex(),
            "index": index,
            "path": path,
            "signedTreeHead": signed,
            "enteredAt": head["at"],
        }

    def lines(self) -> Lines:
        """The decoded lines of the proof file."""
        leaves = [dict(leaf.as_json()) for leaf in self.leaves] if self.status != "pending" else []
        end = {"end": {"leaves": len(leaves), "steps": len(self.steps)}}
        return [self.document(), *leaves, *({"step": dict(step)} for step in self.steps), end]

    @property
    def _promotes(self) -> bool:
        return bool(self.rules["backfill"]) and not self.ended

    def _now(self) -> int:
        return OPENED + 250_001 * (len(self.leaves) + len(self.steps))

    def _give_back(self, participation: UUID) -> DrawEntry:
        (gone,) = (entry for entry in self.winners if entry.participation_id == participation)
        self.winners.remove(gone)
        return gone

    def _promote(self) -> None:
        if self._promotes and self.drawn_at is not None:
            self._fill(told=True)


def played_draw(beacon: dict[str, Any] | None = None, rules_beacon: Any = None, **rules: Any) -> PlayedDraw:
    """A draw with everything in it: weights, groups, duplicates, somebody who left and was denied, and a life after it."""
    draw = PlayedDraw(beacon=beacon, rules=RULES | {"beacon": rules_beacon} | rules)
    people = [
        draw.enter(1 + n % 3, 1 + (n % 5 == 0) + 2 * (n % 7 == 0), f"card {n % 11}" if n % 2 else None)
        for n in range(30)
    ]
    people.append(draw.enter(2))
    draw.out_before(people[3])
    draw.out_before(people[8], "deny")
    draw.enter(5)
    draw.seal()
    draw.leave(people[12])
    draw.deny(people[17])
    draw.tell(line.Rescheduled(draw_at="2025-11-21T19:00:00.000000Z"))
    draw.tell(line.Waiting(reason="paused"))
    draw.draw()
    for _ in range(3):
        draw.decline(draw.winners[0].participation_id)
        draw.lapse(draw.winners[0].participation_id)
    draw.deny(draw.winners[-1].participation_id)
    return draw


def prized_draw() -> PlayedDraw:
    """A draw of three prizes, the first of which most want; groups are passed over, places come back, somebody is requeued."""
    prizes = [{"name": "stalls", "places": 3}, {"name": "balcony", "places": 4}, {"name": "box", "places": 1}]
    draw = PlayedDraw(RULES | {"winnerCount": 8, "prizes": prizes})
    lists = (("stalls",), ("stalls", "balcony"), ("stalls", "box", "balcony"), ("balcony", "stalls"))
    for n in range(24):
        draw.enter(1 + n % 2, 1 + (n % 3 == 0) + (n % 8 == 0), f"card {n % 9}" if n % 2 else None, *lists[n % 4])
    draw.seal()
    draw.draw()
    for which in (0, -1, 0, 0):
        draw.decline(draw.winners[which].participation_id)
        draw.lapse(draw.winners[0].participation_id)
    draw.deny(draw.winners[-1].participation_id)
    return draw
