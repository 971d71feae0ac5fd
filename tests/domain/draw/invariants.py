"""What holds of a draw at every moment, and between any two moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.draw.state import Draw, DrawStatus, Entry, Status
from domain.fairness import DRAW_DENY, DRAW_LEAVE, DrawEntry, draw_entry_leaf, draw_exit_leaf, leaf_hash
from domain.ids import unix_us
from tests.domain.draw.naive import NaiveDraw, canonical, replayed
from tests.domain.queue.merkle import naive_root

HOLDS = frozenset({Status.WON, Status.COMPLETED})
FINAL = frozenset({Status.COMPLETED, Status.LEFT, Status.DENIED})
_STEPS = (DrawStatus.PENDING, DrawStatus.SEALED, DrawStatus.DRAWN, DrawStatus.COMPLETED, DrawStatus.VOID)


@dataclass(frozen=True, slots=True)
class Seen:
    """A draw, everybody who was ever in it, and the lines of its log."""

    draw: Draw
    entries: tuple[Entry, ...]
    lines: tuple[dict[str, Any], ...]

    def with_status(self, *statuses: Status) -> list[Entry]:
        """Everybody with one of these statuses."""
        return [entry for entry in self.entries if entry.status in statuses]

    @property
    def by_id(self) -> dict[UUID, Entry]:
        """The participations by their ids."""
        return {entry.id: entry for entry in self.entries}


def check(seen: Seen) -> NaiveDraw | None:
    """Raise AssertionError when something does not hold now; the draw as the naive rules have it, once it is frozen."""
    _counts_are_those_of_the_people(seen)
    _the_log_is_whole(seen)
    _nobody_takes_part_twice(seen)
    if seen.draw.pool.sealed_at is None:
        assert seen.lines == ()
        return None
    naive = replayed(seen.draw, seen.entries, seen.lines)
    if naive.selected:
        _the_winners_are_those_of_the_rules(seen, naive)
    return naive


def check_rest(seen: Seen, *, held: bool, over: bool) -> None:
    """Raise AssertionError when nothing is left to be decided though something could be. `held` and `over` are of promotions."""
    draw, naive = seen.draw, check(seen)
    assert not draw.selecting, "the selection stands still"
    assert not draw.clearing, "a revoked grant lives"
    if naive is not None and naive.promotes and not held and not over:
        assert not naive.due(), "a place is free, and somebody could have it"


def check_between(before: Seen, after: Seen) -> None:
    """Raise AssertionError when something happened that never may."""
    assert _STEPS.index(after.draw.status) >= _STEPS.index(before.draw.status), "the draw went back"
    assert after.lines[: len(before.lines)] == before.lines, "the log was changed"
    was, now = before.draw.pool, after.draw.pool
    assert now.reached >= was.reached
    assert all(later.reached >= lot.reached for lot, later in zip(was.lots, now.lots, strict=False))
    assert not was.seed or (was.seed, was.last) == (now.seed, now.last if was.last is not None else None)
    assert was.sealed_at is None or was.frontier == now.frontier, "somebody entered after the freeze"
    later = after.by_id
    for entry in before.entries:
        assert entry.status not in FINAL or later[entry.id] == entry, "what is final changed"
        assert entry.rank is None or later[entry.id].rank in {entry.rank, None}
        fixed = entry.number, entry.first_ticket, entry.tickets, entry.people, entry.duplicate_key, entry.leaf
        assert entry.preferences == later[entry.id].preferences
        then = later[entry.id]
        assert fixed == (then.number, then.first_ticket, then.tickets, then.people, then.duplicate_key, then.leaf)


def _counts_are_those_of_the_people(seen: Seen) -> None:
    pool, config = seen.draw.pool, seen.draw.config
    inside, holds = seen.with_status(Status.WON), seen.with_status(*HOLDS)
    assert (pool.entries, pool.tickets) == (len(seen.entries), sum(entry.tickets for entry in seen.entries))
    assert pool.entered == len(seen.with_status(Status.ENTERED))
    assert (pool.inside, pool.winners) == (len(inside), len(holds))
    assert pool.taken == _people(holds) <= config.winner_count, "more places are taken than there are"
    for prize, lot in seen.draw.lots.items():
        of_prize = [entry for entry in holds if (entry.prize or "") == prize]
        assert config.places[prize] - lot.free == _people(of_prize) <= config.places[prize], (
            "a prize has too few places"
        )
    assert pool.completed == _people(seen.with_status(Status.COMPLETED))
    ends = [entry.expires_at for entry in inside if entry.expires_at is not None]
    assert not ends or (pool.lapse_at is not None and pool.lapse_at <= min(ends)), "a lapse would be missed"
    if pool.sealed_at is None:
        assert pool.entered <= (config.capacity or pool.entered), "more take part than may"


def _people(entries: Sequence[Entry]) -> int:
    return sum(entry.people for entry in entries)


def _the_log_is_whole(seen: Seen) -> None:
    """Entries are numbered without a gap, in the order of their leaves; whoever was gone before the freeze has one more leaf."""
    leaves: dict[int, bytes] = {}
    tickets = 0
    for number, entry in enumerate(sorted(seen.entries, key=lambda one: one.leaf)):
        assert (entry.number, entry.first_ticket) == (number, tickets)
        tickets += entry.tickets
        key = entry.duplicate_key or bytes(32)
        told = DrawEntry(
            number, entry.first_ticket, entry.id, unix_us(entry.received_at), entry.tickets, entry.people, key,
            bytes(32) if entry.preferences is None else sha256(canonical(list(entry.preferences))).digest(),
        )  # fmt: skip
        leaves[entry.leaf] = draw_entry_leaf(told)
        if entry.out_leaf is not None:
            assert entry.out_at is not None
            assert entry.status in {Status.LEFT, Status.DENIED}
            kind = DRAW_LEAVE if entry.status is Status.LEFT else DRAW_DENY
            leaves[entry.out_leaf] = draw_exit_leaf(kind, entry.id, unix_us(entry.out_at))
    assert sorted(leaves) == list(range(seen.draw.pool.frontier.size))
    root = naive_root([leaf_hash(leaves[index]) for index in range(len(leaves))])
    assert root == seen.draw.pool.frontier.root()
    assert seen.draw.pool.sealed_at is None or root == seen.draw.pool.tree_head


def _nobody_takes_part_twice(seen: Seen) -> None:
    mine: dict[UUID, list[Entry]] = {}
    for entry in sorted(seen.entries, key=lambda one: one.number):
        mine.setdefault(entry.consumer_id, []).append(entry)
    for several in mine.values():
        assert all(entry.status is Status.LEFT for entry in several[:-1]), "somebody takes part twice"
    held = [entry.duplicate_key for entry in seen.with_status(*HOLDS) if entry.duplicate_key is not None]
    assert len(held) == len(set(held)), "two win under one key"


def _the_winners_are_those_of_the_rules(seen: Seen, naive: NaiveDraw) -> None:
    """Those who hold places are exactly those who do by the naive rules, at the ranks that they have there.

    A draw that is void writes no lines any more, and only ever loses winners.
    """
    holds = {entry.id: (entry.rank, entry.prize) for entry in seen.with_status(*HOLDS)}
    expected = {own_id: (naive.ranks[own_id], naive.prizes[own_id] or None) for own_id in naive.holding}
    if seen.draw.ended is not None:
        assert holds.items() <= expected.items()
    else:
        assert holds == expected, "others hold places than should"
        assert all(lot.reached >= naive.reached.get(prize, 0) for prize, lot in seen.draw.lots.items())
