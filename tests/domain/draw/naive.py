"""Who is drawn, by the words of docs/fairness.md alone: slow, obvious, and without a line of the product's own selection.

Everything is recomputed from the entries, the secret and the lines of the log. The lines are followed one by one; a line
that the rules do not give raises AssertionError.
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from domain.draw.state import Draw, Entry

LOG = b"drumroll/draw-log/1\x00"
QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"


def canonical(value: object) -> bytes:
    """JSON with sorted members and nothing between them."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def rules_of(draw: Draw) -> dict[str, Any]:
    """The rules that were committed to."""
    config = draw.config
    return {
        "kind": "draw", "winnerCount": config.winner_count, "alternateCount": config.alternate_count,
        "backfill": config.continue_selecting_until_completed, "onExpiry": config.on_expiry,
        "requeueLimit": config.requeue_limit, "maxTicketsPerEntry": config.max_tickets_per_entry,
        "maxPeoplePerEntry": config.max_people_per_entry,
        "prizes": None if config.prizes is None else [
            {"name": prize.name, "places": prize.places} for prize in config.prizes
        ],
        "beacon": {"chainHash": QUICKNET} if config.randomness == "beacon" else None,
    }  # fmt: skip


def seed_of(draw: Draw, tree_head: bytes, leaves: int) -> bytes:
    """The seed that follows from what was fixed before."""
    rules = sha256(canonical(rules_of(draw))).digest()
    return sha256(
        b"drumroll/order/1\x00" + draw.id.bytes + rules + tree_head + leaves.to_bytes(8, "big") + draw.server_seed
        + (draw.pool.beacon_randomness or b"")
    ).digest()  # fmt: skip


