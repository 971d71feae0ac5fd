"""What keeps a draw going: brought up to date before a command, a slice of its selection after the last one of a drain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.draw import rules
from domain.draw.commands import KnockDraw
from domain.draw.state import Draw
from domain.fairness import Chunk, merged, ranked_runs
from domain.times import Times
from store import draw_order
from store.activity import others_at_work
from store.work import Work
from workers.knocking import Knocking

SLICE = 600
"""Entries that one drain looks at for a place, lets lapse or takes a grant from."""
TURNS_AT_ONCE = 20_000
"""Turns among which one drain looks for entries that want a prize with free places."""
RANKED_AT_ONCE = 50_000
"""Tickets that one drain looks at, at about two microseconds each."""
ORDERED_AT_ONCE = 4
"""Buckets that one drain puts in order, each of some 16,000 entries."""
REST: Final = timedelta(milliseconds=1200)
"""Between two slices while others are at work: some fifty seconds in all for a million entries (docs/performance.md)."""

KNOCKING: Final[Knocking[Draw]] = Knocking(
    kept=lambda work: work.draws,
    command=lambda draw_id, after_slice: KnockDraw(draw_id=draw_id, after_slice=after_slice),
    due=rules.next_knock,
    by_receipt=rules.due_by_receipt,
    by_now=rules.due_by_now,
)


def up_to_date(work: Work, draw_id: UUID, times: Times) -> Draw | None:
    """The draw as it is at this moment: resumed, frozen, drawn and rid of lapsed wins, if any of that is due."""
    draw = work.draws.get(draw_id)
    if draw is None:
        return None
    for due in (rules.resume_if_due, rules.seal_if_due, rules.reveal_if_due):
        work.save(due(_known(work, draw_id), times))
    _lapse(work, _known(work, draw_id), times)
    return _known(work, draw_id)


def serve(work: Work, draw_id: UUID, times: Times) -> None:
    """Do the next slice of whatever is due, and set the timer of the next knock.

    After a slice whoever has come meanwhile is answered first, in a drain without a slice; then comes the next slice. While
    other workers are busy a selection rests between its slices, so that it takes some of the machine and not half of it.
    """
    draw = work.draws.get(draw_id)
    if draw is None:
        return
    if _rests(draw, times.now):
        KNOCKING.promise(work, draw, times, after_slice=False, not_before=draw.knock_at)
        return
    if draw_id in work.patient and len(work.page(draw_id).command_ids) > 1:
        KNOCKING.promise(work, _known(work, draw_id), times, after_slice=False)
        return
    for due in (_rank, _order, _fill, _take_back):
        if due(work, _known(work, draw_id), times):
            break
    work.save(rules.close_if_due(_known(work, draw_id), times.now))
    draw = _known(work, draw_id)
    rest = REST if draw.selecting and others_at_work(work.connection) else timedelta()
    KNOCKING.promise(work, draw, times, after_slice=True, not_before=times.now + rest)


def _rests(draw: Draw, now: datetime) -> bool:
    return draw.selecting and draw.knock_at is not None and now < draw.knock_at <= now + REST


def _known(work: Work, draw_id: UUID) -> Draw:
    draw = work.draws.get(draw_id)
    assert draw is not None  # noqa: S101 (looked up before)
    return draw


def _lapse(work: Work, draw: Draw, times: Times) -> None:
    """By the time of receipt, so that a grant that is used in time counts however late that is decided."""
    if draw.selecting or draw.pool.lapse_at is None or not draw.pool.inside:
        return
    ended_by = times.received_at - timedelta(seconds=draw.config.completion_grace_seconds)
    if draw.pool.lapse_at > ended_by or not work.draw_entries.lapses_left(draw, SLICE):
        return
    lapsed = work.draw_entries.lapsed(draw, ended_by, SLICE)
    work.save(rules.lapse(draw, lapsed, work.draw_entries.next_lapse(draw, lapsed), times))


def _rank(work: Work, draw: Draw, _: Times) -> bool:
    """Work out the keys of the next entries. Where every entry has one ticket, nothing has to be read for that."""
    if not rules.unranked(draw):
        return False
    pool = draw.pool
    weights = _weights(work, draw)
    runs = ranked_runs(pool.seed, pool.ranked, pool.ranked_tickets, weights, pool.buckets)
    draw_order.add_runs(work.connection, draw, runs)
    work.save(rules.ranked(draw, len(weights), sum(weights)))
    return True


def _weights(work: Work, draw: Draw) -> list[int]:
    pool = draw.pool
    end = min(pool.frozen, pool.ranked + RANKED_AT_ONCE)
    if pool.tickets == pool.entries:
        return [1] * (end - pool.ranked)
    return rules.bounded(work.draw_entries.tickets(draw, pool.ranked, end), RANKED_AT_ONCE)


def _order(work: Work, draw: Draw, _: Times) -> bool:
    """Put the next buckets in order."""
    if not rules.unordered(draw):
        return False
    pool = draw.pool
    end, rank, chunks = min(pool.buckets, pool.ordered + ORDERED_AT_ONCE), pool.placed, dict[int, Chunk]()
    for bucket, runs in draw_order.take_runs(work.connection, draw, pool.ordered, end).items():
        chunks[bucket] = Chunk(rank, merged(runs))
        rank += len(chunks[bucket])
    draw_order.add_chunks(work.connection, draw, chunks)
    work.save(rules.ordered(draw, end - pool.ordered, rank - pool.placed))
    return True


def _fill(work: Work, draw: Draw, times: Times) -> bool:
    """Give the free places away, as far as a slice of the order reaches."""
    if not rules.fills(draw, times.now):
        return False
    work.save(rules.fill(draw, _ahead(work, draw), times.now))
    return True


def _ahead(work: Work, draw: Draw) -> rules.Ahead:
    """Whoever may be next: groups that were passed over, the next turns, and at the end of the order who waits behind it."""
    turns, end = _turns(work, draw) if draw.config.prizes is None else _turns_of_prizes(work, draw)
    passed = work.passed.fitting(draw, SLICE)
    for group in passed:
        work.draw_entries.want(group.entry_id)
    work.draw_entries.load()
    groups = {one.entry_id: entry for one in passed if (entry := work.draw_entries.get(one.entry_id)) is not None}
    keys = [turn.entry.duplicate_key for turn in turns if turn.entry.duplicate_key is not None]
    behind = work.draw_entries.waiting_behind(draw, SLICE) if _may_end(draw, end) else ()
    return rules.Ahead(
        passed=passed, groups=groups, turns=turns, behind=behind,
        counting=work.counting.of_keys(draw, keys) if keys else {},
        more_passed=len(passed) == SLICE, more_behind=len(behind) == SLICE, end=end,
    )  # fmt: skip


def _turns(work: Work, draw: Draw) -> tuple[list[rules.Turn], int]:
    """The next ranks of the order, and where they end."""
    start, last = draw.pool.reached, rules.end_of_order(draw)
    end = max(start, min(last, start + SLICE))
    numbers = draw_order.numbers(work.connection, draw, start, end) if start < end else []
    entries = work.draw_entries.at_numbers(draw, numbers)
    return [rules.Turn(start + nth, entries[number]) for nth, number in enumerate(numbers)], end


def _turns_of_prizes(work: Work, draw: Draw) -> tuple[list[rules.Turn], int]:
    """The next turns of whoever wants a prize with free places, all in one round, and before which turn there is nobody else."""
    free = {prize: lot for prize, lot in draw.lots.items() if lot.free > 0}
    last = rules.end_of_order(draw)
    start = min((lot.reached for lot in free.values()), default=last)
    if start >= last:
        return [], last
    round_, first = divmod(start, draw.pool.frozen)
    numbers = draw_order.numbers(work.connection, draw, first, min(draw.pool.frozen, first + TURNS_AT_ONCE))
    found = work.draw_entries.wanting(draw, numbers, list(free), round_, SLICE)
    nth = {number: nth for nth, number in enumerate(numbers)}
    turns = [rules.Turn(start + nth[entry.number], entry) for entry in found]
    return turns, turns[-1].turn + 1 if len(found) == SLICE else start + len(numbers)


def _may_end(draw: Draw, end: int) -> bool:
    """Whether the order may end with these turns; where there are prizes, those that are not reached may soon be full."""
    return draw.pool.behind > 0 and (draw.config.prizes is not None or end >= rules.end_of_order(draw))


def _take_back(work: Work, draw: Draw, times: Times) -> bool:
    if not draw.clearing:
        return False
    work.save(rules.take_back(draw, work.draw_entries.inside(draw, SLICE), times))
    return True
