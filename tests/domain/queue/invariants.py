"""What holds of a queue at every moment, and between any two moments."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from domain.queue.state import LIVE, Entry, Queue, Requeued, Status
from domain.queue.view import place
from tests.domain.queue.merkle import leaves_of, naive_root

FINAL = frozenset({Status.COMPLETED, Status.LEFT, Status.DENIED})


@dataclass(frozen=True, slots=True)
class Seen:
    """A queue and everybody who was ever in it."""

    queue: Queue
    entries: tuple[Entry, ...]
    second_leaves: tuple[Requeued, ...]

    def with_status(self, *statuses: Status) -> list[Entry]:
        """Everybody with one of these statuses."""
        return [entry for entry in self.entries if entry.status in statuses]

    @property
    def by_id(self) -> dict[UUID, Entry]:
        """The participations by their ids."""
        return {entry.id: entry for entry in self.entries}


def check(seen: Seen) -> None:
    """Raise AssertionError when something does not hold now."""
    _counts_are_those_of_the_people(seen)
    _limits_hold(seen)
    _the_line_is_in_order(seen)
    _the_log_is_whole(seen)
    _nobody_is_inside_twice(seen)


def check_between(before: Seen, after: Seen) -> None:
    """Raise AssertionError when something happened that never may."""
    assert after.queue.line.head >= before.queue.line.head, "the head fell"
    assert after.queue.line.tickets >= before.queue.line.tickets
    if before.queue.line.opened_at is not None:
        assert after.queue.line.seed == before.queue.line.seed, "the order was drawn twice"
    later = after.by_id
    for entry in before.entries:
        if entry.status in FINAL:
            assert later[entry.id] == entry, "what is final changed"
        elif entry.status is later[entry.id].status is Status.QUEUED and entry.ticket == later[entry.id].ticket:
            _position_is_no_worse(before, after, entry)
    _turns_come_in_order(before, after)


def check_rest(seen: Seen) -> None:
    """Raise AssertionError when an ended queue is not cleared though nothing is left to be decided."""
    ended, line = seen.queue.ended, seen.queue.line
    assert not ended or line.waiting == 0, "somebody waits in an ended queue"
    assert not ended or not ended.revoke_grants or line.inside == 0, "a revoked grant lives"


def _counts_are_those_of_the_people(seen: Seen) -> None:
    line, counted = seen.queue.line, Counter(entry.status for entry in seen.entries)
    inside, completed = counted[Status.GRANTED], counted[Status.COMPLETED]
    assert (line.waiting, line.inside, line.admitted, line.completed) == (
        counted[Status.QUEUED], inside, inside + completed, completed,
    )  # fmt: skip


def _limits_hold(seen: Seen) -> None:
    """Out of turn nobody is counted out; who lets a grant lapse does not lose the line because it is full by then."""
    config = seen.queue.config
    in_turn = [entry for entry in seen.with_status(Status.GRANTED, Status.COMPLETED) if not entry.out_of_turn]
    inside = [entry for entry in in_turn if entry.status is Status.GRANTED]
    came = [entry for entry in seen.with_status(Status.QUEUED) if entry.requeues == 0]
    assert len(inside) <= (config.max_active_grants or len(inside)), "more inside than places"
    assert len(in_turn) <= (config.max_admissions or len(in_turn)), "more admitted than ever may be"
    assert len(came) <= (config.capacity or len(came)), "more in line than it holds"


def _the_line_is_in_order(seen: Seen) -> None:
    line = seen.queue.line
    ranks = [line.rank_of(entry.ticket) for entry in seen.with_status(Status.QUEUED)]
    if line.opened_at is not None and not seen.queue.ended:
        assert all(rank >= line.head for rank in ranks), "somebody waits before the head"
        assert line.head_stale or line.head in {*ranks, line.tickets}, "nobody stands at the head"


def _the_log_is_whole(seen: Seen) -> None:
    leaves = leaves_of(seen.entries, seen.second_leaves)
    assert len(leaves) == seen.queue.line.tickets == seen.queue.line.frontier.size
    assert naive_root(leaves) == seen.queue.line.frontier.root()
    tickets = {entry.id: entry.first_ticket for entry in seen.entries}
    tickets |= {leaf.entry_id: leaf.ticket for leaf in sorted(seen.second_leaves, key=lambda leaf: leaf.ticket)}
    assert {entry.id: entry.ticket for entry in seen.entries} == tickets


def _nobody_is_inside_twice(seen: Seen) -> None:
    for mine in _by_person(seen):
        assert sum(entry.status in LIVE for entry in mine) <= 1, "somebody is inside twice"
        completed = sum(entry.status is Status.COMPLETED for entry in mine)
        assert completed <= seen.queue.config.max_completions_per_consumer, "somebody completed too often"
        assert all(entry.status is not Status.DENIED for entry in mine[:-1]), "somebody came back after a denial"


def _by_person(seen: Seen) -> Iterator[list[Entry]]:
    entries = sorted(seen.entries, key=lambda entry: entry.first_ticket)
    for person in {entry.consumer_id for entry in entries}:
        yield [entry for entry in entries if entry.consumer_id == person]


def _position_is_no_worse(before: Seen, after: Seen, entry: Entry) -> None:
    if before.queue.line.opened_at is not None:
        assert place(after.queue, entry)["position"] <= place(before.queue, entry)["position"], "a place got worse"


def _turns_come_in_order(before: Seen, after: Seen) -> None:
    """Nobody who waited before and waits still stands before somebody whose turn has come meanwhile."""
    line, earlier = after.queue.line, before.by_id
    waited = [
        line.rank_of(entry.ticket)
        for entry in after.with_status(Status.QUEUED)
        if entry.id in earlier and earlier[entry.id].ticket == entry.ticket
    ]
    called = [
        line.rank_of(entry.ticket)
        for entry in after.with_status(Status.GRANTED)
        if not entry.out_of_turn and entry.id in earlier and earlier[entry.id].status is Status.QUEUED
    ]
    if waited and called:
        assert max(called) < min(waited), "somebody was passed over"