def order_of(seed: bytes, entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order that the seed gives them: by the best of their tickets, then by their numbers."""

    def key(entry: Entry) -> tuple[bytes, int]:
        tickets = range(entry.first_ticket, entry.first_ticket + entry.tickets)
        return min(hmac.digest(seed, ticket.to_bytes(8, "big"), "sha256") for ticket in tickets), entry.number

    return sorted(entries, key=key)


def wishes_of(entry: Entry) -> tuple[str, ...]:
    """The prizes that an entry wants, best first; everybody wants the only one of a draw without prizes."""
    return entry.preferences or ("",)


class Turn(NamedTuple):
    """What the rules do next: somebody "wins" or is "passed" over; rank and turn are none for one that was requeued."""

    what: str
    entry: Entry
    prize: str
    rank: int | None = None
    turn: int = -1


@dataclass
class NaiveDraw:
    """What became of a draw, as far as the lines of its log were followed."""

    draw: Draw
    entries: Sequence[Entry]
    out: set[UUID] = field(default_factory=set)
    order: list[Entry] = field(default_factory=list)
    counts: dict[bytes, UUID] = field(default_factory=dict)
    passed: set[int] = field(default_factory=set)
    ever: set[UUID] = field(default_factory=set)
    behind: list[Entry] = field(default_factory=list)
    requeues: dict[UUID, int] = field(default_factory=dict)
    holding: dict[UUID, int] = field(default_factory=dict)
    ranks: dict[UUID, int | None] = field(default_factory=dict)
    prizes: dict[UUID, str] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    end: int | None = None
    selected: bool = False
    closed: bool = False

    def free(self, prize: str) -> int:
        """Places of a prize that nobody holds; the prize of a draw without prizes has no name."""
        named = {one.name: one.places for one in self.draw.config.prizes or ()}
        held = sum(places for own_id, places in self.holding.items() if self.prizes[own_id] == prize)
        return (named[prize] if named else self.draw.config.winner_count) - held

    @property
    def promotes(self) -> bool:
        """Whether places that become free are given away, but for the end of the claims."""
        return self.selected and self.draw.config.continue_selecting_until_completed and not self.closed

    def next(self) -> Turn | None:
        """What the rules do next; None when no place can be given away."""
        while True:
            for turn in sorted(self.passed):
                found = self._at("wins", turn)
                if self._is_in(found.entry) and found.entry.people <= self.free(found.prize):
                    return found
            ahead = self._first_ahead()
            if ahead is None:
                break
            self.reached[ahead.prize] = ahead.turn + 1
            if not self._is_in(ahead.entry) or not self._counts(ahead.entry) or ahead.entry.id in self.ever:
                continue
            if ahead.entry.people <= self.free(ahead.prize):
                return ahead
            self.passed.add(ahead.turn)
            return ahead._replace(what="passed")
        for entry in self.behind:
            for prize in wishes_of(entry):
                if self._is_in(entry) and entry.people <= self.free(prize):
                    return Turn("wins", entry, prize)
        return None

    def _first_ahead(self) -> Turn | None:
        """Of the turns of prizes with free places that were not reached the smallest, one after the other from the beginning."""
        rounds = max(1, len(self.draw.config.prizes or ()))
        for turn in range(len(self.order) * rounds if self.end is None else self.end):
            if turn // len(self.order) < len(wishes_of(self.order[turn % len(self.order)])):
                found = self._at("wins", turn)
                if self.free(found.prize) > 0 and turn >= self.reached.get(found.prize, 0):
                    return found
        return None

    def _at(self, what: str, turn: int) -> Turn:
        round_, rank = divmod(turn, len(self.order))
        entry = self.order[rank]
        return Turn(what, entry, wishes_of(entry)[round_], rank, turn)

    def due(self) -> bool:
        """Whether somebody could be given a place now. Leaves everything as it is."""
        before = dict(self.reached), set(self.passed), list(self.behind)
        found = self.next()
        while found is not None and found.what == "passed":
            found = self.next()
        self.reached, self.passed, self.behind = before
        return found is not None

    def follow(self, line: Mapping[str, Any]) -> None:
        """Do what a line of the log says, if it may say so."""
        getattr(self, "_" + line["type"].lower())(line)

    def _is_in(self, entry: Entry) -> bool:
        return entry.id not in self.out and entry.id not in self.holding

    def _counts(self, entry: Entry) -> bool:
        key = entry.duplicate_key
        return key is None or self.counts[key] == entry.id

    def _wins(self, turn: Turn) -> None:
        own_id = turn.entry.id
        self.passed = {turn for turn in self.passed if self._at("wins", turn).entry.id != own_id}
        self.behind = [entry for entry in self.behind if entry.id != own_id]
        self.ever.add(own_id)
        self.holding[own_id], self.ranks[own_id], self.prizes[own_id] = turn.entry.people, turn.rank, turn.prize

    def _frees(self, line: Mapping[str, Any]) -> Entry:
        entry = next(one for one in self.entries if str(one.id) == line["participationId"])
        assert entry.id in self.holding, line
        del self.holding[entry.id]
        return entry

    def _sealed(self, line: Mapping[str, Any]) -> None:
        told = line["n"], line["count"], line["tickets"]
        assert told == (0, len(self.entries), sum(entry.tickets for entry in self.entries))

    def _left(self, line: Mapping[str, Any]) -> None:
        assert not self.order
        self.out.add(UUID(line["participationId"]))

    def _denied(self, line: Mapping[str, Any]) -> None:
        own_id = UUID(line["participationId"])
        assert own_id not in self.out
        self.holding.pop(own_id, None)
        self.out.add(own_id)

    def _drawn(self, line: Mapping[str, Any]) -> None:
        self.order = order_of(bytes.fromhex(line["seed"]), self.entries)
        for entry in self.order:
            if entry.duplicate_key is not None and entry.id not in self.out:
                self.counts.setdefault(entry.duplicate_key, entry.id)

    def _passed(self, line: Mapping[str, Any]) -> None:
        while (turn := self.next()) is not None and turn.what == "wins" and not self.selected:
            self._wins(turn)
        assert turn is not None and turn.what == "passed", line
        told = line["participationId"], line["rank"], line["people"], line["free"], line.get("prize")
        free = self.free(turn.prize)
        assert told == (str(turn.entry.id), turn.rank, turn.entry.people, free, turn.prize or None)

    def _selected(self, line: Mapping[str, Any]) -> None:
        while (turn := self.next()) is not None:
            assert turn.what == "wins", "somebody was passed over and it was not said"
            self._wins(turn)
        told = line["winners"], line["places"]
        assert told == (len(self.holding), sum(self.holding.values()))
        alternates = self.draw.config.alternate_count
        if alternates is not None:
            self.end = min(len(self.order), self.reached.get("", 0) + alternates)
        self.selected = True

    def _promoted(self, line: Mapping[str, Any]) -> None:
        assert self.promotes, line
        turn = self.next()
        assert turn is not None and turn.what == "wins", (line, turn)
        told = line["participationId"], line["rank"], line.get("prize")
        assert told == (str(turn.entry.id), turn.rank, turn.prize or None), (line, turn)
        self._wins(turn)

    def _declined(self, line: Mapping[str, Any]) -> None:
        self.out.add(self._frees(line).id)

    def _expired(self, line: Mapping[str, Any]) -> None:
        entry = self._frees(line)
        assert not self._may_go_on(entry), "somebody could have waited on"
        self.out.add(entry.id)

    def _requeued(self, line: Mapping[str, Any]) -> None:
        entry = self._frees(line)
        assert self._may_go_on(entry), "somebody waits on who may not"
        self.requeues[entry.id] = self.requeues.get(entry.id, 0) + 1
        self.behind.append(entry)

    def _may_go_on(self, entry: Entry) -> bool:
        config = self.draw.config
        again = config.on_expiry == "requeue" and self.requeues.get(entry.id, 0) < config.requeue_limit
        return again and self.promotes

    def _completed_all(self, line: Mapping[str, Any]) -> None:
        assert not (self.promotes and self.due()), "somebody could still win"
        self.closed = True

    def _claim_closed(self, line: Mapping[str, Any]) -> None:
        self.closed = True

    def _rescheduled(self, line: Mapping[str, Any]) -> None:
        """New dates bear on nobody."""

    def _waiting(self, line: Mapping[str, Any]) -> None:
        """Who waits is nobody."""

    def _void(self, line: Mapping[str, Any]) -> None:
        self.closed = True


def replayed(draw: Draw, entries: Sequence[Entry], lines: Sequence[Mapping[str, Any]]) -> NaiveDraw:
    """Follow the whole log of a draw: the chain of its lines, the seed, and what came of it."""
    by_number = sorted(entries, key=lambda entry: entry.number)
    naive = NaiveDraw(draw, by_number, {entry.id for entry in by_number if entry.out_leaf is not None})
    head = draw.pool.tree_head
    link = sha256(LOG + draw.id.bytes + head).hexdigest()
    for n, line in enumerate(lines):
        assert (line["n"], line["prevHash"]) == (n, link), "the chain is broken"
        link = line["hash"]
        told = {name: value for name, value in line.items() if name != "hash"}
        assert link == sha256(LOG + canonical(told)).hexdigest(), "a line was changed"
        if line["type"] == "SEALED":
            assert (line["treeHead"], line["logSize"]) == (head.hex(), draw.pool.log_size)
        if line["type"] == "DRAWN":
            assert line["seed"] == seed_of(draw, head, draw.pool.log_size).hex(), "the seed is another"
        naive.follow(line)
    assert link == draw.pool.step_head.hex() or not lines
    return naive
