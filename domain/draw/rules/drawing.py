"""What a draw does by itself until the first winners are named: freeze, reveal, put in order."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from domain.decision import Decision, Reply
from domain.distribution.state import Scope
from domain.draw import events
from domain.draw.rules import recording
from domain.draw.rules.awaiting import awaited, round_for, wait_for_round
from domain.draw.rules.logging import log_step
from domain.draw.state import Draw
from domain.draw.view import published_rules
from domain.fairness import buckets_for, order_seed, rules_hash
from domain.fairness.draws import first_link, steps
from domain.fairness.record import bodies
from domain.times import Times

QUIET = Reply()


def will_seal(draw: Draw) -> bool:
    """Whether the entries are yet to be frozen. A hidden draw waits to be shown, one that was ended is never drawn."""
    return draw.pool.sealed_at is None and draw.published and draw.ended is None and not draw.archived


def seal_if_due(draw: Draw, times: Times) -> Decision:
    """Freeze the entries: what the ledger holds when the first command reaches it at or after closeAt. One write."""
    if not will_seal(draw) or times.received_at < draw.config.closes_at:
        return Decision(QUIET)
    pool, fixed = draw.pool, round_for(draw, times.now)
    head = pool.frontier.root()
    sealed = draw.with_pool(
        sealed_at=times.now, frozen=pool.entries, log_size=pool.frontier.size, tree_head=head,
        step_head=bytes.fromhex(first_link(draw.id, head)), beacon_round=fixed,
    )  # fmt: skip
    told = steps.Sealed(
        count=pool.entries, tickets=pool.tickets, log_size=pool.frontier.size, tree_head=head.hex(), beacon_round=fixed
    )
    logged, step = log_step(sealed, told, times.now)
    event = events.Sealed(times.now, pool.entries, head.hex(), fixed)
    own = bodies.Sealed(tree_head=head.hex(), log_size=pool.frontier.size, steps=recording.steps_of(logged))
    return Decision(QUIET, saves=(logged, step, recording.record(draw, own, times.now)), events=(event,))


def will_reveal(draw: Draw) -> bool:
    """Whether nothing but the time is missing for the seed to be revealed, or for the draw to say what it waits for."""
    pool = draw.pool
    frozen = pool.sealed_at is not None and pool.drawn_at is None
    held = draw.paused(Scope.SERVICE) or not draw.published or draw.archived or pool.waiting_for is not None
    return frozen and not held and draw.ended is None


def reveal_if_due(draw: Draw, times: Times) -> Decision:
    """Reveal the seed: from now on the order follows. One write, whatever the number of entries. Without its beacon it waits."""
    if not will_reveal(draw) or times.now < draw.config.draw_at:
        return Decision(QUIET)
    number = awaited(draw)
    if number is not None:
        return wait_for_round(draw, number, times)
    pool = draw.pool
    seed = order_seed(
        draw.id, rules_hash(published_rules(draw).as_json()), pool.tree_head, pool.log_size, draw.server_seed,
        pool.beacon_randomness or b"",
    )  # fmt: skip
    buckets = buckets_for(pool.frozen) if pool.frozen else 0
    drawn = draw.with_pool(drawn_at=times.now, seed=seed, revealed=draw.server_seed, buckets=buckets)
    logged, step = log_step(drawn, steps.Drawn(seed=seed.hex(), beacon=_mixed(draw)), times.now)
    own = recording.record(draw, bodies.Drawn(seed=seed.hex(), steps=recording.steps_of(logged)), times.now)
    return Decision(QUIET, saves=(logged, step, own), events=(events.Drawn(times.now, seed.hex()),))


def _mixed(draw: Draw) -> steps.Mixed | None:
    pool = draw.pool
    if pool.beacon_round is None or pool.beacon_randomness is None:
        return None
    return steps.Mixed(round=pool.beacon_round, randomness=pool.beacon_randomness.hex())


def unranked(draw: Draw) -> bool:
    """Whether entries are still to be ranked."""
    return draw.selecting and draw.pool.ranked < draw.pool.frozen


def bounded(weights: list[int], most: int) -> list[int]:
    """The first entries, at least one, that have at most so many tickets together."""
    in_all = list(accumulate(weights))
    return weights[: max(1, bisect_right(in_all, most))]


def ranked(draw: Draw, entries: int, tickets: int) -> Decision:
    """So many entries more, with so many tickets, have their rank."""
    pool = draw.pool
    after = draw.with_pool(
        ranked=pool.ranked + entries, ranked_tickets=pool.ranked_tickets + tickets, slices=pool.slices + 1
    )
    return Decision(QUIET, saves=(after,))


def unordered(draw: Draw) -> bool:
    """Whether all are ranked and some are still to be put in order."""
    return draw.selecting and not unranked(draw) and draw.pool.ordered < draw.pool.buckets


def ordered(draw: Draw, buckets: int, entries: int) -> Decision:
    """So many buckets more, with so many entries, are in order."""
    pool = draw.pool
    after = draw.with_pool(ordered=pool.ordered + buckets, placed=pool.placed + entries)
    return Decision(QUIET, saves=(after,))
